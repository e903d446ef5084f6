/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/bundle_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/manifest.h"
#include "formats/member_class.h"

enum { PIECE = 64 << 10 };

struct ps_bundle_dir {
    int dir;      /* borrowed */
    char **names; /* owned; in order */
    size_t count, room, next;
    int file; /* the member under way, or -1 */
    uint64_t left;
    bool flawed;
    struct ps_flaw flaw;
    uint8_t piece[PIECE];
};

static void malformed(struct ps_bundle_dir *d, const char *why, struct ps_span name)
{
    if (d->flawed)
        return;
    d->flawed = true;
    (void) ps_flaw_set(&d->flaw, PS_FLAW_MALFORMED, why, name);
}

static bool add_name(struct ps_bundle_dir *d, const char *name, size_t len, struct ps_error *err)
{
    if (d->count == PS_MANIFEST_MAX) {
        malformed(d, "more than 1000000 members", ps_span_of(name, len));
        return true;
    }
    if (d->count == d->room) {
        size_t room = d->room == 0 ? 64 : 2 * d->room;
        char **names = realloc(d->names, room * sizeof *d->names);
        if (names == NULL)
            return ps_fail(err, ENOMEM, "reading the directory");
        d->names = names;
        d->room = room;
    }
    char *copy = strndup(name, len);
    if (copy == NULL)
        return ps_fail(err, ENOMEM, "reading the directory");
    d->names[d->count++] = copy;
    return true;
}

static bool list(struct ps_bundle_dir *d, int dir, char *path, size_t len, struct ps_error *err);

/* path[0..len) is the name of an entry of `dir` at `last`. */
static bool list_entry(struct ps_bundle_dir *d, int dir, const char *last, char *path, size_t len, struct ps_error *err)
{
    struct ps_span name = ps_span_of(path, len);
    const char *why = ps_member_check(name);
    struct stat st;
    if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ps_fail(err, errno, "looking at a file of the directory");
    if (why != NULL || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
        malformed(d, why != NULL ? why : "neither a regular file nor a directory", name);
        return true;
    }
    if (S_ISREG(st.st_mode))
        return add_name(d, path, len, err);
    int below = openat(dir, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0)
        return ps_fail(err, errno, "opening a directory of the bundle");
    path[len] = '/';
    return list(d, below, path, len + 1, err);
}

/* Everything below `dir`, which is closed; path[0..len) is its name with a slash. The length of a member's name limits
 * how deep this can go. */
static bool list(struct ps_bundle_dir *d, int dir, char *path, size_t len, struct ps_error *err)
{
    DIR *stream = fdopendir(dir);
    if (stream == NULL) {
        (void) ps_fail(err, errno, "listing a directory of the bundle");
        (void) close(dir);
        return false;
    }
    bool fine = true;
    struct dirent *entry;
    for (errno = 0; fine && !d->flawed && (entry = readdir(stream)) != NULL; errno = 0) {
        size_t more = strlen(entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (more > PS_MEMBER_NAME_MAX - len) {
            malformed(d, "a name that is too long", ps_span_text(entry->d_name));
            continue;
        }
        memcpy(path + len, entry->d_name, more);
        fine = list_entry(d, dir, entry->d_name, path, len + more, err);
    }
    if (fine && !d->flawed && errno != 0)
        fine = ps_fail(err, errno, "listing a directory of the bundle");
    (void) closedir(stream);
    return fine;
}

static int by_class(const void *a, const void *b)
{
    return ps_member_class_order(ps_span_text(*(char *const *) a), ps_span_text(*(char *const *) b));
}

struct ps_bundle_dir *ps_bundle_dir_new(int dir, struct ps_error *err)
{
    char path[PS_MEMBER_NAME_MAX + 2];
    struct ps_bundle_dir *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void) ps_fail(err, ENOMEM, "reading the directory");
        return NULL;
    }
    d->dir = dir;
    d->file = -1;
    /* A descriptor of its own: the listing closes it and moves its position. */
    int top = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        (void) ps_fail(err, errno, "reading the directory");
    if (top < 0 || !list(d, top, path, 0, err)) {
        ps_bundle_dir_free(d);
        return NULL;
    }
    if (d->count > 1)
        qsort(d->names, d->count, sizeof *d->names, by_class);
    return d;
}

