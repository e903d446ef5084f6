/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the prober (prober.c, prober_*.c) share, and nobody else sees.
 */
#ifndef PS_PROBER_STATE_H
#define PS_PROBER_STATE_H

#include "collector/host/prober.h"
#include "formats/journal.h"

struct ps_prober {
    const struct ps_prober_job *job;
    uint64_t deadline_us; /* of everything */
    int proc, cgroup;     /* our own /proc and /sys/fs/cgroup, O_PATH; -1: not there */
};

/* How a question ended. */
struct ps_probe_end {
    enum ps_outcome outcome;
    int error; /* errno, or 0 */
};

/* Bytes of an answer. `name`: of an entry of a family, of a further part, or "". `flags`: PS_FLAG_*. `more`: the next
 * bytes go on with the same one (kind PS_FRAME_MORE). */
void ps_prober_send(struct ps_prober *p, enum ps_frame_kind kind, uint16_t row, const char *name, struct ps_span bytes,
                    uint8_t flags);
void ps_prober_lost(struct ps_prober *p, uint16_t row, const char *name, int error);
bool ps_prober_stopped(const struct ps_prober *p);
/* Waits until the descriptor is ready for these poll(2) events. 0, or ETIMEDOUT at `until_us` (CLOCK_BOOTTIME), or
 * ECANCELED when the run is stopped, or what poll said. */
int ps_prober_wait(const struct ps_prober *p, int fd, short events, uint64_t until_us);

/* prober_sockets.c: one table by NETLINK_SOCK_DIAG (sock_diag(7)), netlink messages as they come, to the last one. */
struct ps_probe_end ps_prober_sockets(struct ps_prober *p, uint16_t row);
/* prober_cgroup.c: limits, use and events of our own control group, an entry for each file. */
struct ps_probe_end ps_prober_cgroup(struct ps_prober *p, uint16_t row);
/* prober_metadata.c: one answer of the task metadata endpoint v4, as it came: status line, head and body. */
struct ps_probe_end ps_prober_metadata(struct ps_prober *p, uint16_t row);

#endif
