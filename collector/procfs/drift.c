/* SPDX-License-Identifier: Apache-2.0
 *
 * What changed below the root of a container since it was started: one walk that opens directories alone, as text
 * (parsers/content_files.c), and then the content of the few files that tell most.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/procfs/content.h"
#include "collector/procfs/listing.h"
#include "collector/procfs/root_path.h"

enum { OPEN_LIST = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };
enum { DEPTH = 64, LIST_ROOM = 16 << 10, TEXT_MAX = 8 << 20, CANDIDATES_ROOM = 1 << 20 };

/* Walked first, so that a limit is not used up by a large tree; and then passed over below "/". */
static const char *const starts[] = {"/tmp", "/var/tmp", "/dev/shm", "/run", "/etc", "/root", "/home", "/var/spool",
                                     "/var/log/amazon", "/"};
/* Nothing but the kernel's own. */
static const char *const never[] = {"/proc", "/sys"};

struct level {
    struct ps_listing names;
    size_t path_len;
    uint8_t list[LIST_ROOM];
};

struct walk {
    struct ps_pinned p;
    struct ps_root *root;
    struct level levels[DEPTH];
    size_t depth;
    char path[PS_CONTENT_PATH_MAX + 1];
    uint64_t walked, listed, passed_over, until_us, text_sent;
    bool cut, begun; /* a limit was reached; a part of the text was sent */
    size_t text_len, candidates_len;
    uint8_t text[PS_PIECE];
    char candidates[CANDIDATES_ROOM]; /* paths, each with its NUL */
};

/* ---- the text ---- */

static void flush(struct walk *w, bool last)
{
    struct ps_frame frame = {.kind = w->begun ? PS_FRAME_MORE : PS_FRAME_ITEM, .subject = w->p.t.subject};
    frame.row = w->p.t.r->job->plan->of.files;
    frame.flags = last ? 0 : PS_FLAG_CONTINUES;
    ps_reader_send(w->p.t.r, &frame, "", w->text, w->text_len);
    w->text_sent += w->text_len;
    w->text_len = 0;
    w->begun = true;
}

static void add(struct walk *w, const char *text, size_t len)
{
    if (w->text_len + len > sizeof w->text)
        flush(w, false);
    memcpy(w->text + w->text_len, text, len);
    w->text_len += len;
}

static void add_path(struct walk *w)
{
    for (const char *c = w->path; *c; c++) {
        char coded[5];
        uint8_t b = (uint8_t) *c;
        if (b > ' ' && b < 0x7f && b != '\\') {
            add(w, c, 1);
            continue;
        }
        snprintf(coded, sizeof coded, "\\%03o", b);
        add(w, coded, 4);
    }
    add(w, "\n", 1);
}

static char letter_of(unsigned mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return 'f';
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    case S_IFCHR:
        return 'c';
    default:
        return 'b';
    }
}

static void list_file(struct walk *w, const struct statx *x)
{
    char line[256];
    const struct ps_content_limits *most = &w->p.t.r->job->wanted->limits;
    if (w->listed == most->drift_files || w->text_sent >= TEXT_MAX) {
        w->cut = true;
        return;
    }
    int len = snprintf(line, sizeof line, "%c 0%03o %u %u %llu %u:%u %llu %u %lld %lld ", letter_of(x->stx_mode),
                       x->stx_mode & 07777, x->stx_uid, x->stx_gid, (unsigned long long) x->stx_size,
                       x->stx_dev_major, x->stx_dev_minor, (unsigned long long) x->stx_ino, x->stx_nlink,
                       (long long) x->stx_mtime.tv_sec * 1000000000 + x->stx_mtime.tv_nsec,
                       (long long) x->stx_ctime.tv_sec * 1000000000 + x->stx_ctime.tv_nsec);
    add(w, line, (size_t) len);
    add_path(w);
    w->listed++;
}

/* ---- what is worth its content ---- */

static bool below(const char *path, const char *directory)
{
    size_t len = strlen(directory);
    return strncmp(path, directory, len) == 0 && path[len] == '/';
}

