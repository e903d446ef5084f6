/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/prober.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/host/prober_state.h"
#include "collector/sandbox/filter.h"
#include "collector/sandbox/hardening.h"

/* How soon a stop of the run is noticed, and the end of the walk. */
enum { SLICE_MS = 50, LINGER_US = 5000, PATIENCE_US = 1000 };

static void send(struct ps_prober *p, struct ps_frame *frame, const char *name, struct ps_span bytes)
{
    struct ps_ring *ring = p->job->ring;
    frame->subject = PS_NO_SUBJECT;
    frame->us = ps_boottime_us();
    frame->name_len = (uint8_t) strlen(name);
    uint8_t *place = ps_ring_reserve(ring, frame->name_len, bytes.len);
    /* Waiting for the builder is not our time. */
    uint64_t waited_us = ps_boottime_us() - frame->us;
    if (waited_us > PATIENCE_US) {
        p->deadline_us += waited_us;
        atomic_fetch_add(&p->job->control->slots[p->job->slot].progress, waited_us);
    }
    if (bytes.len > 0)
        memcpy(place, bytes.data, bytes.len);
    ps_ring_commit(ring, frame, name, bytes.len);
}

void ps_prober_send(struct ps_prober *p, enum ps_frame_kind kind, uint16_t row, const char *name, struct ps_span bytes,
                    uint8_t flags)
{
    struct ps_frame frame = {.kind = (uint8_t) kind, .row = row, .flags = flags};
    send(p, &frame, name, bytes);
}

void ps_prober_lost(struct ps_prober *p, uint16_t row, const char *name, int error)
{
    struct ps_frame frame = {.kind = PS_FRAME_LOST, .row = row, .error = error};
    frame.outcome = error == EACCES || error == EPERM ? PS_DENIED : PS_FAILED;
    send(p, &frame, name, ps_span_of(NULL, 0));
}

bool ps_prober_stopped(const struct ps_prober *p)
{
    return atomic_load_explicit(&p->job->control->stop, memory_order_relaxed) != 0;
}

int ps_prober_wait(const struct ps_prober *p, int fd, short events, uint64_t until_us)
{
    struct pollfd one = {.fd = fd, .events = events};
    for (;;) {
        uint64_t now = ps_boottime_us();
        if (ps_prober_stopped(p))
            return ECANCELED;
        if (now >= until_us)
            return ETIMEDOUT;
        uint64_t left_ms = (until_us - now) / 1000 + 1;
        int ready = poll(&one, fd < 0 ? 0 : 1, left_ms < SLICE_MS ? (int) left_ms : SLICE_MS);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return errno;
    }
}

static struct ps_probe_end ask(struct ps_prober *p, uint16_t row)
{
    struct ps_span path = ps_span_text(ps_catalog[row].path);
    if (p->job->elsewhere)
        return (struct ps_probe_end){.outcome = PS_ABSENT};
    if (ps_prober_stopped(p))
        return (struct ps_probe_end){.outcome = PS_SKIPPED};
    if (ps_span_starts(path, "facts/sock_diag/"))
        return ps_prober_sockets(p, row);
    if (ps_span_starts(path, "facts/cgroup/"))
        return ps_prober_cgroup(p, row);
    return ps_prober_metadata(p, row);
}

static void probe(struct ps_prober *p)
{
    const struct ps_rows *rows = &p->job->plan->facts[PS_PROBER];
    for (size_t i = 0; i < rows->count; i++) {
        uint16_t row = rows->rows[i];
        struct ps_frame end = {.kind = PS_FRAME_END, .row = row};
        ps_prober_send(p, PS_FRAME_BEGIN, row, "", ps_span_of(NULL, 0), 0);
        struct ps_probe_end how = ask(p, row);
        end.outcome = (uint8_t) how.outcome;
        end.error = how.error;
        send(p, &end, "", ps_span_of(NULL, 0));
    }
    ps_prober_send(p, PS_FRAME_DONE, 0, "", ps_span_of(NULL, 0), 0);
}

/* Stays until the walk has been past it: otherwise each snapshot had a process of our own that ended while it was read. */
static void linger(struct ps_prober *p)
{
    const struct ps_control *control = p->job->control;
    while (!atomic_load(&control->quiet_over) && !ps_prober_stopped(p) && ps_boottime_us() < p->deadline_us)
        (void) ps_prober_wait(p, -1, 0, ps_boottime_us() + LINGER_US);
}

_Noreturn void ps_prober_run(const struct ps_prober_job *job)
{
    struct ps_prober p = {.job = job, .deadline_us = ps_boottime_us() + PS_PROBER_US};
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != job->conductor)
        _exit(1);
    ps_harden_descriptors(NULL, 0);
    p.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    p.cgroup = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ps_sandbox_enter(PS_ROLE_PROBER);
    probe(&p);
    atomic_store(&job->control->slots[job->slot].state, PS_SLOT_ENDED);
    ps_control_ring_bell(job->control);
    linger(&p);
    _exit(0);
}
