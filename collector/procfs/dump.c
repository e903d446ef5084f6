/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory of processes, after everything else. Every process is judged first, then dumped, the surest suspects
 * first. Nobody is stopped: what is read is what was there when each piece was read.
 */
#include "collector/procfs/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/procfs/suspect.h"

/* Each is a round over the roster; they come after the stages of the content of files. */
enum { JUDGE = PS_STAGES, SURE, LIKELY, OTHERS, STAGES_END };
enum { OPEN_FILE = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW };

static struct ps_dump dump;

/* Reads a file to its end or to `room`; the length, or -errno when the first read failed. */
static ssize_t read_whole(struct ps_reader_state *r, int fd, uint8_t *to, size_t room)
{
    size_t len = 0;
    while (len < room) {
        ssize_t n = read(fd, to + len, room - len);
        int error = n < 0 ? errno : 0;
        ps_progress_made(r);
        if (n < 0 && error == EINTR)
            continue;
        if (n < 0 && len == 0)
            return -error;
        if (n <= 0)
            break;
        len += (size_t) n;
    }
    return (ssize_t) len;
}

/* As much of maps as may be held: the builder holds it too. */
static size_t maps_room(const struct ps_reader_state *r)
{
    uint64_t most = r->job->caps->capture_bytes;
    return most < PS_DUMP_MAPS ? (size_t) most : PS_DUMP_MAPS;
}

/* ---- who is suspect ---- */

/* True when the executable is known; is it ours? */
static bool look_at_exe(struct ps_target *t, char *link, size_t room, struct ps_suspect_exe *exe, bool *ours)
{
    const struct ps_reader_state *r = t->r;
    struct statx x;
    int error;
    *exe = (struct ps_suspect_exe){.link = ps_span_of(link, 0)};
    int fd = ps_content_open_link(t, "exe", &error);
    ssize_t n = readlinkat(t->dir, "exe", link, room);
    ps_progress_made(t->r);
    exe->link.len = n > 0 && (size_t) n < room ? (size_t) n : 0;
    if (fd >= 0 && ps_content_look(t, fd, &x)) {
        exe->has_name = x.stx_nlink > 0;
        exe->ino = x.stx_ino;
        *ours = x.stx_ino == r->own_ino && makedev(x.stx_dev_major, x.stx_dev_minor) == r->own_dev;
    }
    if (fd >= 0)
        close(fd);
    return n > 0;
}

static uint16_t judge(struct ps_target *t)
{
    static char link[PS_CONTENT_PATH_MAX];
    struct ps_suspect_exe exe;
    bool ours = false, known = look_at_exe(t, link, sizeof link, &exe, &ours);
    if (ours)
        return PS_DUMP_JUDGED | PS_DUMP_OURS;
    int fd = ps_capture_open(t, "maps");
    ssize_t len = fd >= 0 ? read_whole(t->r, fd, dump.maps, maps_room(t->r)) : fd;
    if (fd >= 0)
        close(fd);
    if (!known && len < 0)
        return PS_DUMP_JUDGED | PS_DUMP_UNDECIDED;
    struct ps_span maps = ps_span_of(dump.maps, len > 0 ? (size_t) len : 0);
    return (uint16_t) (PS_DUMP_JUDGED | ps_suspect_judge(&exe, maps));
}

static void judge_one(struct ps_reader_state *r, uint32_t subject)
{
    struct ps_pinned *p = &dump.p;
    if (!ps_pin(r, subject, p))
        return; /* it ended */
    ps_dumps_note(r->job->dumps, subject, judge(&p->t));
    ps_pin_done(p);
}

/* ---- one dump ---- */

static void send_part(struct ps_dump *d, enum ps_dump_part part, const void *data, size_t len)
{
    struct ps_frame frame = {.kind = PS_FRAME_DUMP, .subject = d->p.t.subject, .us = ps_boottime_us()};
    const uint8_t *bytes = data;
    frame.row = d->p.t.r->job->plan->of.mem;
    frame.as_uid = part;
    for (size_t at = 0, piece; at < len; at += piece) {
        piece = len - at < PS_PIECE ? len - at : PS_PIECE;
        ps_reader_send(d->p.t.r, &frame, "", bytes + at, piece);
    }
}

