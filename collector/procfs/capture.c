/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/procfs/capture.h"
#include "parsers/sysctl_names.h"
#include "collector/procfs/threads.h"

enum { LINK_ROOM = 4097, PATH_ROOM = 64 };
enum { OPEN_FILE = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW };
enum { OPEN_LIST = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

enum ps_outcome ps_outcome_of(int error)
{
    switch (error) {
    case 0:
        return PS_COMPLETE;
    case EACCES:
    case EPERM:
        return PS_DENIED;
    case ESRCH:
        return PS_GONE;
    case ENOENT:
        return PS_ABSENT;
    default:
        return PS_FAILED;
    }
}

void ps_capture_begin(struct ps_target *t, uint16_t row)
{
    struct ps_frame frame = {.kind = PS_FRAME_BEGIN, .subject = t->subject, .row = row, .us = ps_boottime_us()};
    atomic_store_explicit(&t->r->slot->row, row, memory_order_relaxed);
    ps_reader_send(t->r, &frame, "", NULL, 0);
}

void ps_capture_end(struct ps_target *t, uint16_t row, enum ps_outcome outcome, int error,
                    const struct ps_file_facts *facts)
{
    struct ps_frame frame = {.kind = PS_FRAME_END, .subject = t->subject, .row = row, .us = ps_boottime_us()};
    frame.outcome = (uint8_t) outcome;
    frame.error = error;
    frame.flags = t->switched ? PS_FLAG_SWITCHED : 0;
    frame.as_uid = t->uid;
    frame.as_gid = t->gid;
    ps_reader_send(t->r, &frame, "", facts, facts ? sizeof *facts : 0);
}

static void lost_as(struct ps_target *t, uint16_t row, const char *name, enum ps_outcome outcome, int error)
{
    struct ps_frame frame = {.kind = PS_FRAME_LOST, .subject = t->subject, .row = row, .error = error};
    frame.name_len = (uint8_t) strlen(name);
    frame.outcome = (uint8_t) outcome;
    ps_reader_send(t->r, &frame, name, NULL, 0);
}

/* Of a process that ends the kernel takes away one thing after the other: what is not there any more looks denied, or
 * wrong. What was denied while it lived, was. */
static bool ended_meanwhile(struct ps_target *t)
{
    uint8_t text[PS_STAT_ROOM];
    struct ps_look now;
    if (t->subject == PS_NO_SUBJECT || t->no_memory || t->refused)
        return false;
    ssize_t n = ps_look_again(t->r, t->via ? t->via_stat : t->stat, text, sizeof text);
    bool ended = n == -ESRCH || n == 0 || (n > 0 && ps_look_at(ps_span_of(text, (size_t) n), &now) && now.ending);
    t->refused = !ended;
    return ended;
}

static void lost(struct ps_target *t, uint16_t row, const char *name, int error)
{
    enum ps_outcome outcome = ps_outcome_of(error);
    /* An entry that was listed and is not there any more was closed meanwhile. */
    if (outcome == PS_ABSENT || (outcome == PS_DENIED && ended_meanwhile(t)))
        outcome = PS_GONE;
    lost_as(t, row, name, outcome, error);
}

/* Fills one frame as far as the file gives: *ended at its end or at an error. A file that is printed at once has no more
 * to say after a short read; to be told so would cost a system call for most files of every process. */
static size_t fill(struct ps_target *t, int fd, bool at_once, uint8_t *place, bool *ended, int *error)
{
    size_t len = 0;
    *error = 0;
    *ended = false;
    while (len < PS_PIECE) {
        ssize_t n = read(fd, place + len, PS_PIECE - len);
        ps_progress_made(t->r);
        if (n > 0) {
            *ended = at_once && (size_t) n < PS_PIECE - len;
            len += (size_t) n;
            if (*ended)
                break;
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        *error = n < 0 ? errno : 0;
        *ended = true;
        break;
    }
    return len;
}

/* The bytes of an open file as frames. Tables of a network namespace go on in a new part after each MiB. Sends nothing
 * when the first read fails, so that the caller can try as somebody else. */
static enum ps_outcome send_file(struct ps_target *t, int fd, uint16_t row, const char *name, int *error)
{
    bool table = ps_catalog[row].scope == PS_PER_NETNS;
    uint64_t total = 0, cap = table ? t->r->job->caps->table_bytes : t->r->job->caps->capture_bytes;
    unsigned part = 1;
    char part_name[PATH_ROOM];
    struct ps_frame frame = {.kind = PS_FRAME_ITEM, .subject = t->subject, .row = row};
    frame.name_len = (uint8_t) strlen(name);
    for (;;) {
        bool ended = false;
        uint8_t *place = ps_ring_reserve(t->r->ring, frame.name_len, PS_PIECE);
        size_t len = fill(t, fd, ps_catalog[row].at_once, place, &ended, error);
        if (*error && total + len == 0)
            return ps_outcome_of(*error);
        if (row == t->r->job->plan->maps)
            ps_noted_maps(t, place, len, total == 0);
        else if (row == t->r->job->plan->cmdline && total == 0)
            ps_noted_cmdline(t, place, len);
        total += len;
        bool full = total >= cap;
        bool next_part = table && !ended && !full && total >= (uint64_t) part * PS_PART_SIZE;
        frame.flags = (uint8_t) ((!ended && !full && !next_part ? PS_FLAG_CONTINUES : 0) | (part > 1 ? PS_FLAG_PART : 0));
        ps_ring_commit(t->r->ring, &frame, name, len);
        if (ended)
            return *error ? PS_PARTIAL : PS_COMPLETE;
        if (full)
            return PS_TRUNCATED;
        frame.kind = PS_FRAME_MORE;
        frame.name_len = 0;
        if (next_part) {
            snprintf(part_name, sizeof part_name, "%s.part-%04u", ps_catalog[row].path, ++part);
            frame.kind = PS_FRAME_ITEM;
            frame.name_len = (uint8_t) strlen(part_name);
            name = part_name;
        }
    }
}

static enum ps_outcome try_file(struct ps_target *t, int dir, const char *path, uint16_t row, const char *name,
                                int *error)
{
    int fd = openat(dir, path, OPEN_FILE);
    ps_progress_made(t->r);
    if (fd < 0) {
        *error = errno;
        return ps_outcome_of(*error);
    }
    enum ps_outcome outcome = send_file(t, fd, row, name, error);
    close(fd);
    return outcome;
}

void ps_capture_entry(struct ps_target *t, int dir, const char *path, uint16_t row, const char *name)
{
    int error = 0;
    try_file(t, dir, path, row, name, &error);
    if (error)
        lost(t, row, name, error);
}

static enum ps_outcome try_link(struct ps_target *t, int dir, const char *path, uint16_t row, const char *name,
                                int *error, struct ps_span *target)
{
    struct ps_frame frame = {.kind = PS_FRAME_ITEM, .subject = t->subject, .row = row, .flags = PS_FLAG_LINK};
    frame.name_len = (uint8_t) strlen(name);
    uint8_t *place = ps_ring_reserve(t->r->ring, frame.name_len, LINK_ROOM);
    ssize_t n = readlinkat(dir, path, (char *) place, LINK_ROOM);
    ps_progress_made(t->r);
    if (n < 0) {
        *error = errno;
        return ps_outcome_of(*error);
    }
    *error = 0;
    *target = ps_span_of(place, (size_t) n);
    ps_ring_commit(t->r->ring, &frame, name, (size_t) n);
    return n == LINK_ROOM ? PS_TRUNCATED : PS_COMPLETE;
}

/* "net:[4026531840]" to its number; 0 when it is something else. */
static uint64_t namespace_inode(struct ps_span target)
{
    struct ps_cursor c = ps_cursor_over(target);
    struct ps_span type;
    uint64_t inode = 0;
    if (!ps_take_until(&c, '[', &type) || !ps_take_u64(&c, &inode) || !ps_take_byte(&c, ']'))
        return 0;
    return inode;
}

static void note_namespace(struct ps_target *t, const char *name, struct ps_span target)
{
    if (strcmp(name, "net") == 0)
        t->net = namespace_inode(target);
    else if (strcmp(name, "mnt") == 0)
        t->mnt = namespace_inode(target);
}

bool ps_listing_next(struct ps_listing *l, const char **name)
{
    struct ps_dirent {
        uint64_t ino;
        int64_t off;
        uint16_t size;
        uint8_t type;
        char name[];
    };
    for (;;) {
        if (l->at >= l->len) {
            long n = syscall(SYS_getdents64, l->fd, l->r->entries, sizeof l->r->entries);
            ps_progress_made(l->r);
            /* The directory was there: only the end of its process takes its entries away. */
            l->error = n >= 0 ? 0 : errno == ENOENT ? ESRCH : errno;
            if (n <= 0)
                return false;
            l->len = (size_t) n;
            l->at = 0;
        }
        const struct ps_dirent *entry = (const void *) (l->r->entries + l->at);
        l->at += entry->size;
        if (entry->name[0] == '.')
            continue;
        *name = entry->name;
        return true;
    }
}

/* Every link of a directory (ns). */
static enum ps_outcome try_links(struct ps_target *t, uint16_t row, int *error)
{
    char directory[PATH_ROOM];
    snprintf(directory, sizeof directory, "%.*s", (int) (strlen(ps_catalog[row].path) - 3), ps_catalog[row].path);
    struct ps_listing list = {.r = t->r, .fd = openat(t->dir, directory, OPEN_LIST)};
    ps_progress_made(t->r);
    const char *name;
    bool any = false;
    *error = list.fd < 0 ? errno : 0;
    while (list.fd >= 0 && ps_listing_next(&list, &name)) {
        struct ps_span target;
        enum ps_outcome got = try_link(t, list.fd, name, row, name, error, &target);
        if (got == PS_DENIED && !any)
            break;
        any = true;
        if (*error)
            lost(t, row, name, *error);
        else
            note_namespace(t, name, target);
        *error = 0;
    }
    if (list.fd >= 0)
        close(list.fd);
    *error = *error ? *error : list.error;
    return ps_outcome_of(*error);
}

/* fd and fdinfo of each descriptor, one after the other: the two belong together, and one listing serves both. */
static enum ps_outcome try_descriptors(struct ps_target *t, uint16_t fd_row, uint16_t info_row, int *error,
                                       enum ps_outcome *info, int *info_error)
{
    struct ps_listing list = {.r = t->r, .fd = openat(t->dir, "fd", OPEN_LIST)};
    *error = list.fd < 0 ? errno : 0;
    int infos = info_row ? openat(t->dir, "fdinfo", OPEN_LIST) : -1;
    *info_error = infos < 0 ? errno : 0;
    ps_progress_made(t->r);
    const char *name;
    bool any = false;
    while (list.fd >= 0 && ps_listing_next(&list, &name)) {
        struct ps_span target;
        int why = 0;
        if (try_link(t, list.fd, name, fd_row, name, &why, &target) == PS_DENIED && !any) {
            *error = why;
            break;
        }
        any = true;
        if (t->wants && !why && ps_want_descriptor(t->r->job->wanted, t->subject, name, target, t->fds_wanted))
            t->fds_wanted++;
        if (why)
            lost(t, fd_row, name, why);
        if (infos < 0)
            continue;
        ps_capture_entry(t, infos, name, info_row, name);
    }
    if (list.fd >= 0)
        close(list.fd);
    if (infos >= 0)
        close(infos);
    *error = *error ? *error : list.error;
    if (*error && !*info_error)
        *info_error = *error;
    *info = ps_outcome_of(*info_error);
    return ps_outcome_of(*error);
}

/* The settings below sys, by name: nobody lists that directory. Dots of a name are slashes of its path. */
static enum ps_outcome try_settings(struct ps_target *t, uint16_t row, int *error)
{
    char path[sizeof "sys/" + PS_SYSCTL_NAME_MAX];
    for (size_t i = 0; i < ps_sysctl_count && !ps_reader_stopped(t->r); i++) {
        int why = 0;
        snprintf(path, sizeof path, "sys/%s", ps_sysctl_names[i]);
        for (char *at = path; (at = strchr(at, '.')) != NULL;)
            *at = '/';
        enum ps_outcome outcome = try_file(t, t->dir, path, row, ps_sysctl_names[i], &why);
        if (why)
            lost_as(t, row, ps_sysctl_names[i], outcome, why);
    }
    *error = 0;
    return ps_reader_stopped(t->r) ? PS_PARTIAL : PS_COMPLETE;
}

/* Rows that the kernel shows only to the owner or to CAP_SYS_PTRACE. */
static bool guarded(const struct ps_row *row)
{
    static const char *const files[] = {"fdinfo/{}", "environ", "auxv", "maps", "io"};
    if (row->source == PS_READLINK)
        return true;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(row->path, files[i]) == 0)
            return true;
    }
    return false;
}

