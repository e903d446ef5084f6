/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/lanes.h"

#include <sys/mman.h>
#include <unistd.h>

#include "collector/host/prober.h"
#include "collector/sightings.h"

static void unmap_other_rings(struct ps_conductor *c, uint32_t slot)
{
    if (c->options->sightings)
        munmap(c->options->sightings, sizeof *c->options->sightings);
    for (uint32_t i = 0; i < PS_SLOTS; i++) {
        if (i != slot)
            ps_ring_unmap(&c->rings[i]);
    }
}

static void lane_over(struct ps_conductor *c, enum ps_reader lane)
{
    atomic_store(&c->control->lanes[lane].over, 1);
    if (lane == PS_MEMORY) {
        atomic_store(&c->control->memory_over, 1);
        ps_futex_wake(&c->control->memory_over);
    } else if (lane == PS_QUIET) {
        atomic_store(&c->control->quiet_over, 1);
        ps_futex_wake(&c->control->walked);
    }
    ps_control_ring_bell(c->control);
}

static bool note_started(struct ps_conductor *c, enum ps_reader lane, uint32_t slot, pid_t pid)
{
    atomic_store(&c->control->lanes[lane].slot, slot);
    if (pid < 0) {
        atomic_store(&c->control->slots[slot].state, PS_SLOT_RETIRED);
        return false;
    }
    ps_watch_begin(&c->readers[slot], pid, lane);
    atomic_fetch_add(&c->control->readers_started, 1);
    return true;
}

static bool start_reader(struct ps_conductor *c, enum ps_reader lane, uint32_t slot, const struct ps_slot *before)
{
    struct ps_reader_job job = {
        .options = c->options,
        .plan = &c->plan,
        .control = c->control,
        .roster = c->roster,
        .wanted = c->wanted,
        .dumps = c->dumps,
        .caps = &c->caps,
        .ring = &c->rings[slot],
        .procfs = c->procfs.fd,
        .own = c->host.own,
        .own_proc = c->own_proc_real ? c->proc : -1,
        .clk_tck = c->host.clk_tck,
        .copied = !c->host.procfs,
        .conductor = c->self,
        .rights = &c->rights,
        .net_namespace = c->host.net_namespace,
        .lane = lane,
        .slot = slot,
        .successor = before != NULL,
        .abandoned = before && atomic_load(&before->state) == PS_SLOT_ABANDONED,
    };
    if (before) {
        job.resume = (enum ps_walk_phase) atomic_load(&before->phase);
        job.resume_after = atomic_load(&before->position);
    }
    struct ps_slot *s = &c->control->slots[slot];
    atomic_store(&s->progress, 0);
    atomic_store(&s->pausing, 0);
    atomic_store(&s->timed_out, 0);
    atomic_store(&s->phase, before ? (uint32_t) job.resume : 0);
    atomic_store(&s->position, before ? job.resume_after : 0);
    atomic_store(&s->state, PS_SLOT_ACTIVE);
    pid_t pid = fork();
    if (pid == 0) {
        unmap_other_rings(c, slot);
        ps_reader_run(&job);
    }
    return note_started(c, lane, slot, pid);
}

/* Without a prober the run goes on: what it was to ask is skipped. */
static void start_prober(struct ps_conductor *c)
{
    struct ps_prober_job job = {
        .plan = &c->plan,
        .control = c->control,
        .caps = &c->caps,
        .ring = &c->rings[PS_PROBER],
        .elsewhere = !c->host.procfs,
        .conductor = c->self,
        .slot = PS_PROBER,
    };
    atomic_store(&c->control->slots[PS_PROBER].state, PS_SLOT_ACTIVE);
    pid_t pid = fork();
    if (pid == 0) {
        unmap_other_rings(c, PS_PROBER);
        ps_prober_run(&job);
    }
    if (!note_started(c, PS_PROBER, PS_PROBER, pid))
        lane_over(c, PS_PROBER);
}

bool ps_lanes_start(struct ps_conductor *c)
{
    start_prober(c);
    return start_reader(c, PS_QUIET, PS_QUIET, NULL) && start_reader(c, PS_MEMORY, PS_MEMORY, NULL);
}

static uint32_t free_slot(const struct ps_conductor *c, uint32_t besides)
{
    for (uint32_t i = 0; i < PS_SLOTS; i++) {
        if (i != besides && atomic_load(&c->control->slots[i].state) == PS_SLOT_FREE)
            return i;
    }
    return PS_SLOTS;
}

/* The prober has no successor. */
static void forget_prober(struct ps_conductor *c)
{
    bool over = atomic_load(&c->control->slots[PS_PROBER].state) == PS_SLOT_DRAINED;
    if (c->prober_forgotten || c->readers[PS_PROBER].pid > 0 || !over)
        return;
    ps_ring_forget(&c->rings[PS_PROBER]);
    c->prober_forgotten = true;
}

/* A ring that the builder has drained and whose writer is dead serves again. */
static void recycle(struct ps_conductor *c)
{
    for (uint32_t i = 0; i < PS_SLOTS; i++) {
        bool ours = false;
        for (uint32_t lane = 0; lane < PS_LANES; lane++)
            ours = ours || atomic_load(&c->control->lanes[lane].slot) == i;
        if (ours || c->readers[i].pid > 0 || atomic_load(&c->control->slots[i].state) != PS_SLOT_DRAINED)
            continue;
        ps_ring_reset(&c->rings[i]);
        atomic_store(&c->control->slots[i].state, PS_SLOT_FREE);
    }
}