static void send_file(struct ps_dump *d, enum ps_dump_part part, const char *name)
{
    static uint8_t text[PS_DUMP_TEXT];
    int fd = openat(d->p.t.dir, name, OPEN_FILE);
    ps_progress_made(d->p.t.r);
    if (fd < 0)
        return;
    ssize_t n = read_whole(d->p.t.r, fd, text, sizeof text);
    close(fd);
    if (n > 0)
        send_part(d, part, text, (size_t) n);
}

/* mem, maps and pagemap, all by the same one. False with *error. */
static bool open_memory(struct ps_dump *d, int *error)
{
    struct ps_target *t = &d->p.t;
    d->pagemap = -1;
    d->mem = ps_capture_open(t, "mem");
    d->switched = t->switched;
    *error = d->mem < 0 ? -d->mem : 0;
    if (d->mem < 0)
        return false;
    d->pagemap = openat(t->dir, "pagemap", OPEN_FILE);
    ps_progress_made(t->r);
    int maps = openat(t->dir, "maps", OPEN_FILE);
    *error = maps < 0 ? errno : 0;
    ps_progress_made(t->r);
    ssize_t len = maps < 0 ? -1 : read_whole(t->r, maps, d->maps, maps_room(t->r));
    if (maps >= 0 && len < 0)
        *error = (int) -len;
    if (maps >= 0)
        close(maps);
    d->maps_len = len > 0 ? (size_t) len : 0;
    d->maps_cut = d->maps_len == maps_room(t->r);
    return len >= 0;
}

static void send_head(struct ps_dump *d)
{
    struct ps_dump_open open = {.mapped_bytes = d->mapped_bytes, .no_pagemap = d->pagemap < 0};
    struct stat owner;
    for (unsigned i = 0; i < PS_RANKS; i++)
        open.present_bytes += d->present[i] * d->page;
    if (fstat(d->p.t.dir, &owner) == 0) {
        open.uid = owner.st_uid;
        open.gid = owner.st_gid;
    }
    send_part(d, PS_DUMP_MAPS_TEXT, d->maps, d->maps_len);
    send_file(d, PS_DUMP_AUXV_TEXT, "auxv");
    ps_capture_as_ourselves(&d->p.t);
    send_file(d, PS_DUMP_STAT_TEXT, "stat");
    send_file(d, PS_DUMP_CMDLINE_TEXT, "cmdline");
    send_part(d, PS_DUMP_RUN_LIST, d->runs, d->run_count * sizeof *d->runs);
    send_part(d, PS_DUMP_OPEN, &open, sizeof open);
}

/* How much of it may be taken; which limit that is, when it does not all fit, goes into d->limits. */
static uint64_t bytes_left(const struct ps_dumps *all, uint32_t *limit)
{
    uint64_t left = all->limits.bytes - all->used_bytes;
    *limit = left < all->limits.process_bytes ? PS_DUMPS_BYTES : PS_DUMPS_PROCESS_BYTES;
    return left < all->limits.process_bytes ? left : all->limits.process_bytes;
}

static enum ps_outcome take_memory(struct ps_dump *d, int *error)
{
    struct ps_dumps *all = d->p.t.r->job->dumps;
    uint32_t limit;
    uint64_t bytes = bytes_left(all, &limit), taken = 0;
    if (!open_memory(d, error))
        return ps_outcome_of(*error);
    if (d->maps_len == 0)
        return PS_ABSENT; /* a kernel thread, or it is ending */
    ps_dump_areas(d);
    if (!ps_dump_runs(d, bytes)) {
        *error = ps_reader_stopped(d->p.t.r) ? 0 : d->error;
        return *error ? ps_outcome_of(*error) : PS_SKIPPED;
    }
    if (d->present[PS_RANK_CODE] + d->present[PS_RANK_OWN] + d->present[PS_RANK_FILE] > bytes / d->page)
        d->limits |= limit;
    for (size_t i = 0; i < d->run_count; i++)
        taken += d->runs[i].end - d->runs[i].start;
    all->used_bytes += taken;
    ps_dumps_reached(all, d->limits);
    send_head(d);
    return ps_dump_send(d, error);
}

