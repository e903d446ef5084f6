/* SPDX-License-Identifier: Apache-2.0
 *
 * The conductor: makes the shared memory, forks prober, quiet reader, memory reader and builder, watches their progress,
 * kills and replaces a reader that hangs, kills the prober when its time is over, and ends with what the builder says.
 */
#include "collector/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/builder/builder.h"
#include "collector/host/prober.h"
#include "collector/procfs/reader.h"
#include "collector/sandbox/hardening.h"
#include "collector/sightings.h"
#include "collector/watchdog.h"

struct conductor {
    const struct ps_options *options;
    const struct ps_progress *progress;
    struct ps_plan plan;
    struct ps_control *control;
    struct ps_roster *roster;
    struct ps_wanted *wanted;
    struct ps_dumps *dumps;
    bool own_proc_real; /* `proc` is a kernel's, and shows ourselves */
    struct ps_ring rings[PS_SLOTS];
    struct ps_host host;
    struct ps_surroundings surroundings;
    struct ps_rights rights;
    struct ps_limits limits;
    struct ps_caps caps;
    struct ps_anchor opening;
    struct ps_procfs procfs;
    int proc, oom_errno;
    pid_t self, builder;
    struct ps_watch readers[PS_SLOTS]; /* by slot */
    bool prober_forgotten;
    uint64_t deadline_us, memory_seen_us;
    int builder_status;
};

static bool prepare(struct conductor *c, struct ps_error *err)
{
    c->self = getpid();
    ps_anchor_take(&c->opening);
    c->deadline_us = c->opening.boottime_us + (uint64_t) c->options->deadline_ms * 1000;
    if (!ps_procfs_open(c->options->procfs, &c->procfs, err))
        return false;
    c->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->proc >= 0 && c->procfs.is_private && !ps_host_is_procfs(c->proc)) {
        close(c->proc); /* something else is mounted there */
        c->proc = fcntl(c->procfs.fd, F_DUPFD_CLOEXEC, 0);
    }
    c->own_proc_real = c->proc >= 0 && ps_host_is_procfs(c->proc) && faccessat(c->proc, "self/fd", F_OK, 0) == 0;
    ps_host_facts(c->procfs.fd, &c->host);
    ps_surroundings_own(c->proc, &c->procfs, &c->surroundings);
    if (!c->host.procfs)
        ps_surroundings_elsewhere(&c->surroundings);
    ps_rights_own(&c->rights);
    ps_limits_own(&c->limits);
    ps_caps_make(c->options, &c->limits, &c->caps);
    c->oom_errno = c->proc < 0 ? ENOENT : ps_harden_oom(c->proc);
    ps_harden_memory();
    ps_plan_make(c->options, &c->plan);
    if (c->plan.dumps && !c->host.procfs)
        return ps_fail(err, 0, "--memory: %s is a copy of a /proc, and no memory is in it; leave --memory out",
                       c->options->procfs);
    if (!c->host.procfs)
        c->plan.content.count = 0; /* links of a copied tree lead to files of this machine */
    c->control = ps_control_make(err);
    c->roster = c->control ? ps_roster_make(err) : NULL;
    c->wanted = c->roster ? ps_wanted_make(c->options, &c->caps, err) : NULL;
    c->dumps = c->wanted ? ps_dumps_make(c->options, &c->caps, err) : NULL;
    if (!c->dumps)
        return false;
    for (size_t i = 0; i < PS_SLOTS; i++) {
        if (!ps_ring_make(&c->rings[i], err))
            return false;
    }
    return true;
}

static void unmap_other_rings(struct conductor *c, uint32_t slot)
{
    if (c->options->sightings)
        munmap(c->options->sightings, sizeof *c->options->sightings);
    for (uint32_t i = 0; i < PS_SLOTS; i++) {
        if (i != slot)
            ps_ring_unmap(&c->rings[i]);
    }
}

static void lane_over(struct conductor *c, enum ps_reader lane)
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

static bool note_started(struct conductor *c, enum ps_reader lane, uint32_t slot, pid_t pid)
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

static bool start_reader(struct conductor *c, enum ps_reader lane, uint32_t slot, const struct ps_slot *before)
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
static void start_prober(struct conductor *c)
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

