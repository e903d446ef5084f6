/* SPDX-License-Identifier: Apache-2.0
 *
 * The prober: the process that asks what stands in no file below /proc. The kernel's own socket tables, the control
 * group that we are in, and the task metadata endpoint of ECS. It lives for two seconds at most, and nothing waits for
 * it but the end of the opening sweep.
 */
#ifndef PS_PROBER_H
#define PS_PROBER_H

#include <sys/types.h>

#include "collector/host/caps.h"
#include "collector/procfs/control.h"
#include "collector/procfs/plan.h"

/* What the prober gives itself for everything, after how long its parent ends it, and how long it may wait for the
 * builder beside that. Microseconds. */
enum { PS_PROBER_US = 2000000, PS_PROBER_KILL_US = 2200000, PS_PROBER_WAIT_US = 30000000 };

/* The variable that names the endpoint of this container; set by ECS. */
#define PS_METADATA_VARIABLE "ECS_CONTAINER_METADATA_URI_V4"

/* Everything it is given before the fork. Borrowed. */
struct ps_prober_job {
    const struct ps_plan *plan;
    struct ps_control *control;
    const struct ps_caps *caps;
    struct ps_ring *ring;
    pid_t conductor;
    uint32_t slot;
    bool elsewhere; /* the procfs is a copy from another machine: nothing here is about it */
};

/* The whole life of the process; does not return. */
_Noreturn void ps_prober_run(const struct ps_prober_job *job);

#endif
