/* SPDX-License-Identifier: Apache-2.0
 *
 * What processes have loaded that is not from their image: libraries that are mapped to be executed, and files that the
 * first arguments name, which is what interpreters run. And which roots there are. All of it was noted when maps and
 * cmdline were read (noted.c); here it is parsed and looked at, root after root.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collector/procfs/content.h"
#include "collector/procfs/root_path.h"
#include "parsers/pid_maps.h"

enum { SCRIPT_MAX = 64 << 20 };

struct scan {
    struct ps_reader_state *r;
    const struct ps_noted *noted;
    struct ps_pinned p; /* a process whose root is open: */
    struct ps_root *root; /* NULL: nobody's is */
    struct ps_noted_root key;
    struct ps_span prefix; /* what paths of the process begin with before its root: "", or the root link */
    char prefix_room[PS_CONTENT_PATH_MAX];
    int cwd_fd; /* a directory in that root, or -1: most arguments are no paths, and asking it is cheap */
    size_t cwd_len;
    uint8_t cwd[PS_CONTENT_PATH_MAX];
};

static struct ps_span text_at(const struct scan *s, uint32_t at, uint32_t len)
{
    return ps_span_of(s->noted->text + at, len);
}

static void leave(struct scan *s)
{
    if (!s->root)
        return;
    if (s->cwd_fd >= 0)
        close(s->cwd_fd);
    s->cwd_fd = -1;
    ps_root_close(s->root);
    s->root = NULL;
    ps_pin_done(&s->p);
}

/* Into the root of that process, when it is the one that was noted. */
static bool enter(struct scan *s, uint32_t subject, const struct ps_noted_root *key)
{
    if (s->root && s->p.t.subject == subject)
        return true;
    leave(s);
    if (!ps_pin(s->r, subject, &s->p))
        return false; /* it ended */
    s->root = ps_root_of(&s->p.t, &s->p.entry);
    s->key = *key;
    s->prefix = ps_span_of(NULL, 0);
    if (s->root->fd < 0 || s->root->mnt != key->mnt || s->root->dev != key->dev || s->root->ino != key->ino) {
        leave(s);
        return false;
    }
    if (!s->root->plain) {
        ssize_t n = readlinkat(s->p.t.dir, "root", s->prefix_room, sizeof s->prefix_room);
        ps_progress_made(s->r);
        s->prefix = ps_span_of(s->prefix_room, n > 1 ? (size_t) n : 0);
    }
    return true;
}

/* The process that shows that, or another one; with its own line of maps. */
static bool enter_any(struct scan *s, uint32_t index, const struct ps_noted_root *key, struct ps_span *text)
{
    const struct ps_note *note = &s->noted->notes[index];
    uint32_t count = note->lives > 1 ? atomic_load(&s->noted->also_count) : 0;
    *text = text_at(s, note->at, note->len);
    if (enter(s, note->subject, key))
        return true;
    for (uint32_t i = 0; i < count; i++) {
        const struct ps_noted_also *also = &s->noted->also[i];
        *text = text_at(s, also->at, also->len);
        if (also->note == index && enter(s, also->subject, key))
            return true;
    }
    return false;
}

/* One that is there, whoever's it is. */
static bool enter_root(struct scan *s, const struct ps_note *note, const struct ps_noted_root *key)
{
    struct ps_span text;
    if (s->root && memcmp(&s->key, key, sizeof *key) == 0)
        return true;
    return enter(s, note->subject, key) || enter_any(s, note->root, key, &text);
}

static bool is_from_root(const struct scan *s, struct ps_span *path)
{
    if (!ps_span_starts(*path, "/"))
        return false;
    if (s->prefix.len == 0)
        return true;
    if (path->len <= s->prefix.len || memcmp(path->data, s->prefix.data, s->prefix.len) != 0 ||
        path->data[s->prefix.len] != '/')
        return false;
    *path = ps_span_of(path->data + s->prefix.len, path->len - s->prefix.len);
    return true;
}

/* In a line of the process that shows it. One that ended meanwhile did show it. */
static void send_file(struct scan *s, const struct ps_note *note, struct ps_content_file *f)
{
    struct ps_pinned p;
    bool pinned = ps_pin(s->r, note->subject, &p);
    if (!pinned)
        p = (struct ps_pinned){.t = {.r = s->r, .subject = note->subject, .dir = -1}};
    ps_capture_as_ourselves(&s->p.t);
    ps_pin_say(&p);
    ps_content_send(&p.t, f);
    if (pinned)
        ps_pin_done(&p);
    else
        ps_pin_gone(&p);
}