static bool start_builder(struct conductor *c)
{
    struct ps_builder_job job = {
        .options = c->options,
        .plan = &c->plan,
        .control = c->control,
        .roster = c->roster,
        .wanted = c->wanted,
        .dumps = c->dumps,
        .rings = c->rings,
        .host = &c->host,
        .procfs = &c->procfs,
        .surroundings = &c->surroundings,
        .rights = &c->rights,
        .limits = &c->limits,
        .caps = &c->caps,
        .opening = c->opening,
        .oom_errno = c->oom_errno,
        .conductor = c->self,
    };
    c->builder = fork();
    if (c->builder == 0)
        ps_builder_run(&job);
    return c->builder > 0;
}

static void note_early(struct conductor *c, const char *why)
{
    if (!atomic_load(&c->control->stop) && !atomic_load(&c->control->lane_lost))
        snprintf(c->control->early, sizeof c->control->early, "%s", why);
}

static void stop(struct conductor *c, const char *why)
{
    if (atomic_load(&c->control->stop))
        return;
    note_early(c, why);
    atomic_store(&c->control->stop, 1);
    ps_control_ring_bell(c->control);
}

static uint32_t free_slot(const struct conductor *c, uint32_t besides)
{
    for (uint32_t i = 0; i < PS_SLOTS; i++) {
        if (i != besides && atomic_load(&c->control->slots[i].state) == PS_SLOT_FREE)
            return i;
    }
    return PS_SLOTS;
}

/* The prober has no successor. */
static void forget_prober(struct conductor *c)
{
    bool over = atomic_load(&c->control->slots[PS_PROBER].state) == PS_SLOT_DRAINED;
    if (c->prober_forgotten || c->readers[PS_PROBER].pid > 0 || !over)
        return;
    ps_ring_forget(&c->rings[PS_PROBER]);
    c->prober_forgotten = true;
}

/* A ring that the builder has drained and whose writer is dead serves again. */
static void recycle(struct conductor *c)
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
static const char *dead_end(const struct conductor *c, const struct ps_slot *s, uint32_t next)
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
static void replace(struct conductor *c, uint32_t slot)
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
        note_early(c, why ? why : "no further reader could be started");
        atomic_store(&c->control->lane_lost, 1);
        lane_over(c, lane);
        return;
    }
    atomic_fetch_add(&c->control->readers_replaced, 1);
    ps_control_ring_bell(c->control);
}

/* Ends a reader that hangs, faulted, or wrote nonsense. It is retired only when it can write no more, or is given up. */
static void retire(struct conductor *c, uint32_t slot, bool timed_out)
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
static bool prober_is_late(const struct conductor *c, uint32_t slot, uint64_t now)
{
    const struct ps_watch *w = &c->readers[slot];
    uint64_t waited_us = atomic_load(&c->control->slots[slot].progress);
    if (atomic_load(&c->rings[slot].shared->waiting))
        return now - w->since_us > PS_PROBER_WAIT_US;
    return now - w->since_us > PS_PROBER_KILL_US + (waited_us < PS_PROBER_WAIT_US ? waited_us : PS_PROBER_WAIT_US);
}

static void look_after(struct conductor *c, uint32_t slot, uint64_t now)
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

static bool builder_over(struct conductor *c)
{
    int status = 0;
    pid_t got = waitpid(c->builder, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR))
        return false;
    c->builder_status = status;
    return true;
}

static const char *phase_now(const struct conductor *c)
{
    const struct ps_control *control = c->control;
    if (atomic_load(&control->lanes[PS_QUIET].over))
        return "seal";
    switch (atomic_load(&control->slots[atomic_load(&control->lanes[PS_QUIET].slot)].phase)) {
    case PS_WALK_GLOBAL:
        return "global";
    case PS_WALK_OPENING:
        return "opening";
    case PS_WALK_PROCESSES:
        return "quiet";
    case PS_WALK_WAIT:
        if (atomic_load(&control->slots[atomic_load(&control->lanes[PS_MEMORY].slot)].phase) == PS_WALK_CONTENT)
            return "content";
        return "memory";
    case PS_WALK_CLOSING:
        return "closing";
    default:
        return "seal";
    }
}

static void tell_progress(const struct conductor *c)
{
    if (!c->progress)
        return;
    uint64_t all = atomic_load(&c->roster->count), done = atomic_load(&c->control->walked);
    c->progress->phase(c->progress->context, phase_now(c), done, all);
}

/* Why that signal ends the reading, or NULL. A session that is cut takes nothing from a bundle that is delivered: the
 * run goes on without the terminal. */