static bool tells_much(const char *path)
{
    static const char *const trees[] = {"/tmp",        "/var/tmp",       "/dev",           "/run",
                                        "/etc/cron.d", "/etc/cron.daily", "/etc/cron.hourly", "/etc/cron.weekly",
                                        "/etc/cron.monthly", "/var/spool/cron", "/var/log/amazon/ssm"};
    static const char *const files[] = {"/etc/ld.so.preload", "/etc/hosts", "/etc/resolv.conf", "/etc/passwd",
                                        "/etc/crontab"};
    const char *name = strrchr(path, '/') + 1;
    size_t len = strlen(name), history = strlen("_history");
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        if (below(path, trees[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(path, files[i]) == 0)
            return true;
    }
    return strncmp(name, "authorized_keys", strlen("authorized_keys")) == 0 ||
           (name[0] == '.' && len > history && strcmp(name + len - history, "_history") == 0);
}

static void note_candidate(struct walk *w, const struct statx *x)
{
    size_t len = strlen(w->path) + 1;
    if (!S_ISREG(x->stx_mode) || x->stx_size == 0 || !tells_much(w->path))
        return;
    if (len > sizeof w->candidates - w->candidates_len) {
        w->cut = true;
        return;
    }
    memcpy(w->candidates + w->candidates_len, w->path, len);
    w->candidates_len += len;
}

/* ---- the walk ---- */

static bool is_start(const char *path)
{
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (strcmp(path, starts[i]) == 0)
            return true;
    }
    return false;
}

static bool is_never(const char *path)
{
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (strcmp(path, never[i]) == 0)
            return true;
    }
    return false;
}

/* The root's own file system, and what lies in memory (tmpfs on /tmp, /dev, /run). */
static bool may_list(const struct walk *w, const struct statx *x)
{
    bool own = !(x->stx_mask & STATX_MNT_ID) || x->stx_mnt_id == w->root->mount_id;
    return S_ISDIR(x->stx_mode) && ps_root_may_enter(w->root, x) && (own || ps_root_in_memory(w->root, x));
}

/* The place was looked at before it is opened: to open a directory by its name could mount something there. */
static void enter(struct walk *w, int place, const struct statx *x)
{
    if (!may_list(w, x) || w->depth == DEPTH) {
        w->passed_over++;
        w->cut = w->cut || w->depth == DEPTH;
        return;
    }
    int fd = openat(place, ".", OPEN_LIST | O_NOATIME);
    if (fd < 0 && errno == EPERM)
        fd = openat(place, ".", OPEN_LIST);
    ps_progress_made(w->p.t.r);
    if (fd < 0) {
        w->passed_over++;
        return;
    }
    struct level *l = &w->levels[w->depth++];
    l->names = (struct ps_listing){.r = w->p.t.r, .fd = fd, .whole = true, .room = l->list, .room_len = sizeof l->list};
    l->path_len = strcmp(w->path, "/") == 0 ? 0 : strlen(w->path);
}

static void leave(struct walk *w)
{
    close(w->levels[--w->depth].names.fd);
}