/* Goes over to the target's ids and stays there for the next guarded rows: a switch costs more than a read. False when
 * they are ours already, are not to be had, or were of no use before. */
static bool become_target(struct ps_target *t)
{
    if (t->switched || !t->r->may_switch || t->unswitchable)
        return t->switched;
    if (!t->owner_known) {
        struct stat owner;
        t->owner_known = fstat(t->dir, &owner) == 0;
        ps_progress_made(t->r);
        t->uid = t->owner_known ? owner.st_uid : 0;
        t->gid = t->owner_known ? owner.st_gid : 0;
    }
    bool ours = t->uid == t->r->home.uid && t->gid == t->r->home.gid;
    t->unswitchable = !t->owner_known || ours || !ps_identity_assume(&t->r->home, t->uid, t->gid);
    t->switched = !t->unswitchable;
    return t->switched;
}

void ps_capture_as_ourselves(struct ps_target *t)
{
    if (t->switched)
        ps_identity_resume(&t->r->home);
    t->switched = false;
}

void ps_file_facts_of(const struct statx *x, struct ps_file_facts *out)
{
    memset(out, 0, sizeof *out);
    out->dev_major = x->stx_dev_major;
    out->dev_minor = x->stx_dev_minor;
    out->mode = x->stx_mode;
    out->nlink = x->stx_nlink;
    out->ino = x->stx_ino;
    out->size = x->stx_size;
    out->mtime_ns = x->stx_mtime.tv_sec * INT64_C(1000000000) + x->stx_mtime.tv_nsec;
    out->ctime_ns = x->stx_ctime.tv_sec * INT64_C(1000000000) + x->stx_ctime.tv_nsec;
    out->uid = x->stx_uid;
    out->gid = x->stx_gid;
    out->owned = true;
}

