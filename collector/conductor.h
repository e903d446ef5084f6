/* SPDX-License-Identifier: Apache-2.0
 *
 * What the conductor of one snapshot has: made by collect.c before any fork, used there and by the lanes.
 */
#ifndef PS_CONDUCTOR_H
#define PS_CONDUCTOR_H

#include "collector/collect.h"
#include "collector/host/clock.h"
#include "collector/host/host.h"
#include "collector/host/procfs.h"
#include "collector/host/surroundings.h"
#include "collector/procfs/reader.h"
#include "collector/watchdog.h"

struct ps_conductor {
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

/* Why the bundle is sealed early; the first reason counts. */
void ps_conductor_note_early(struct ps_conductor *c, const char *why);

#endif
