/* SPDX-License-Identifier: Apache-2.0
 *
 * The lanes of one snapshot: quiet reader, memory reader and prober, each a process with a ring. A reader that hangs or
 * dies is followed by another one in its lane, with the next free ring; the prober has no successor.
 */
#ifndef PS_LANES_H
#define PS_LANES_H

#include "collector/conductor.h"

/* Starts all three. False with errno: a reader could not be forked; without a prober the run goes on. */
PS_MUST_CHECK bool ps_lanes_start(struct ps_conductor *c);
/* One look at each: reaps who ended, replaces who hangs, and frees rings that serve again. Blocks only as long as
 * ps_watch_kill does. `now` as ps_boottime_us tells it. */
void ps_lanes_look_after(struct ps_conductor *c, uint64_t now);
/* Kills and reaps whoever is left. */
void ps_lanes_end(struct ps_conductor *c);

#endif