static bool read_facts(struct ps_target *t, const char *path, struct ps_file_facts *out)
{
    struct statx x;
    if (t->r->job->copied)
        return false;
    /* DONT_SYNC: what the kernel knows already. Asking a remote or FUSE server could hang. */
    int failed = (int) syscall(SYS_statx, t->dir, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &x);
    ps_progress_made(t->r);
    if (failed)
        return false;
    ps_file_facts_of(&x, out);
    return true;
}

static enum ps_outcome try_row(struct ps_target *t, uint16_t row, int *error)
{
    const struct ps_row *what = &ps_catalog[row];
    struct ps_span target = {0};
    *error = 0;
    if (ps_row_is_family(what) && what->source == PS_READLINK)
        return try_links(t, row, error);
    if (ps_row_is_family(what) && what->scope == PS_PER_HOST)
        return try_settings(t, row, error);
    if (what->source != PS_READLINK)
        return try_file(t, t->dir, what->path, row, "", error);
    enum ps_outcome outcome = try_link(t, t->dir, what->path, row, "", error, &target);
    if (outcome == PS_COMPLETE && strcmp(what->path, "root") == 0)
        t->plain_root = ps_span_is(target, "/");
    /* A path longer than a page cannot be told; the file behind it is there all the same. */
    bool leads_on = outcome == PS_COMPLETE || *error == ENAMETOOLONG;
    t->facts_known = leads_on && strcmp(what->path, "exe") == 0 && read_facts(t, "exe", &t->facts);
    if (t->wants && t->facts_known)
        ps_want_executable(t->r->job->wanted, t->subject, &t->facts, target);
    return outcome;
}

