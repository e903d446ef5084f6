/* SPDX-License-Identifier: Apache-2.0
 *
 * Is that reader still getting on? No progress for the read timeout is a hang, unless it waits for another role or is
 * merely starved of CPU.
 */
#ifndef PS_WATCHDOG_H
#define PS_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "parsers/catalog.h"

struct ps_watch {
    pid_t pid;          /* 0: nobody, or reaped */
    enum ps_reader lane;
    bool told;          /* its end was passed on */
    uint64_t progress, since_us, cpu_ns;
};

void ps_watch_begin(struct ps_watch *w, pid_t pid, enum ps_reader lane);
/* True when it has made no progress for timeout_ms. `waits`: it said that it waits for somebody else. `proc`: our own
 * /proc, or -1; there state R, elsewhere a CPU clock that moves, gives it more time. */
bool ps_watch_hangs(struct ps_watch *w, int proc, uint64_t progress, bool waits, uint64_t now_us, uint32_t timeout_ms);
/* True once it is dead and reaped; never blocks. */
bool ps_watch_reap(struct ps_watch *w);
/* SIGKILL, and a short wait for the end, longer while it only waits for a CPU to end on (`proc` as above; three seconds
 * at most): false when it does not die (a request that cannot be interrupted). */
bool ps_watch_kill(struct ps_watch *w, int proc);

#endif