static const char *signal_reason(const struct conductor *c, int number)
{
    switch (number) {
    case SIGTERM:
        return "signal SIGTERM";
    case SIGINT:
        return "signal SIGINT";
    case SIGHUP:
        return c->options->remote ? NULL : "signal SIGHUP: the session was cut";
    default:
        return NULL;
    }
}

/* Waits for signals, a child's end or the next look. */
static void wait_a_tick(struct conductor *c, const sigset_t *signals)
{
    struct timespec tick = {.tv_nsec = 10 * 1000000};
    const char *why = signal_reason(c, sigtimedwait(signals, NULL, &tick));
    if (why)
        stop(c, why);
}

/* What this container has left for everybody, our own use counted: before the application suffers, the run seals. */
static void look_after_memory(struct conductor *c, uint64_t now)
{
    enum { BETWEEN_US = 50000 };
    struct ps_limits limits;
    if (c->caps.floor_bytes == 0 || now - c->memory_seen_us < BETWEEN_US)
        return;
    c->memory_seen_us = now;
    ps_limits_own(&limits);
    if (limits.left_bytes.known == PS_LIMITED && limits.left_bytes.value < c->caps.floor_bytes)
        stop(c, "the memory of the container is nearly full");
}

static void conduct(struct conductor *c, const sigset_t *signals)
{
    while (!builder_over(c)) {
        uint64_t now = ps_boottime_us();
        if (now > c->deadline_us)
            stop(c, "deadline");
        look_after_memory(c, now);
        for (uint32_t i = 0; i < PS_SLOTS; i++)
            look_after(c, i, now);
        recycle(c);
        forget_prober(c);
        tell_progress(c);
        wait_a_tick(c, signals);
    }
    /* A short run seals between two looks. */
    if (c->progress && c->control->verdict.sealed)
        c->progress->phase(c->progress->context, "seal", 0, 0);
}

static enum ps_collect_status verdict(struct conductor *c, struct ps_verdict *out, struct ps_error *err)
{
    uint32_t said = atomic_load(&c->control->exit_status);
    *out = c->control->verdict;
    out->readers_replaced = atomic_load(&c->control->readers_replaced);
    out->readers_abandoned = atomic_load(&c->control->readers_abandoned);
    out->covers = c->procfs.covers;
    out->seen_past = c->procfs.is_private;
    out->took_us = ps_boottime_us() - c->opening.boottime_us;
    if (said > 0) {
        enum ps_collect_status status = (enum ps_collect_status) (said - 1);
        if (status != PS_SEALED && status != PS_SEALED_EARLY) {
            *err = c->control->error;
            out->sealed = false;
        }
        return status;
    }
    out->sealed = false;
    if (WIFSIGNALED(c->builder_status))
        ps_fail(err, 0, "the process that writes the bundle was killed by signal %d (%s); a part file may be at the "
                        "destination", WTERMSIG(c->builder_status), strsignal(WTERMSIG(c->builder_status)));
    else
        ps_fail(err, 0, "the process that writes the bundle ended unexpectedly");
    return PS_NOT_SEALED;
}

/* Those that were given up have their SIGKILL already: nobody waits for them once more. */
static void end_readers(struct conductor *c)
{
    for (uint32_t i = 0; i < PS_SLOTS; i++) {
        if (c->readers[i].pid > 0 && atomic_load(&c->control->slots[i].state) != PS_SLOT_ABANDONED)
            (void) ps_watch_kill(&c->readers[i], c->proc);
    }
}

enum ps_collect_status ps_collect(const struct ps_options *options, const struct ps_progress *progress,
                                  struct ps_verdict *out, struct ps_error *err)
{
    static struct conductor c;
    sigset_t signals, before;
    c.options = options;
    c.progress = progress;
    if (!prepare(&c, err))
        return PS_NOT_SEALED;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, &before);
    start_prober(&c);
    if (!start_reader(&c, PS_QUIET, PS_QUIET, NULL) || !start_reader(&c, PS_MEMORY, PS_MEMORY, NULL) ||
        !start_builder(&c)) {
        int why = errno;
        end_readers(&c);
        sigprocmask(SIG_SETMASK, &before, NULL);
        ps_fail(err, why, "cannot start a process (fork); a pids limit of the container may be too low, three are needed");
        return PS_NOT_SEALED;
    }
    conduct(&c, &signals);
    end_readers(&c);
    /* The signals stay blocked: one that came too late to stop anything must not cost the head line. */
    return verdict(&c, out, err);
}
