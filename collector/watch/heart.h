/* SPDX-License-Identifier: Apache-2.0
 *
 * Is the watch of this container alive? Its name in /proc (comm) carries the second of its last turn:
 * "procsnap:1a2b3c", low 24 bits of CLOCK_BOOTTIME, in hex. Everybody may read it, and nobody outside of our control
 * group can have a process in it; a socket's name, in contrast, belongs to whoever of the task comes first.
 */
#ifndef PS_HEART_H
#define PS_HEART_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A watch turns at least once a minute; silence for so long is death. */
enum { PS_HEART_TURN_S = 60, PS_HEART_DEAD_S = 180 };

/* A turn was made. `delivering` false: bundles wait that could not be delivered. */
void ps_heart_beat(uint64_t now_us, bool delivering);
/* For a child process: its name is no heart. */
void ps_heart_none(void);

struct ps_heart {
    pid_t pid;
    uint64_t age_s; /* of the last turn */
    bool delivering;
};

/* The liveliest heart in the control group of this process, by the procfs `proc` (borrowed). False: none. */
bool ps_heart_find(int proc, uint64_t now_us, struct ps_heart *out);
/* Are that process and we in the same control groups: of the same container? */
bool ps_heart_shares_group(int proc, pid_t pid);

#endif
