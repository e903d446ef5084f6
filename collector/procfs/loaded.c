/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process has loaded that is not from its image: libraries it has mapped to be executed, and files that its
 * first arguments name, which is what interpreters run. And which roots there are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collector/procfs/content.h"
#include "collector/procfs/root_path.h"
#include "parsers/pid_maps.h"

enum { TEXT_ROOM = 128 << 10, ARGUMENTS = 4, JUDGED = 1 << 14, SCRIPT_MAX = 64 << 20 };

struct scan {
    struct ps_pinned p;
    struct ps_root *root;
    struct ps_span prefix; /* what paths of the process begin with before its root: "", or the root link */
    char prefix_room[PS_CONTENT_PATH_MAX];
};

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

static void send_file(struct scan *s, struct ps_content_file *f)
{
    ps_pin_say(&s->p);
    ps_content_send(&s->p.t, f);
    ps_pin_done(&s->p);
    if (!ps_pin(s->p.t.r, s->p.t.subject, &s->p))
        s->p.t.dir = -1; /* it ended: the scan does too */
}

/* A regular file that no image brings back, and that was not read yet. */
static bool is_news(const struct scan *s, const struct statx *x)
{
    struct ps_file_facts facts;
    ps_file_facts_of(x, &facts);
    return S_ISREG(x->stx_mode) && ps_root_foreign(s->root, x) &&
           !ps_wanted_known(s->p.t.r->job->wanted, &facts) &&
           !(x->stx_ino == s->p.t.r->own_ino &&
             makedev(x->stx_dev_major, x->stx_dev_minor) == s->p.t.r->own_dev);
}

/* Most mappings of most processes are of the same files: which ones were judged already is kept, as long as nothing
 * falls into the same place. */