/* Who reads a guarded file: ourselves when we may trace, else the owner; and when that is denied, the other one. */
static void choose_reader(struct ps_target *t, uint16_t row)
{
    if (guarded(&ps_catalog[row]))
        ps_capture_choose_reader(t);
    else
        ps_capture_as_ourselves(t);
}

void ps_capture_choose_reader(struct ps_target *t)
{
    if (t->r->can_trace)
        ps_capture_as_ourselves(t);
    else
        (void) become_target(t);
}

bool ps_capture_other_reader(struct ps_target *t)
{
    if (t->switched) {
        ps_capture_as_ourselves(t);
        t->unswitchable = true;
        return true;
    }
    return become_target(t);
}

int ps_capture_open(struct ps_target *t, const char *path)
{
    ps_capture_choose_reader(t);
    for (;;) {
        int fd = openat(t->dir, path, OPEN_FILE);
        int error = fd < 0 ? errno : 0;
        ps_progress_made(t->r);
        if (fd >= 0)
            return fd;
        if (ps_outcome_of(error) != PS_DENIED || !ps_capture_other_reader(t))
            return -error;
    }
}

/* Denied: true when somebody else may try. */
static bool other_reader(struct ps_target *t, uint16_t row)
{
    return (t->switched || guarded(&ps_catalog[row])) && ps_capture_other_reader(t);
}

