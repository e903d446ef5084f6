/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/watch/spool_scan.h"

static const char last_head[] = "last.head";

/* One watch delivers from a directory. Processes of one that was killed may need a moment to end. */
static bool lock(int dir)
{
    enum { LOOKS = 20, NAP_NS = 100000000 };
    struct timespec nap = {.tv_nsec = NAP_NS};
    for (int i = 0; i < LOOKS; i++) {
        if (flock(dir, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            return true; /* a file system without locks */
        nanosleep(&nap, NULL);
    }
    return false;
}

static bool open_directory(struct ps_spool *s, struct ps_error *err)
{
    if (mkdir(s->path, 0700) != 0 && errno != EEXIST)
        return ps_fail(err, errno, "--spool: cannot make the directory %s; choose one that you may write to", s->path);
    s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0)
        return ps_fail(err, errno, "--spool: cannot open the directory %s", s->path);
    if (!lock(s->dir))
        return ps_fail(err, 0, "--spool: another watch delivers from %s; give each its own directory", s->path);
    return faccessat(s->dir, ".", W_OK | X_OK, AT_EACCESS) == 0 ||
           ps_fail(err, errno,
                   "--spool: %s cannot be written to; choose another directory, or leave --spool out to keep "
                   "bundles in memory",
                   s->path);
}

bool ps_spool_open(const char *path, uint64_t most_bytes, uint64_t now_us, struct ps_spool *out, struct ps_error *err)
{
    *out = (struct ps_spool){.path = path, .dir = -1, .most_bytes = most_bytes};
    out->items = calloc(PS_SPOOL_MOST, sizeof *out->items);
    if (!out->items)
        return ps_fail(err, 0, "out of memory for the spool");
    if (path == NULL || (open_directory(out, err) && ps_spool_scan(out, now_us, err)))
        return true;
    ps_spool_close(out);
    return false;
}

/* 0, or why not: ENOENT too for what is no regular file. */
static int read_mark(const struct ps_spool *s, const char *name, struct ps_spool_mark *out)
{
    struct stat st;
    if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return ENOENT;
    *out = (struct ps_spool_mark){.dev = st.st_dev, .ino = st.st_ino, .bytes = (uint64_t) st.st_size,
                                  .ctime_s = st.st_ctim.tv_sec, .ctime_ns = st.st_ctim.tv_nsec};
    return 0;
}

/* Where it belongs among the others. */
static void insert(struct ps_spool *s, struct ps_spooled *item)
{
    size_t at = s->count++;
    for (; at > 0 && strcmp(s->items[at - 1]->name, item->name) > 0; at--)
        s->items[at] = s->items[at - 1];
    s->items[at] = item;
    s->bytes += item->bytes;
}

struct ps_spooled *ps_spool_add(struct ps_spool *s, const char *name, int fd, uint64_t bytes, struct ps_error *err)
{
    struct ps_spooled *item = s->count < PS_SPOOL_MOST ? calloc(1, sizeof *item) : NULL;
    if (!item || strlen(name) >= sizeof item->name) {
        free(item);
        ps_fail(err, 0, "the spool has no place for %.100s: %s", name,
                s->count < PS_SPOOL_MOST ? "out of memory" : "too many bundles wait");
        return NULL;
    }
    snprintf(item->name, sizeof item->name, "%s", name);
    item->fd = fd;
    item->bytes = bytes;
    if (fd < 0 && s->dir >= 0)
        (void) read_mark(s, name, &item->mark);
    insert(s, item);
    return item;
}

/* Replaces what is there; a crash leaves the old or the new one. What cannot be written is missed by nobody but the
 * receipt and the claim of a next watch. */
static void write_text(const struct ps_spool *s, const char *name, const char *text)
{
    char part[PS_SPOOL_NAME + 32];
    size_t len = strlen(text);
    snprintf(part, sizeof part, "%s.tmp", name);
    (void) unlinkat(s->dir, part, 0); /* of a crash, or a name that somebody gave to another file */
    int fd = openat(s->dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    bool put = write(fd, text, len) == (ssize_t) len && fsync(fd) == 0;
    close(fd);
    if (!put || renameat(s->dir, part, s->dir, name) != 0)
        (void) unlinkat(s->dir, part, 0);
}

static const char *beside(const struct ps_spooled *item, const char *suffix, char out[PS_SPOOL_NAME + 16])
{
    snprintf(out, PS_SPOOL_NAME + 16, "%s%s", item->name, suffix);
    return out;
}

void ps_spool_say(struct ps_spool *s, struct ps_spooled *item, const char *minisig, const char *head_line)
{
    char name[PS_SPOOL_NAME + 16];
    if (s->dir >= 0) {
        write_text(s, beside(item, ".head", name), head_line);
        write_text(s, last_head, head_line);
        return;
    }
    snprintf(item->minisig, sizeof item->minisig, "%s", minisig);
    snprintf(item->head_line, sizeof item->head_line, "%s", head_line);
}

struct ps_spooled *ps_spool_next(const struct ps_spool *s)
{
    struct ps_spooled *best = NULL;
    for (size_t i = 0; i < s->count; i++) {
        if (!best || s->items[i]->tries < best->tries)
            best = s->items[i];
    }
    return best;
}

void ps_spool_try(struct ps_spool *s, struct ps_spooled *item)
{
    char name[PS_SPOOL_NAME + 16];
    if (item->tries++ > 0 || s->dir < 0)
        return;
    int fd = openat(s->dir, beside(item, ".tried", name), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                    0600);
    if (fd >= 0)
        close(fd);
}

/* At most PS_SPOOL_TEXT - 1 bytes; "" when it is not there. */
static void read_text(const struct ps_spool *s, const char *name, char out[PS_SPOOL_TEXT])
{
    int fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, out, PS_SPOOL_TEXT - 1) : 0;
    out[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

int ps_spool_fetch(const struct ps_spool *s, const struct ps_spooled *item, char minisig[PS_SPOOL_TEXT],
                   char head_line[PS_SPOOL_TEXT], struct ps_error *err)
{
    char name[PS_SPOOL_NAME + 16];
    if (s->dir < 0) {
        memcpy(minisig, item->minisig, PS_SPOOL_TEXT);
        memcpy(head_line, item->head_line, PS_SPOOL_TEXT);
        return item->fd;
    }
    read_text(s, beside(item, ".minisig", name), minisig);
    read_text(s, beside(item, ".head", name), head_line);
    int fd = openat(s->dir, item->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        ps_fail(err, errno, "cannot open %s in the spool", item->name);
    return fd;
}

enum ps_spool_found ps_spool_look(const struct ps_spool *s, struct ps_spooled *item)
{
    struct ps_spool_mark now;
    if (item->fd >= 0)
        return PS_SPOOL_UNTOUCHED;
    int why = read_mark(s, item->name, &now);
    if (why != 0) /* what cannot be told now, opening it tells */
        return why == ENOENT ? PS_SPOOL_GONE : PS_SPOOL_UNTOUCHED;
    bool same = memcmp(&now, &item->mark, sizeof now) == 0;
    item->mark = now; /* told once */
    return same ? PS_SPOOL_UNTOUCHED : PS_SPOOL_ALTERED;
}

/* The directory was removed, and all that was in it: another one stands in its place. */
static bool make_again(struct ps_spool *s, struct ps_error *err)
{
    int before = s->dir;
    bool made = open_directory(s, err);
    if (!made && s->dir >= 0)
        close(s->dir);
    if (made)
        close(before);
    else
        s->dir = before;
    return made;
}

bool ps_spool_dest(struct ps_spool *s, char dest[PS_SPOOL_PATH], int *keep, struct ps_error *err)
{
    struct stat there, ours;
    *keep = -1;
    bool named = stat(s->path, &there) == 0;
    if (fstat(s->dir, &ours) != 0)
        return ps_fail(err, errno, "--spool: cannot look at %s", s->path);
    bool in_place = named && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
    if (!in_place && ours.st_nlink == 0) {
        if (!make_again(s, err))
            return false;
        in_place = true;
    }
    if (!in_place)
        *keep = s->dir;
    int len = in_place ? snprintf(dest, PS_SPOOL_PATH, "%s/", s->path)
                       : snprintf(dest, PS_SPOOL_PATH, "/proc/self/fd/%d/", s->dir);
    return len < PS_SPOOL_PATH || ps_fail(err, 0, "--spool is longer than %d bytes", PS_SPOOL_PATH - 2);
}

/* The bundle first: a signature without one is swept away by the next scan. */
static void remove_files(const struct ps_spool *s, const struct ps_spooled *item)
{
    static const char *const suffixes[] = {"", ".minisig", ".head", ".tried"};
    char name[PS_SPOOL_NAME + 16];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        (void) unlinkat(s->dir, beside(item, suffixes[i], name), 0);
}

void ps_spool_forget(struct ps_spool *s, struct ps_spooled *item)
{
    size_t at = 0;
    while (at < s->count && s->items[at] != item)
        at++;
    if (at == s->count)
        return;
    memmove(&s->items[at], &s->items[at + 1], (s->count - at - 1) * sizeof *s->items);
    s->count--;
    s->bytes -= item->bytes;
    if (item->fd >= 0)
        close(item->fd);
    free(item->objects);
    free(item);
}

void ps_spool_remove(struct ps_spool *s, struct ps_spooled *item)
{
    if (item->fd < 0 && s->dir >= 0)
        remove_files(s, item);
    ps_spool_forget(s, item);
}

void ps_spool_set_aside(struct ps_spool *s, struct ps_spooled *item)
{
    char from[PS_SPOOL_NAME + 16], to[PS_SPOOL_NAME + 32];
    if (s->dir >= 0) {
        snprintf(to, sizeof to, "%s.uncertain.minisig", item->name);
        (void) linkat(s->dir, beside(item, ".minisig", from), s->dir, to, 0);
        snprintf(to, sizeof to, "%s.uncertain", item->name);
        (void) linkat(s->dir, item->name, s->dir, to, 0);
    }
    ps_spool_remove(s, item);
}

bool ps_spool_last_head(const struct ps_spool *s, char out[PS_SPOOL_TEXT])
{
    out[0] = '\0';
    if (s->dir >= 0)
        read_text(s, last_head, out);
    return out[0] != '\0';
}

void ps_spool_close(struct ps_spool *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i]->fd >= 0)
            close(s->items[i]->fd);
        free(s->items[i]->objects);
        free(s->items[i]);
    }
    free(s->items);
    if (s->dir >= 0)
        close(s->dir);
    *s = (struct ps_spool){.dir = -1};
}
