/* SPDX-License-Identifier: Apache-2.0
 *
 * The conductor: makes the shared memory, starts who reads (lanes.c) and the builder, waits for deadline, signals and
 * ends, and ends with what the builder says.
 */
#include "collector/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/builder/builder.h"
#include "collector/lanes.h"
#include "collector/sandbox/hardening.h"

static bool prepare(struct ps_conductor *c, struct ps_error *err)
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

static bool start_builder(struct ps_conductor *c)
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

void ps_conductor_note_early(struct ps_conductor *c, const char *why)
{
    if (!atomic_load(&c->control->stop) && !atomic_load(&c->control->lane_lost))
        snprintf(c->control->early, sizeof c->control->early, "%s", why);
}

static void stop(struct ps_conductor *c, const char *why)
{
    if (atomic_load(&c->control->stop))
        return;
    ps_conductor_note_early(c, why);
    atomic_store(&c->control->stop, 1);
    ps_control_ring_bell(c->control);
}

static bool builder_over(struct ps_conductor *c)
{
    int status = 0;
    pid_t got = waitpid(c->builder, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR))
        return false;
    c->builder_status = status;
    return true;
}

static const char *phase_now(const struct ps_conductor *c)
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

static void tell_progress(const struct ps_conductor *c)
{
    if (!c->progress)
        return;
    uint64_t all = atomic_load(&c->roster->count), done = atomic_load(&c->control->walked);
    c->progress->phase(c->progress->context, phase_now(c), done, all);
}

/* Why that signal ends the reading, or NULL. A session that is cut takes nothing from a bundle that is delivered: the
 * run goes on without the terminal. */
static const char *signal_reason(const struct ps_conductor *c, int number)
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
static void wait_a_tick(struct ps_conductor *c, const sigset_t *signals)
{
    struct timespec tick = {.tv_nsec = 10 * 1000000};
    const char *why = signal_reason(c, sigtimedwait(signals, NULL, &tick));
    if (why)
        stop(c, why);
}

/* What this container has left for everybody, our own use counted: before the application suffers, the run seals. */
static void look_after_memory(struct ps_conductor *c, uint64_t now)
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

static void conduct(struct ps_conductor *c, const sigset_t *signals)
{
    while (!builder_over(c)) {
        uint64_t now = ps_boottime_us();
        if (now > c->deadline_us)
            stop(c, "deadline");
        look_after_memory(c, now);
        ps_lanes_look_after(c, now);
        tell_progress(c);
        wait_a_tick(c, signals);
    }
    /* A short run seals between two looks. */
    if (c->progress && c->control->verdict.sealed)
        c->progress->phase(c->progress->context, "seal", 0, 0);
}

static enum ps_collect_status verdict(struct ps_conductor *c, struct ps_verdict *out, struct ps_error *err)
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

enum ps_collect_status ps_collect(const struct ps_options *options, const struct ps_progress *progress,
                                  struct ps_verdict *out, struct ps_error *err)
{
    static struct ps_conductor c;
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
    if (!ps_lanes_start(&c) || !start_builder(&c)) {
        int why = errno;
        ps_lanes_end(&c);
        sigprocmask(SIG_SETMASK, &before, NULL);
        ps_fail(err, why, "cannot start a process (fork); a pids limit of the container may be too low, three are needed");
        return PS_NOT_SEALED;
    }
    conduct(&c, &signals);
    ps_lanes_end(&c);
    /* The signals stay blocked: one that came too late to stop anything must not cost the head line. */
    return verdict(&c, out, err);
}