void ps_capture_row(struct ps_target *t, uint16_t row)
{
    int error = 0;
    choose_reader(t, row);
    ps_capture_begin(t, row);
    enum ps_outcome outcome = try_row(t, row, &error);
    if (outcome == PS_DENIED && other_reader(t, row))
        outcome = try_row(t, row, &error);
    /* A kernel thread has no environment (ESRCH), a zombie no mounts any more (EINVAL). */
    if (t->no_memory && (outcome == PS_GONE || error == EINVAL))
        outcome = PS_ABSENT;
    /* No security module gives labels here. */
    if (error == EINVAL && strcmp(ps_catalog[row].path, "attr/current") == 0)
        outcome = PS_ABSENT;
    if (outcome == PS_ABSENT && t->via && !ps_threads_via_lives(t))
        outcome = PS_GONE;
    if ((outcome == PS_DENIED || (outcome == PS_FAILED && error == EINVAL)) && ended_meanwhile(t))
        outcome = PS_GONE;
    ps_capture_end(t, row, outcome, error, t->facts_known ? &t->facts : NULL);
    t->facts_known = false;
}

void ps_capture_descriptors(struct ps_target *t, uint16_t fd_row, uint16_t info_row)
{
    int error = 0, info_error = 0;
    enum ps_outcome info = PS_COMPLETE;
    choose_reader(t, fd_row);
    ps_capture_begin(t, fd_row);
    if (info_row)
        ps_capture_begin(t, info_row);
    enum ps_outcome outcome = try_descriptors(t, fd_row, info_row, &error, &info, &info_error);
    if (outcome == PS_DENIED && other_reader(t, fd_row))
        outcome = try_descriptors(t, fd_row, info_row, &error, &info, &info_error);
    if (t->no_memory && outcome == PS_GONE)
        outcome = info = PS_ABSENT; /* a zombie */
    if (outcome == PS_DENIED && ended_meanwhile(t))
        outcome = info = PS_GONE;
    ps_capture_end(t, fd_row, outcome, error, NULL);
    if (info_row)
        ps_capture_end(t, info_row, info, info_error, NULL);
}

void ps_capture_bytes(struct ps_target *t, uint16_t row, struct ps_span bytes)
{
    struct ps_frame frame = {.kind = PS_FRAME_ITEM, .subject = t->subject, .row = row};
    ps_capture_begin(t, row);
    ps_reader_send(t->r, &frame, "", bytes.data, bytes.len);
    ps_capture_end(t, row, PS_COMPLETE, 0, NULL);
}

void ps_capture_shared(struct ps_target *t, uint16_t row, uint32_t with)
{
    ps_capture_begin(t, row);
    struct ps_frame frame = {.kind = PS_FRAME_END, .subject = t->subject, .row = row, .us = ps_boottime_us()};
    frame.outcome = PS_SHARED;
    frame.as_uid = with;
    ps_reader_send(t->r, &frame, "", NULL, 0);
}