static void end(struct ps_dump *d, enum ps_outcome outcome, int error)
{
    struct ps_target *t = &d->p.t;
    struct ps_frame frame = {.kind = PS_FRAME_END, .subject = t->subject, .us = ps_boottime_us()};
    const struct ps_dump_tail tail = {d->absent, d->unreadable};
    frame.row = t->r->job->plan->of.mem;
    frame.outcome = (uint8_t) outcome;
    frame.error = error;
    frame.flags = d->switched ? PS_FLAG_SWITCHED : 0;
    frame.as_uid = t->uid;
    frame.as_gid = t->gid;
    ps_reader_send(t->r, &frame, "", &tail, sizeof tail);
}

static void close_memory(struct ps_dump *d)
{
    ps_capture_as_ourselves(&d->p.t);
    if (d->mem >= 0)
        close(d->mem);
    if (d->pagemap >= 0)
        close(d->pagemap);
}

static void dump_one(struct ps_reader_state *r, uint32_t subject, uint32_t chosen)
{
    struct ps_dump *d = &dump;
    int error = ESRCH;
    enum ps_outcome outcome = PS_GONE;
    const struct ps_roster_entry *e = &r->job->roster->entries[subject];
    bool not_tried = e->hung || atomic_load(&r->job->dumps->lives[subject]) & PS_DUMP_OURS;
    ps_dumps_note(r->job->dumps, subject, PS_DUMP_TAKEN);
    bool pinned = ps_pin(r, subject, &d->p);
    if (!pinned)
        d->p = (struct ps_pinned){.t = {.r = r, .subject = subject, .dir = -1}};
    d->mem = d->pagemap = -1;
    d->switched = false;
    d->limits = 0;
    d->absent = d->unreadable = 0;
    d->page = (uint64_t) sysconf(_SC_PAGESIZE);
    atomic_store_explicit(&r->slot->row, r->job->plan->of.mem, memory_order_relaxed);
    ps_pin_say(&d->p);
    send_part(d, PS_DUMP_BEGIN, &chosen, sizeof chosen);
    if (pinned && not_tried) {
        outcome = PS_SKIPPED;
        error = 0;
    } else if (pinned) {
        outcome = take_memory(d, &error);
        if (outcome == PS_GONE && (e->kernel || e->state == 'Z'))
            outcome = PS_ABSENT;
    }
    close_memory(d);
    end(d, outcome, error);
    if (pinned)
        ps_pin_done(&d->p);
    else
        ps_pin_gone(&d->p);
}

/* ---- all of them ---- */

static bool is_turn(uint32_t stage, uint32_t chosen)
{
    if (stage == SURE)
        return chosen & PS_SUSPECT_SURE;
    return stage == OTHERS || chosen & PS_SUSPECT_ANY;
}

static void round_of(struct ps_reader_state *r, uint32_t stage, uint32_t from)
{
    const struct ps_roster *roster = r->job->roster;
    struct ps_dumps *d = r->job->dumps;
    for (uint32_t i = from; i < atomic_load(&roster->count) && !ps_reader_stopped(r); i++) {
        const struct ps_roster_entry *e = &roster->entries[i];
        atomic_store(&r->slot->position, stage << PS_STAGE_SHIFT | i);
        if (stage == JUDGE) {
            if (e->chosen && e->hung)
                ps_dumps_note(d, i, PS_DUMP_JUDGED | PS_DUMP_UNDECIDED);
            else if (e->chosen && !e->kernel && e->state != 'Z')
                judge_one(r, i);
            continue;
        }
        uint32_t chosen = ps_dumps_chosen(d, r->job->options, e, i);
        if (chosen && is_turn(stage, chosen) && !(atomic_load(&d->lives[i]) & PS_DUMP_TAKEN))
            dump_one(r, i, chosen);
    }
}

void ps_dumps_walk(struct ps_reader_state *r, uint32_t from)
{
    uint32_t stage = from >> PS_STAGE_SHIFT, index = from & ((1U << PS_STAGE_SHIFT) - 1);
    if (stage < JUDGE) {
        stage = JUDGE;
        index = 0;
    }
    if (stage == JUDGE && index > 0 && index <= PS_ROSTER_MAX) { /* what the predecessor was stuck at */
        r->job->roster->entries[index - 1].hung = 1;
        ps_dumps_note(r->job->dumps, index - 1, PS_DUMP_JUDGED | PS_DUMP_UNDECIDED);
    }
    for (; stage < STAGES_END && !ps_reader_stopped(r); stage++, index = 0)
        round_of(r, stage, index);
}
