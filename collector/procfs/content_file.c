/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/content_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collector/host/clock.h"

enum { READ_CONTENT = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

bool ps_content_over(const struct ps_reader_state *r)
{
    return ps_reader_stopped(r) || ps_boottime_us() > r->job->wanted->until_us;
}

int ps_content_open_link(struct ps_target *t, const char *path, int *error)
{
    ps_capture_choose_reader(t);
    for (bool again = true; again;) {
        int fd = openat(t->dir, path, O_PATH | O_CLOEXEC);
        *error = fd < 0 ? errno : 0;
        ps_progress_made(t->r);
        again = fd < 0 && (*error == EACCES || *error == EPERM) && ps_capture_other_reader(t);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

bool ps_content_look(struct ps_target *t, int fd, struct statx *out)
{
    memset(out, 0, sizeof *out);
    int failed = (int) syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
                               STATX_BASIC_STATS | STATX_MNT_ID, out);
    ps_progress_made(t->r);
    return !failed;
}

/* Opened anew, without a trace in the time of access where that is allowed. */
static int open_quietly(struct ps_target *t, const char *path, bool *atime, int *error)
{
    int fd = openat(t->r->job->own_proc, path, READ_CONTENT | O_NOATIME);
    ps_progress_made(t->r);
    if (fd < 0 && errno == EPERM) {
        fd = openat(t->r->job->own_proc, path, READ_CONTENT);
        ps_progress_made(t->r);
        *atime = fd >= 0;
    }
    *error = fd < 0 ? errno : 0;
    return fd;
}

/* The same file, to be read; -1 with *error. */
static int reopen(struct ps_target *t, const struct ps_content_file *f, bool *atime, int *error)
{
    char path[32];
    struct statx x;
    if (t->r->job->own_proc < 0) {
        *error = EOPNOTSUPP;
        return -1;
    }
    snprintf(path, sizeof path, "self/fd/%d", f->fd);
    bool was_switched = t->switched;
    ps_capture_as_ourselves(t);
    int fd = open_quietly(t, path, atime, error);
    if (*error == EACCES && (was_switched || !t->unswitchable) && ps_capture_other_reader(t))
        fd = open_quietly(t, path, atime, error);
    if (fd < 0)
        return -1;
    if (!ps_content_look(t, fd, &x) || x.stx_ino != f->x.stx_ino || x.stx_dev_major != f->x.stx_dev_major ||
        x.stx_dev_minor != f->x.stx_dev_minor) {
        close(fd);
        *error = ESTALE;
        return -1;
    }
    return fd;
}

/* File systems whose files the kernel makes up when they are opened or read (linux/magic.h): to read one may be to act,
 * as with /proc/kmsg, which gives each message once. A mount can call it anything, "x (deleted)" too. */
static bool is_made_up(int fd)
{
    static const uint32_t magics[] = {
        0x9fa0 /* proc */,           0x62656572 /* sysfs */,    0x64626720 /* debugfs */, 0x74726163 /* tracefs */,
        0x73636673 /* securityfs */, 0x62656570 /* configfs */, 0x0027e0eb /* cgroup */,  0x63677270 /* cgroup2 */,
        0x6165676c /* pstore */,     0xde5e81e4 /* efivarfs */, 0xcafe4a11 /* bpf */,     0x6e736673 /* nsfs */,
        0x50494446 /* pidfs */,      0xf97cff8c /* selinux */,  0x43415d53 /* smack */,   0x5a3c69f0 /* apparmor */,
        0x42494e4d /* binfmt_misc */, 0x65735543 /* fusectl */, 0x07655821 /* resctrl */, 0xabba1974 /* xenfs */,
        0x19800202 /* mqueue */,     0x67596969 /* rpc_pipefs */};
    struct statfs fs;
    if (fstatfs(fd, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if ((uint32_t) fs.f_type == magics[i])
            return true;
    }
    return false;
}

/* One reading, up to `most` bytes. *len: how many came. */
static enum ps_outcome read_once(struct ps_target *t, int fd, uint8_t kind, uint16_t row, uint64_t most, uint64_t *len,
                                 int *error, bool *elf)
{
    struct ps_frame frame = {.kind = kind, .subject = t->subject, .row = row};
    *len = 0;
    while (*len < most) {
        size_t want = most - *len < PS_PIECE ? (size_t) (most - *len) : PS_PIECE;
        uint8_t *place = ps_ring_reserve(t->r->ring, 0, PS_PIECE);
        ssize_t n = pread(fd, place, want, (off_t) *len);
        *error = n < 0 ? errno : 0;
        ps_progress_made(t->r);
        if (n < 0 && *error == EINTR)
            continue;
        if (n < 0)
            return *len > 0 ? PS_PARTIAL : ps_outcome_of(*error);
        if (n == 0)
            return PS_COMPLETE;
        if (*len == 0)
            *elf = n >= 4 && memcmp(place, "\177ELF", 4) == 0;
        ps_ring_commit(t->r->ring, &frame, "", (size_t) n);
        ps_reader_wake_builder(t->r);
        *len += (uint64_t) n;
        /* What was hashed in time is stored whole. */
        if (kind == PS_FRAME_DIGEST ? ps_content_over(t->r) : ps_reader_stopped(t->r))
            return PS_TRUNCATED;
    }
    return PS_COMPLETE;
}

/* Does the limit leave room for that many bytes more? */
static bool room_for(struct ps_wanted *w, const struct ps_content_file *f, uint64_t len)
{
    bool drift = f->drift && len > w->limits.drift_bytes - w->drift_bytes;
    bool all = len > w->limits.recover_bytes - w->kept_bytes;
    if (drift || all) {
        ps_wanted_reached(w, all ? PS_REACHED_RECOVER : PS_REACHED_DRIFT_BYTES);
        return false;
    }
    w->kept_bytes += len;
    w->drift_bytes += f->drift ? len : 0;
    return true;
}

static void keep(struct ps_target *t, const struct ps_content_file *f, int fd, uint64_t len)
{
    struct ps_wanted *w = t->r->job->wanted;
    struct ps_frame frame = {.kind = PS_FRAME_KEEP, .subject = t->subject, .row = f->row};
    bool room = room_for(w, f, len), elf;
    uint64_t again;
    int error;
    frame.flags = room ? 0 : PS_FLAG_PART;
    ps_reader_send(t->r, &frame, "", NULL, 0);
    if (room)
        (void) read_once(t, fd, PS_FRAME_STORE, f->row, len, &again, &error, &elf);
}

static enum ps_outcome read_content(struct ps_target *t, const struct ps_content_file *f, int fd, int *error)
{
    struct ps_wanted *w = t->r->job->wanted;
    uint64_t most = f->cap ? f->cap : w->limits.file_bytes, len = 0;
    bool elf = false;
    enum ps_outcome outcome = read_once(t, fd, PS_FRAME_DIGEST, f->row, most, &len, error, &elf);
    if (outcome == PS_COMPLETE && len == most && f->x.stx_size > most) {
        outcome = PS_TRUNCATED;
        if (!f->cap)
            ps_wanted_reached(w, PS_REACHED_FILE);
    }
    bool wanted = f->keep == PS_KEEP_CONTENT || (f->keep == PS_KEEP_PROGRAM && elf);
    if (wanted && t->r->job->options->recover && (len > 0 || outcome == PS_COMPLETE))
        keep(t, f, fd, len);
    return outcome;
}

static void begin(struct ps_target *t, const struct ps_content_file *f, const struct ps_file_facts *facts)
{
    struct ps_frame frame = {.kind = PS_FRAME_CONTENT, .subject = t->subject, .row = f->row, .us = ps_boottime_us()};
    size_t at = 0, len = f->path.len < PS_CONTENT_PATH_MAX ? f->path.len : PS_CONTENT_PATH_MAX;
    frame.name_len = (uint8_t) strlen(f->entry);
    frame.as_uid = f->item;
    frame.flags = facts ? PS_FLAG_FACTS : 0;
    atomic_store_explicit(&t->r->slot->row, f->row, memory_order_relaxed);
    uint8_t *place = ps_ring_reserve(t->r->ring, frame.name_len, sizeof *facts + len);
    if (facts) {
        memcpy(place, facts, sizeof *facts);
        at = sizeof *facts;
    }
    if (len > 0)
        memcpy(place + at, f->path.data, len);
    ps_ring_commit(t->r->ring, &frame, f->entry, at + len);
}

static void end(struct ps_target *t, const struct ps_content_file *f, enum ps_outcome outcome, int error, bool atime)
{
    struct ps_frame frame = {.kind = PS_FRAME_END, .subject = t->subject, .row = f->row, .us = ps_boottime_us()};
    frame.outcome = (uint8_t) outcome;
    frame.error = error;
    frame.flags = (uint8_t) ((t->switched ? PS_FLAG_SWITCHED : 0) | (atime ? PS_FLAG_ATIME : 0));
    frame.as_uid = t->uid;
    frame.as_gid = t->gid;
    ps_reader_send(t->r, &frame, "", NULL, 0);
}

/* Of a regular file whose file system may be asked. */
static enum ps_outcome take(struct ps_target *t, const struct ps_content_file *f, const struct ps_file_facts *facts,
                            bool *atime, int *error)
{
    bool made_up = facts->dev_major == 0 && is_made_up(f->fd); /* these lie on no device */
    ps_progress_made(t->r);
    if (made_up)
        return PS_ABSENT;
    if (!ps_wanted_first_look(t->r->job->wanted, facts))
        return PS_SHARED;
    int fd = reopen(t, f, atime, error);
    if (fd < 0)
        return ps_outcome_of(*error);
    enum ps_outcome outcome = read_content(t, f, fd, error);
    close(fd);
    return outcome;
}

void ps_content_send(struct ps_target *t, const struct ps_content_file *f)
{
    struct ps_file_facts facts;
    bool atime = false;
    int error = f->error;
    if (f->fd < 0) {
        begin(t, f, NULL);
        /* A link of a process that is there leads nowhere: what it led to is closed. */
        bool gone = error == ENOENT || error == ESRCH;
        end(t, f, gone ? PS_GONE : error == ETIMEDOUT ? PS_TIMED_OUT : ps_outcome_of(error), error, false);
        return;
    }
    ps_file_facts_of(&f->x, &facts);
    begin(t, f, &facts);
    if (!S_ISREG(f->x.stx_mode)) {
        end(t, f, PS_ABSENT, 0, false); /* to open anything else could block, or wake somebody */
        return;
    }
    if (!ps_wanted_ask(t->r->job->wanted, &facts)) {
        end(t, f, PS_SKIPPED, 0, false);
        return;
    }
    enum ps_outcome outcome = take(t, f, &facts, &atime, &error);
    ps_wanted_answered(t->r->job->wanted);
    end(t, f, outcome, error, atime);
}