/* Component by component, so that a link put there since the listing is not followed either. -1 with errno set. */
static int open_member(int top, const char *name)
{
    char component[PS_MEMBER_NAME_MAX + 1];
    int dir = top;
    for (;;) {
        const char *slash = strchr(name, '/');
        size_t len = slash != NULL ? (size_t) (slash - name) : strlen(name);
        memcpy(component, name, len);
        component[len] = '\0';
        /* Not blocking: somebody may have put a FIFO there. */
        int flags = slash != NULL ? O_DIRECTORY : O_NONBLOCK;
        int next = openat(dir, component, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
        int failure = errno;
        if (dir != top)
            (void) close(dir);
        errno = failure;
        if (next < 0 || slash == NULL)
            return next;
        dir = next;
        name = slash + 1;
    }
}

int ps_bundle_dir_open(const struct ps_bundle_dir *d, const char *name)
{
    return open_member(d->dir, name);
}

static void close_member(struct ps_bundle_dir *d)
{
    if (d->file >= 0)
        (void) close(d->file);
    d->file = -1;
    d->left = 0;
}

static enum ps_source_step next_member(void *self, struct ps_member *out, struct ps_flaw *flaw, struct ps_error *err)
{
    struct ps_bundle_dir *d = self;
    close_member(d);
    if (d->flawed) {
        *flaw = d->flaw;
        return PS_SOURCE_FLAW;
    }
    if (d->next == d->count)
        return PS_SOURCE_END;
    const char *name = d->names[d->next++];
    struct stat st;
    d->file = open_member(d->dir, name);
    if (d->file < 0 || fstat(d->file, &st) != 0) {
        (void) ps_fail(err, errno, "opening %s", name);
        return PS_SOURCE_FAILED;
    }
    if (!S_ISREG(st.st_mode)) {
        malformed(d, "not a regular file", ps_span_text(name));
        *flaw = d->flaw;
        return PS_SOURCE_FLAW;
    }
    d->left = (uint64_t) st.st_size;
    *out = (struct ps_member){.name = ps_span_text(name), .size = d->left};
    return PS_SOURCE_NEXT;
}

static enum ps_source_step next_piece(void *self, struct ps_span *out, struct ps_flaw *flaw, struct ps_error *err)
{
    struct ps_bundle_dir *d = self;
    if (d->left == 0)
        return PS_SOURCE_END;
    const char *name = d->names[d->next - 1];
    ssize_t n;
    do
        n = read(d->file, d->piece, d->left < PIECE ? (size_t) d->left : PIECE);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        (void) ps_fail(err, errno, "reading %s", name);
        return PS_SOURCE_FAILED;
    }
    if (n == 0) {
        malformed(d, "it became shorter while it was read", ps_span_text(name));
        d->left = 0;
        *flaw = d->flaw;
        return PS_SOURCE_FLAW;
    }
    d->left -= (uint64_t) n;
    *out = ps_span_of(d->piece, (size_t) n);
    return PS_SOURCE_NEXT;
}

static const char *no_top(const void *self)
{
    (void) self;
    return NULL;
}

struct ps_member_source ps_bundle_dir_source(struct ps_bundle_dir *d)
{
    return (struct ps_member_source){.self = d, .member = next_member, .piece = next_piece, .top = no_top};
}

void ps_bundle_dir_free(struct ps_bundle_dir *d)
{
    if (d == NULL)
        return;
    close_member(d);
    for (size_t i = 0; i < d->count; i++)
        free(d->names[i]);
    free(d->names);
    free(d);
}