/* Why nobody can go on where that reader was; NULL when somebody can. One that died before it did anything would only
 * be followed by others like it, and so would one that hangs in the listing of all processes. */
static const char *dead_end(const struct ps_conductor *c, const struct ps_slot *s, uint32_t next)
{
    bool timed_out = atomic_load(&s->timed_out), idle = atomic_load(&s->progress) == 0 && !atomic_load(&s->pausing);
    uint32_t phase = atomic_load(&s->phase);
    bool sweeps = phase == PS_WALK_OPENING || phase == PS_WALK_CLOSING;
    if (next == PS_SLOTS || atomic_load(&c->control->readers_abandoned) >= PS_SLOTS - PS_LANES)
        return "too many readers hang in the kernel";
    if (idle && !timed_out)
        return "a reader ended before it had read anything";
    return timed_out && sweeps && atomic_load(&s->position) == 0 ? "the list of processes gives no answer" : NULL;
}

/* The lane goes on with another reader behind what this one was stuck at; or ends, when it may not or cannot. */
static void replace(struct ps_conductor *c, uint32_t slot)
{
    enum ps_reader lane = c->readers[slot].lane;
    uint32_t next = free_slot(c, slot);
    const struct ps_slot *s = &c->control->slots[slot];
    if (atomic_load(&c->control->stop) || lane == PS_PROBER) {
        lane_over(c, lane);
        return;
    }
    const char *why = dead_end(c, s, next);
    if (why || !start_reader(c, lane, next, s)) {
        ps_conductor_note_early(c, why ? why : "no further reader could be started");
        atomic_store(&c->control->lane_lost, 1);
        lane_over(c, lane);
        return;
    }
    atomic_fetch_add(&c->control->readers_replaced, 1);
    ps_control_ring_bell(c->control);
}

/* Ends a reader that hangs, faulted, or wrote nonsense. It is retired only when it can write no more, or is given up. */
static void retire(struct ps_conductor *c, uint32_t slot, bool timed_out)
{
    struct ps_slot *s = &c->control->slots[slot];
    bool dead = ps_watch_kill(&c->readers[slot], c->proc);
    atomic_store(&s->timed_out, timed_out);
    atomic_store(&s->state, dead ? PS_SLOT_RETIRED : PS_SLOT_ABANDONED);
    if (!dead)
        atomic_fetch_add(&c->control->readers_abandoned, 1);
    if (atomic_load(&c->control->broken) == slot + 1)
        atomic_store(&c->control->broken, 0);
    replace(c, slot);
}

/* Its time is over; the time that it waited for the builder does not count, as far as that can be believed. */
static bool prober_is_late(const struct ps_conductor *c, uint32_t slot, uint64_t now)
{
    const struct ps_watch *w = &c->readers[slot];
    uint64_t waited_us = atomic_load(&c->control->slots[slot].progress);
    if (atomic_load(&c->rings[slot].shared->waiting))
        return now - w->since_us > PS_PROBER_WAIT_US;
    return now - w->since_us > PS_PROBER_KILL_US + (waited_us < PS_PROBER_WAIT_US ? waited_us : PS_PROBER_WAIT_US);
}

static void look_after(struct ps_conductor *c, uint32_t slot, uint64_t now)
{
    struct ps_watch *w = &c->readers[slot];
    struct ps_slot *s = &c->control->slots[slot];
    uint32_t state = atomic_load(&s->state);
    if (w->pid <= 0)
        return;
    if (state == PS_SLOT_ABANDONED) {
        ps_watch_reap(w);
        return;
    }
    bool gone = ps_watch_reap(w);
    state = atomic_load(&s->state);
    if (state == PS_SLOT_ENDED || state == PS_SLOT_DRAINED) {
        if (!w->told)
            lane_over(c, w->lane);
        w->told = true;
        return;
    }
    if (gone) {
        retire(c, slot, false);
        return;
    }
    if (atomic_load(&c->control->broken) == slot + 1) {
        retire(c, slot, false);
        return;
    }
    if (w->lane == PS_PROBER) {
        if (prober_is_late(c, slot, now))
            retire(c, slot, true);
        return;
    }
    bool waits = atomic_load(&s->pausing) || atomic_load(&c->rings[slot].shared->waiting);
    if (ps_watch_hangs(w, c->proc, atomic_load(&s->progress), waits, now, c->options->read_timeout_ms))
        retire(c, slot, true);
}

void ps_lanes_look_after(struct ps_conductor *c, uint64_t now)
{
    for (uint32_t i = 0; i < PS_SLOTS; i++)
        look_after(c, i, now);
    recycle(c);
    forget_prober(c);
}

/* Those that were given up have their SIGKILL already: nobody waits for them once more. */
void ps_lanes_end(struct ps_conductor *c)
{
    for (uint32_t i = 0; i < PS_SLOTS; i++) {
        if (c->readers[i].pid > 0 && atomic_load(&c->control->slots[i].state) != PS_SLOT_ABANDONED)
            (void) ps_watch_kill(&c->readers[i], c->proc);
    }
}