/* A regular file that no image brings back, and that was not read yet. */
static bool is_news(const struct scan *s, const struct statx *x)
{
    struct ps_file_facts facts;
    ps_file_facts_of(x, &facts);
    return S_ISREG(x->stx_mode) && ps_root_foreign(s->root, x) &&
           !ps_wanted_known(s->r->job->wanted, &facts) &&
           !(x->stx_ino == s->r->own_ino &&
             makedev(x->stx_dev_major, x->stx_dev_minor) == s->r->own_dev);
}

/* By its path where that leads somewhere; else, and where it is deleted, through map_files, which wants CAP_SYS_ADMIN
 * or CAP_CHECKPOINT_RESTORE. */
static int open_mapped(struct scan *s, const struct ps_pid_maps *m, const char *range, struct ps_content_file *f)
{
    struct ps_span path = m->pathname;
    char link[64];
    bool deleted = ps_span_ends(path, " (deleted)");
    f->error = ENOENT;
    if (!deleted && is_from_root(s, &path)) {
        int fd = ps_root_open(&s->p.t, s->root, path, &f->x);
        f->error = fd < 0 ? -fd : 0;
        if (fd >= 0)
            return fd;
    }
    snprintf(link, sizeof link, "map_files/%s", range);
    int fd = ps_content_open_link(&s->p.t, link, &f->error);
    if (fd >= 0 && !ps_content_look(&s->p.t, fd, &f->x)) {
        close(fd);
        f->error = EIO;
        return -1;
    }
    return fd;
}

/* Memory that only looks like a file (memfd, shared memory) is what a compiler at run time writes its code to: gigabytes
 * of holes, and no program. */
static enum ps_keep keep_of(struct ps_span path)
{
    bool memory = ps_span_starts(path, "/memfd:") || ps_span_starts(path, "/SYSV") || ps_span_starts(path, "/dev/zero");
    return memory ? PS_KEEP_PROGRAM : PS_KEEP_CONTENT;
}

static void send_mapped(struct scan *s, struct ps_content_file *f)
{
    ps_pin_say(&s->p);
    ps_content_send(&s->p.t, f);
    leave(s); /* ends the line */
}

static void take_mapping(struct scan *s, struct ps_span line)
{
    struct ps_pid_maps m = {0};
    struct ps_issue issue;
    struct ps_cursor in = ps_cursor_over(line);
    if (ps_parser_pid_maps.next(&in, &m, &issue) != PS_STEP_RECORD || m.inode == 0 || !ps_span_starts(m.pathname, "/"))
        return;
    struct ps_content_file f = {.row = s->r->job->plan->of.map, .path = m.pathname, .keep = keep_of(m.pathname)};
    struct ps_file_facts facts;
    char range[40];
    snprintf(range, sizeof range, "%llx-%llx", (unsigned long long) m.start, (unsigned long long) m.end);
    f.entry = range;
    f.fd = open_mapped(s, &m, range, &f);
    bool deleted = ps_span_ends(m.pathname, " (deleted)");
    if (f.fd >= 0)
        ps_file_facts_of(&f.x, &facts);
    bool lost = deleted && (f.fd < 0 || !ps_wanted_known(s->r->job->wanted, &facts));
    if (lost || (f.fd >= 0 ? is_news(s, &f.x) : f.error != ENOENT))
        send_mapped(s, &f);
    if (f.fd >= 0)
        close(f.fd);
}

/* cwd, a slash and the argument; or the argument alone when it begins with one. */
static struct ps_span whole_path(const struct scan *s, struct ps_span cwd, struct ps_span argument,
                                 uint8_t room[2 * PS_CONTENT_PATH_MAX])
{
    if (ps_span_starts(argument, "/"))
        return argument;
    if (s->prefix.len > 0 && ps_span_equal(cwd, s->prefix))
        cwd.len = 0;
    else if (!is_from_root(s, &cwd))
        return ps_span_of(NULL, 0);
    memcpy(room, cwd.data, cwd.len);
    room[cwd.len] = '/';
    memcpy(room + cwd.len + 1, argument.data, argument.len);
    return ps_span_of(room, cwd.len + 1 + argument.len);
}

