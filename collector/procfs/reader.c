/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/reader.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/procfs/content.h"
#include "collector/procfs/probe.h"
#include "collector/procfs/walk.h"
#include "collector/sandbox/filter.h"
#include "collector/sandbox/hardening.h"

enum { RELISTS = 2, WAIT_US = 50000 };
/* A sleeping builder is woken for this much at once, not for each frame. */
enum { BELL_BYTES = 128 << 10 };

void ps_progress_made(struct ps_reader_state *r)
{
    /* One writer: no need of an atomic addition. */
    uint64_t now = atomic_load_explicit(&r->slot->progress, memory_order_relaxed);
    atomic_store_explicit(&r->slot->progress, now + 1, memory_order_relaxed);
}

bool ps_reader_stopped(const struct ps_reader_state *r)
{
    return atomic_load_explicit(&r->job->control->stop, memory_order_relaxed) != 0;
}

void ps_reader_wake_builder(struct ps_reader_state *r)
{
    struct ps_control *control = r->job->control;
    uint64_t waiting = r->ring->at - atomic_load_explicit(&r->ring->shared->tail, memory_order_relaxed);
    if (waiting >= BELL_BYTES && atomic_load_explicit(&control->builder_sleeps, memory_order_relaxed))
        ps_control_ring_bell(control);
}

void ps_reader_send(struct ps_reader_state *r, const struct ps_frame *frame, const char *name, const void *data,
                    size_t len)
{
    uint8_t *place = ps_ring_reserve(r->ring, frame->name_len, len);
    if (len > 0)
        memcpy(place, data, len);
    ps_ring_commit(r->ring, frame, name, len);
    ps_reader_wake_builder(r);
}

static void phase(struct ps_reader_state *r, enum ps_walk_phase now, uint32_t position)
{
    atomic_store(&r->slot->position, position);
    atomic_store(&r->slot->phase, now);
}

static void phase_over(struct ps_reader_state *r, enum ps_walk_phase over, uint32_t count)
{
    struct ps_frame frame = {.kind = PS_FRAME_PHASE, .subject = PS_NO_SUBJECT, .row = over, .us = ps_boottime_us()};
    frame.error = (int32_t) count;
    ps_reader_send(r, &frame, "", NULL, 0);
}

static void global(struct ps_reader_state *r, size_t from)
{
    const struct ps_rows *rows = &r->job->plan->global;
    phase(r, PS_WALK_GLOBAL, (uint32_t) from);
    for (size_t i = from; i < rows->count && !ps_reader_stopped(r); i++) {
        atomic_store(&r->slot->position, (uint32_t) i);
        ps_capture_global(r, rows->rows[i]);
    }
    phase_over(r, PS_WALK_GLOBAL, (uint32_t) rows->count);
}

static void opening(struct ps_reader_state *r)
{
    phase(r, PS_WALK_OPENING, 0);
    ps_walk_sweep(r, true);
    phase_over(r, PS_WALK_OPENING, atomic_load(&r->job->roster->count));
}

static uint32_t walk_from(struct ps_reader_state *r, uint32_t next)
{
    struct ps_control *control = r->job->control;
    for (; next < atomic_load(&r->job->roster->count) && !ps_reader_stopped(r); next++) {
        phase(r, PS_WALK_PROCESSES, next);
        if (r->job->roster->entries[next].chosen)
            ps_capture_subject(r, next);
        atomic_store(&control->walked, next + 1);
        if (next % 16 == 0)
            ps_futex_wake(&control->walked);
    }
    return next;
}

/* The walk, then the listing again, at most twice, even when a reader hangs in it: who was born meanwhile is captured in
 * full. */
static void processes(struct ps_reader_state *r, uint32_t next)
{
    struct ps_control *control = r->job->control;
    next = walk_from(r, next);
    while (!ps_reader_stopped(r) && atomic_fetch_add(&control->relists, 1) < RELISTS && ps_walk_relist(r) > 0)
        next = walk_from(r, next);
    bool planned = r->job->plan->facts[PS_QUIET].count > 0 && atomic_fetch_add(&control->probes, 1) == 0;
    if (planned && !ps_reader_stopped(r)) {
        ps_probe_pids(r);
        next = walk_from(r, next);
    }
    atomic_store(&control->walked, next);
    atomic_store(&control->quiet_over, 1);
    ps_futex_wake(&control->walked);
    phase_over(r, PS_WALK_PROCESSES, next);
}

static void wait_for_memory(struct ps_reader_state *r)
{
    phase(r, PS_WALK_WAIT, 0);
    atomic_store(&r->slot->pausing, 1);
    ps_control_ring_bell(r->job->control);
    while (!atomic_load(&r->job->control->memory_over) && !ps_reader_stopped(r))
        ps_futex_wait(&r->job->control->memory_over, 0, WAIT_US);
    atomic_store(&r->slot->pausing, 0);
}

