/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/procfs/capture.h"
#include "collector/procfs/listing.h"

static bool chosen(const struct ps_options *options, uint32_t pid)
{
    for (size_t i = 0; i < options->pid_count; i++) {
        if (options->pids[i] == pid)
            return true;
    }
    return options->pid_count == 0;
}

bool ps_walk_knows(const struct ps_reader_state *r, uint32_t pid)
{
    return r->job->control->swept[true][pid / 8] & 1 << pid % 8;
}

/* True for the first reader that comes to that pid in that sweep. Told before the pid is looked at: whoever hangs there
 * is the last one to try. */
static bool first_there(struct ps_reader_state *r, bool opening, uint32_t pid)
{
    uint8_t *byte = &r->job->control->swept[opening][pid / 8], bit = (uint8_t) (1 << pid % 8);
    bool first = !(*byte & bit);
    *byte |= bit;
    return first;
}

void ps_roster_add(struct ps_reader_state *r, uint32_t pid, const struct ps_look *look)
{
    struct ps_roster *roster = r->job->roster;
    uint32_t count = atomic_load_explicit(&roster->count, memory_order_relaxed);
    if (count >= PS_ROSTER_MAX) {
        atomic_fetch_add(&roster->full, 1);
        return;
    }
    struct ps_roster_entry *e = &roster->entries[count];
    e->pid = pid;
    e->ppid = look->ppid;
    e->start = look->start;
    e->startcode = look->startcode;
    e->state = look->state;
    e->comm_len = look->comm_len;
    memcpy(e->comm, look->comm, sizeof e->comm);
    e->mnt = 0;
    e->plain_root = e->hung = 0;
    e->kernel = look->no_memory && look->state != 'Z';
    e->chosen = chosen(r->job->options, pid);
    atomic_store_explicit(&roster->count, count + 1, memory_order_release);
}

/* A listed process without a stat has ended, or something else is mounted over its directory. */
static int why_no_stat(struct ps_reader_state *r, const char *pid)
{
    struct statfs fs;
    int dir = r->job->copied ? -1 : openat(r->job->procfs, pid, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    ps_progress_made(r);
    if (dir < 0)
        return ENOENT;
    bool covered = fstatfs(dir, &fs) == 0 && fs.f_type != PROC_SUPER_MAGIC;
    close(dir);
    return covered ? EXDEV : ENOENT;
}

ssize_t ps_walk_read_stat(struct ps_reader_state *r, const char *pid, uint8_t *place)
{
    char path[32];
    snprintf(path, sizeof path, "%.16s/stat", pid);
    int fd = openat(r->job->procfs, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    ps_progress_made(r);
    if (fd < 0)
        return errno == ENOENT ? -why_no_stat(r, pid) : -errno;
    ssize_t n = ps_look_again(r, fd, place, PS_STAT_ROOM);
    close(fd);
    return n;
}

static void sweep_one(struct ps_reader_state *r, const char *name, uint32_t pid, bool opening)
{
    struct ps_frame frame = {.kind = PS_FRAME_ITEM, .subject = PS_NO_SUBJECT, .row = r->job->plan->stat};
    struct ps_look look;
    frame.name_len = (uint8_t) strlen(name);
    uint8_t *place = ps_ring_reserve(r->ring, frame.name_len, PS_STAT_ROOM);
    ssize_t n = ps_walk_read_stat(r, name, place);
    if (n <= 0) {
        frame.kind = PS_FRAME_LOST;
        frame.error = n < 0 ? (int) -n : ESRCH;
        frame.outcome = (uint8_t) (frame.error == ENOENT ? PS_GONE : ps_outcome_of(frame.error));
        ps_reader_send(r, &frame, name, NULL, 0);
        return;
    }
    bool understood = ps_look_at(ps_span_of(place, (size_t) n), &look);
    ps_ring_commit(r->ring, &frame, name, (size_t) n);
    if (opening && understood && look.pid == pid)
        ps_roster_add(r, pid, &look);
}

void ps_walk_sweep(struct ps_reader_state *r, bool opening)
{
    struct ps_frame frame = {.kind = PS_FRAME_BEGIN, .subject = PS_NO_SUBJECT, .row = r->job->plan->stat};
    struct ps_listing list = {.r = r, .fd = openat(r->job->procfs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    int error = list.fd < 0 ? errno : 0;
    const char *name;
    uint32_t pid;
    frame.us = ps_boottime_us();
    ps_reader_send(r, &frame, "", NULL, 0);
    while (list.fd >= 0 && !ps_reader_stopped(r) && ps_listing_next_id(&list, &name, &pid)) {
        if (!first_there(r, opening, pid))
            continue;
        atomic_store_explicit(&r->slot->position, pid, memory_order_relaxed);
        sweep_one(r, name, pid, opening);
        atomic_store_explicit(&r->slot->position, 0, memory_order_relaxed);
    }
    frame.kind = PS_FRAME_END;
    frame.us = ps_boottime_us();
    frame.error = error ? error : list.error;
    frame.outcome = (uint8_t) (ps_reader_stopped(r) ? PS_SKIPPED : ps_outcome_of(frame.error));
    ps_reader_send(r, &frame, "", NULL, 0);
    if (list.fd >= 0)
        close(list.fd);
}

uint32_t ps_walk_relist(struct ps_reader_state *r)
{
    struct ps_listing list = {.r = r, .fd = openat(r->job->procfs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    const char *name;
    uint32_t pid, found = 0;
    uint8_t place[PS_STAT_ROOM];
    while (list.fd >= 0 && !ps_reader_stopped(r) && ps_listing_next_id(&list, &name, &pid)) {
        struct ps_look look;
        if (!first_there(r, true, pid))
            continue;
        ssize_t n = ps_walk_read_stat(r, name, place);
        if (n <= 0 || !ps_look_at(ps_span_of(place, (size_t) n), &look) || look.pid != pid)
            continue;
        ps_roster_add(r, pid, &look);
        found++;
    }
    if (list.fd >= 0)
        close(list.fd);
    return found;
}