/* True when the last directory of the path has no such name, and certainly false when in doubt. */
static bool leads_nowhere(struct scan *s, struct ps_span path)
{
    struct statx x;
    char name[NAME_MAX + 1];
    size_t cwd_len = path.len;
    while (cwd_len > 0 && path.data[cwd_len - 1] != '/')
        cwd_len--;
    size_t len = path.len - cwd_len;
    if (len == 0 || len > NAME_MAX || memchr(path.data + cwd_len, 0, len))
        return false;
    memcpy(name, path.data + cwd_len, len);
    name[len] = '\0';
    if (s->cwd_fd < 0 || s->cwd_len != cwd_len || memcmp(s->cwd, path.data, cwd_len) != 0) {
        if (s->cwd_fd >= 0)
            close(s->cwd_fd);
        s->cwd_fd = ps_root_open(&s->p.t, s->root, ps_span_of(path.data, cwd_len), &x);
        s->cwd_len = cwd_len;
        memcpy(s->cwd, path.data, cwd_len);
    }
    int fd = s->cwd_fd < 0 ? -1 : openat(s->cwd_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    bool absent = s->cwd_fd >= 0 && fd < 0 && errno == ENOENT;
    ps_progress_made(s->r);
    if (fd >= 0)
        close(fd);
    return absent;
}

static void take_argument(struct scan *s, const struct ps_note *note, struct ps_span cwd, struct ps_span argument)
{
    uint8_t room[2 * PS_CONTENT_PATH_MAX];
    struct ps_content_file f = {.row = s->r->job->plan->of.root, .entry = ""};
    struct ps_noted_root key = s->key;
    f.path = whole_path(s, cwd, argument, room);
    if (f.path.len == 0 || f.path.len > PS_CONTENT_PATH_MAX || leads_nowhere(s, f.path))
        return;
    f.fd = ps_root_open(&s->p.t, s->root, f.path, &f.x);
    if (f.fd == -EACCES && enter(s, note->subject, &key))
        f.fd = ps_root_open(&s->p.t, s->root, f.path, &f.x);
    if (f.fd < 0)
        return; /* most arguments are no paths */
    /* A script, an archive of classes; but it may be any file. */
    f.keep = f.x.stx_size <= SCRIPT_MAX ? PS_KEEP_CONTENT : PS_KEEP_HASH;
    if (is_news(s, &f.x))
        send_file(s, note, &f);
    close(f.fd);
}

static void take_arguments(struct scan *s, const struct ps_note *note)
{
    struct ps_cursor in = ps_cursor_over(text_at(s, note->at, note->len));
    struct ps_span cwd, argument;
    struct ps_noted_root key = s->key;
    if (!ps_take_string(&in, &cwd))
        return;
    while (ps_take_string(&in, &argument) && enter_root(s, note, &key))
        take_argument(s, note, cwd, argument);
}

/* Roots in the order in which their first process was seen. */
static void note_root(struct ps_reader_state *r, const struct ps_root *root, uint32_t subject)
{
    struct ps_wanted *w = r->job->wanted;
    uint32_t count = atomic_load(&w->root_count);
    if (root->mnt == 0 || (root->machine && r->job->options->files != PS_FILES_ALL))
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (w->roots[i].mnt == root->mnt && w->roots[i].dev == root->dev && w->roots[i].ino == root->ino)
            return;
    }
    if (count == PS_ROOTS_MAX) {
        ps_wanted_reached(w, PS_REACHED_ROOTS);
        return;
    }
    w->roots[count] = (struct ps_root_seen){subject, root->mnt, root->dev, root->ino};
    atomic_store(&w->root_count, count + 1);
}

static void look_at(struct scan *s, uint32_t index, const struct ps_noted_root *key)
{
    const struct ps_note *note = &s->noted->notes[index];
    struct ps_span line;
    if (note->sort == PS_NOTED_ROOT && enter_any(s, index, key, &line))
        note_root(s->r, s->root, s->p.t.subject);
    else if (note->sort == PS_NOTED_MAPPING && enter_any(s, index, key, &line))
        take_mapping(s, line);
    else if (note->sort == PS_NOTED_ARGUMENTS && enter_root(s, note, key))
        take_arguments(s, note);
}

/* A note that was looked at by a predecessor is not looked at again: it may be what that one was stuck at. */
void ps_loaded_scan(struct ps_reader_state *r)
{
    static struct scan s;
    struct ps_noted *noted = &r->job->wanted->noted;
    uint32_t count = atomic_load(&noted->count);
    s = (struct scan){.r = r, .noted = noted, .cwd_fd = -1};
    for (uint32_t root = 0; root < count; root++) {
        struct ps_noted_root key;
        if (noted->notes[root].sort != PS_NOTED_ROOT)
            continue;
        memcpy(&key, noted->text + noted->notes[root].at, sizeof key);
        for (uint32_t i = root; i < count && !ps_content_over(r); i++) {
            if (noted->notes[i].root != root || atomic_exchange(&noted->notes[i].looked, 1))
                continue;
            ps_content_at(r, PS_STAGE_SCAN, i);
            look_at(&s, i, &key);
        }
    }
    leave(&s);
}