static bool judged(const struct scan *s, const struct ps_pid_maps *m)
{
    static uint64_t table[JUDGED];
    uint64_t h = s->root->mnt * 31 + s->root->ino;
    const uint64_t parts[] = {m->major << 32 | m->minor, m->inode, m->pathname.len};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        h = (h ^ parts[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    bool was = table[h % JUDGED] == h;
    table[h % JUDGED] = h;
    return was;
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

static void take_mapping(struct scan *s, const struct ps_pid_maps *m)
{
    struct ps_content_file f = {.row = s->p.t.r->job->plan->of.map, .path = m->pathname, .keep = keep_of(m->pathname)};
    char range[40];
    bool program = m->perms.len == 4 && m->perms.data[2] == 'x' && m->inode > 0;
    if (!program || !ps_span_starts(m->pathname, "/") || judged(s, m))
        return;
    snprintf(range, sizeof range, "%llx-%llx", (unsigned long long) m->start, (unsigned long long) m->end);
    f.entry = range;
    f.fd = open_mapped(s, m, range, &f);
    bool deleted = ps_span_ends(m->pathname, " (deleted)");
    struct ps_file_facts facts;
    if (f.fd >= 0)
        ps_file_facts_of(&f.x, &facts);
    bool lost = deleted && (f.fd < 0 || !ps_wanted_known(s->p.t.r->job->wanted, &facts));
    if (lost || (f.fd >= 0 ? is_news(s, &f.x) : f.error != ENOENT))
        send_file(s, &f);
    if (f.fd >= 0)
        close(f.fd);
}

/* Returns how many bytes are whole lines. */
static size_t take_lines(struct scan *s, const uint8_t *text, size_t len)
{
    struct ps_pid_maps m;
    struct ps_issue issue;
    enum ps_step step = PS_STEP_RECORD;
    while (len > 0 && text[len - 1] != '\n')
        len--;
    struct ps_cursor in = ps_cursor_over(ps_span_of(text, len));
    while (step != PS_STEP_END && s->p.t.dir >= 0 && !ps_content_over(s->p.t.r)) {
        memset(&m, 0, sizeof m);
        step = ps_parser_pid_maps.next(&in, &m, &issue);
        if (step == PS_STEP_RECORD)
            take_mapping(s, &m);
    }
    return len;
}

/* Where nobody may open it, the capture of the same file among those of the process has told. */
static void scan_maps(struct scan *s)
{
    static uint8_t text[TEXT_ROOM];
    size_t len = 0;
    ssize_t n;
    int fd = ps_capture_open(&s->p.t, "maps");
    while (fd >= 0 && s->p.t.dir >= 0 && len < sizeof text && (n = read(fd, text + len, sizeof text - len)) > 0) {
        ps_progress_made(s->p.t.r);
        len += (size_t) n;
        size_t taken = take_lines(s, text, len);
        memmove(text, text + taken, len - taken);
        len -= taken;
    }
    if (fd >= 0)
        close(fd);
}

/* cwd, a slash and the argument; or the argument alone when it begins with one. */
static struct ps_span whole_path(struct scan *s, struct ps_span argument, char room[2 * PS_CONTENT_PATH_MAX])
{
    if (ps_span_starts(argument, "/"))
        return argument;
    ps_capture_choose_reader(&s->p.t);
    ssize_t n = readlinkat(s->p.t.dir, "cwd", room, PS_CONTENT_PATH_MAX);
    ps_progress_made(s->p.t.r);
    struct ps_span cwd = ps_span_of(room, n > 0 ? (size_t) n : 0);
    if (s->prefix.len > 0 && ps_span_equal(cwd, s->prefix))
        cwd.len = 0;
    else if (n <= 0 || n == PS_CONTENT_PATH_MAX || !is_from_root(s, &cwd))
        return ps_span_of(NULL, 0);
    memmove(room, cwd.data, cwd.len);
    room[cwd.len] = '/';
    memcpy(room + cwd.len + 1, argument.data, argument.len);
    return ps_span_of(room, cwd.len + 1 + argument.len);
}

static void take_argument(struct scan *s, struct ps_span argument)
{
    char room[2 * PS_CONTENT_PATH_MAX];
    struct ps_content_file f = {.row = s->p.t.r->job->plan->of.root, .entry = ""};
    if (argument.len == 0 || argument.data[0] == '-' || argument.len >= PS_CONTENT_PATH_MAX)
        return;
    f.path = whole_path(s, argument, room);
    f.fd = f.path.len > 0 ? ps_root_open(&s->p.t, s->root, f.path, &f.x) : -1;
    if (f.fd < 0)
        return; /* most arguments are no paths */
    /* A script, an archive of classes; but it may be any file. */
    f.keep = f.x.stx_size <= SCRIPT_MAX ? PS_KEEP_CONTENT : PS_KEEP_HASH;
    if (is_news(s, &f.x))
        send_file(s, &f);
    close(f.fd);
}

static void scan_arguments(struct scan *s)
{
    static uint8_t text[PS_CONTENT_PATH_MAX * 2];
    struct ps_span argument;
    size_t len = 0;
    ssize_t n;
    int fd = ps_capture_open(&s->p.t, "cmdline");
    while (fd >= 0 && len < sizeof text && (n = read(fd, text + len, sizeof text - len)) > 0) {
        ps_progress_made(s->p.t.r);
        len += (size_t) n;
    }
    if (fd >= 0)
        close(fd);
    struct ps_cursor in = ps_cursor_over(ps_span_of(text, len));
    for (int i = 0; i <= ARGUMENTS && s->p.t.dir >= 0 && ps_take_string(&in, &argument); i++) {
        if (i > 0)
            take_argument(s, argument);
    }
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

void ps_loaded_scan(struct ps_reader_state *r, uint32_t subject)
{
    static struct scan s;
    if (!ps_pin(r, subject, &s.p))
        return; /* it ended: nothing of it is there any more */
    s.root = ps_root_of(&s.p.t, &s.p.entry);
    s.prefix = ps_span_of(NULL, 0);
    if (s.root->fd < 0) {
        ps_pin_done(&s.p);
        return; /* denied: the capture of `root` among those of the process says so */
    }
    if (!s.root->plain) {
        ssize_t n = readlinkat(s.p.t.dir, "root", s.prefix_room, sizeof s.prefix_room);
        ps_progress_made(r);
        s.prefix = ps_span_of(s.prefix_room, n > 1 ? (size_t) n : 0);
    }
    note_root(r, s.root, subject);
    scan_maps(&s);
    if (s.p.t.dir >= 0)
        scan_arguments(&s);
    ps_root_close(s.root);
    if (s.p.t.dir >= 0)
        ps_pin_done(&s.p);
}