static void look_at(struct walk *w, struct level *l, const char *name)
{
    struct statx x;
    size_t len = strlen(name);
    if (l->path_len + 1 + len > PS_CONTENT_PATH_MAX) {
        w->passed_over++;
        return;
    }
    w->path[l->path_len] = '/';
    memcpy(w->path + l->path_len + 1, name, len + 1);
    w->walked++;
    if (is_never(w->path))
        return;
    memset(&x, 0, sizeof x);
    int failed = (int) syscall(SYS_statx, l->names.fd, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
                               STATX_BASIC_STATS | STATX_MNT_ID, &x);
    ps_progress_made(w->p.t.r);
    w->passed_over += failed && errno != ENOENT;
    if (failed)
        return;
    bool memory = ps_root_in_memory(w->root, &x);
    int64_t ctime_ns = x.stx_ctime.tv_sec * INT64_C(1000000000) + x.stx_ctime.tv_nsec;
    if (memory || ctime_ns >= w->root->since_ns) {
        list_file(w, &x);
        note_candidate(w, &x);
    }
    if (!S_ISDIR(x.stx_mode) || is_start(w->path))
        return;
    int place = openat(l->names.fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    ps_progress_made(w->p.t.r);
    if (place < 0)
        return;
    if (ps_content_look(&w->p.t, place, &x))
        enter(w, place, &x);
    close(place);
}

static bool may_go_on(struct walk *w)
{
    const struct ps_content_limits *most = &w->p.t.r->job->wanted->limits;
    if (ps_content_over(w->p.t.r))
        return false;
    if (w->walked < most->drift_entries && ps_boottime_us() < w->until_us)
        return true;
    w->cut = true;
    return false;
}

static void walk_from(struct walk *w, const char *start)
{
    struct statx x;
    const char *name;
    snprintf(w->path, sizeof w->path, "%s", start);
    bool whole = strcmp(start, "/") == 0;
    int place = whole ? w->root->fd : ps_root_open(&w->p.t, w->root, ps_span_text(start), &x);
    if (place < 0)
        return; /* there is none */
    if (whole && !ps_content_look(&w->p.t, place, &x))
        return;
    enter(w, place, &x);
    if (!whole)
        close(place);
    while (w->depth > 0 && may_go_on(w)) {
        struct level *l = &w->levels[w->depth - 1];
        if (ps_listing_next(&l->names, &name)) {
            look_at(w, l, name);
            continue;
        }
        w->passed_over += l->names.error != 0;
        leave(w);
    }
    while (w->depth > 0)
        leave(w);
}

/* ---- one root ---- */

static void say(struct walk *w, uint8_t kind, enum ps_outcome outcome)
{
    struct ps_frame frame = {.kind = kind, .subject = w->p.t.subject, .us = ps_boottime_us()};
    frame.row = w->p.t.r->job->plan->of.files;
    frame.outcome = (uint8_t) outcome;
    frame.error = kind == PS_FRAME_END && outcome == PS_DENIED ? w->root->error : 0;
    ps_reader_send(w->p.t.r, &frame, "", NULL, 0);
}

static void list_all(struct walk *w)
{
    char last[80];
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        walk_from(w, starts[i]);
    int len = snprintf(last, sizeof last, "end %llu %llu %lld\n", (unsigned long long) w->walked,
                       (unsigned long long) w->passed_over, (long long) w->root->since_ns);
    add(w, last, (size_t) len);
    flush(w, true);
    if (w->cut)
        ps_wanted_reached(w->p.t.r->job->wanted, PS_REACHED_WALK);
}

/* One line each: a line holds one member's worth, and the next may come much later. */
static void take_candidates(struct walk *w, uint32_t subject)
{
    struct ps_reader_state *r = w->p.t.r;
    for (size_t at = 0; at < w->candidates_len && !ps_content_over(r); at += strlen(w->candidates + at) + 1) {
        struct ps_content_file f = {.row = r->job->plan->of.root, .entry = "", .keep = PS_KEEP_CONTENT, .drift = true};
        struct ps_file_facts facts;
        f.path = ps_span_text(w->candidates + at);
        f.cap = r->job->wanted->limits.drift_file_bytes;
        if (!ps_pin(r, subject, &w->p))
            return;
        f.fd = ps_root_open(&w->p.t, w->root, f.path, &f.x);
        f.error = f.fd < 0 ? -f.fd : 0;
        if (f.fd >= 0)
            ps_file_facts_of(&f.x, &facts);
        /* What was hashed before is no news; what is gone, or no file any more, changed while it was looked at. */
        bool news = f.fd < 0 || (S_ISREG(f.x.stx_mode) && !ps_wanted_known(r->job->wanted, &facts));
        if (news) {
            ps_pin_say(&w->p);
            ps_content_send(&w->p.t, &f);
        }
        if (f.fd >= 0)
            close(f.fd);
        ps_pin_done(&w->p);
    }
}

void ps_drift_walk(struct ps_reader_state *r, uint32_t subject)
{
    static struct walk w;
    if (!ps_pin(r, subject, &w.p))
        return; /* the builder says that it was not walked */
    ps_pin_say(&w.p);
    say(&w, PS_FRAME_BEGIN, PS_COMPLETE);
    w.root = ps_root_of(&w.p.t, &w.p.entry);
    w.depth = w.text_len = w.candidates_len = 0;
    w.walked = w.listed = w.passed_over = w.text_sent = 0;
    w.cut = w.begun = false;
    w.until_us = ps_boottime_us() + UINT64_C(1000) * r->job->wanted->limits.drift_ms;
    if (w.root->fd >= 0)
        list_all(&w);
    enum ps_outcome listed = w.cut || ps_content_over(r) ? PS_TRUNCATED : PS_COMPLETE;
    say(&w, PS_FRAME_END, w.root->fd < 0 ? ps_outcome_of(w.root->error) : listed);
    ps_pin_done(&w.p);
    if (w.root->fd >= 0 && r->job->options->recover)
        take_candidates(&w, subject);
    ps_root_close(w.root);
}