static void closing(struct ps_reader_state *r)
{
    if (ps_reader_stopped(r))
        return;
    phase(r, PS_WALK_CLOSING, 0);
    ps_walk_sweep(r, false);
    phase_over(r, PS_WALK_CLOSING, 0);
}

/* Each phase behind the one it was resumed in begins at its beginning. */
static void quiet(struct ps_reader_state *r)
{
    const struct ps_reader_job *job = r->job;
    enum ps_walk_phase from = job->resume;
    uint32_t at = job->resume_after;
    if (from <= PS_WALK_GLOBAL)
        global(r, job->successor ? at + 1 : 0);
    if (from <= PS_WALK_OPENING)
        opening(r);
    if (from <= PS_WALK_PROCESSES)
        processes(r, from == PS_WALK_PROCESSES ? at + 1 : 0);
    if (from <= PS_WALK_WAIT)
        wait_for_memory(r);
    if (from <= PS_WALK_CLOSING)
        closing(r);
}

/* Waits until the quiet lane has finished that process; false when it never will. */
static bool wait_for_quiet(struct ps_reader_state *r, uint32_t next)
{
    struct ps_control *control = r->job->control;
    atomic_store(&r->slot->pausing, 1);
    for (;;) {
        uint32_t walked = atomic_load(&control->walked);
        if (next < walked || ps_reader_stopped(r) || atomic_load(&control->quiet_over))
            break;
        ps_futex_wait(&control->walked, walked, WAIT_US);
    }
    atomic_store(&r->slot->pausing, 0);
    return !ps_reader_stopped(r) && next < atomic_load(&control->walked);
}

static void memory(struct ps_reader_state *r)
{
    bool resumed = r->job->successor && r->job->resume == PS_WALK_CONTENT;
    uint32_t next = r->job->successor ? r->job->resume_after + 1 : 0;
    if (r->job->abandoned)
        ps_wanted_hangs(r->job->wanted);
    else
        ps_wanted_answered(r->job->wanted);
    if (r->job->successor && !resumed && r->job->resume == PS_WALK_PROCESSES && next <= PS_ROSTER_MAX)
        r->job->roster->entries[next - 1].hung = 1;
    for (; !resumed && wait_for_quiet(r, next); next++) {
        phase(r, PS_WALK_PROCESSES, next);
        if (r->job->roster->entries[next].chosen)
            ps_capture_subject(r, next);
    }
    if (r->job->plan->content.count == 0 || ps_reader_stopped(r))
        return;
    next = resumed ? next : 0;
    phase(r, PS_WALK_CONTENT, next);
    phase_over(r, PS_WALK_PROCESSES, atomic_load(&r->job->roster->count));
    if (next >> PS_STAGE_SHIFT < PS_STAGES)
        ps_content_walk(r, next);
    if (r->job->plan->dumps)
        ps_dumps_walk(r, next);
}

/* The namespaces that a predecessor had seen are read once more. */
static bool prepare(struct ps_reader_state *r)
{
    size_t seen = PS_SEEN_MAX * sizeof(struct ps_seen), here = PS_PID_LIMIT / 8;
    size_t all = 2 * seen + here + PS_THREADS_MAX * sizeof(uint32_t);
    uint8_t *room = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        return false;
    r->net.items = (struct ps_seen *) (void *) room;
    r->mnt.items = (struct ps_seen *) (void *) (room + seen);
    r->tids_here = room + 2 * seen;
    r->tids = (uint32_t *) (void *) (r->tids_here + here);
    ps_capture_know_own_namespace(r);
    struct stat own;
    if (r->job->own_proc >= 0 && fstatat(r->job->own_proc, "self/exe", &own, 0) == 0) {
        r->own_dev = own.st_dev;
        r->own_ino = own.st_ino;
    }
    return true;
}

_Noreturn void ps_reader_run(const struct ps_reader_job *job)
{
    static struct ps_reader_state state;
    struct ps_reader_state *r = &state;
    r->job = job;
    r->slot = &job->control->slots[job->slot];
    r->ring = job->ring;
    r->can_trace = ps_rights_can_trace(job->rights);
    r->may_switch = ps_rights_can_switch_ids(job->rights);
    ps_harden_descriptors((int[]){job->procfs, job->own_proc}, 2);
    ps_identity_settle(&r->home, job->conductor);
    if (!prepare(r))
        _exit(1);
    struct ps_sandbox sandbox = ps_sandbox_enter(PS_ROLE_READER);
    atomic_store(&job->control->reader_sandbox, (uint32_t) sandbox.state + 1);
    if (job->lane == PS_QUIET)
        quiet(r);
    else
        memory(r);
    phase(r, PS_WALK_OVER, 0);
    atomic_store(&r->slot->state, PS_SLOT_ENDED);
    ps_control_ring_bell(job->control);
    _exit(0);
}
