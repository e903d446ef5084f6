/* SPDX-License-Identifier: Apache-2.0
 *
 * What a watch says of a snapshot that was sealed.
 */
#ifndef PS_SNAPSHOT_EVENT_H
#define PS_SNAPSHOT_EVENT_H

#include "collector/collect.h"
#include "collector/sightings.h"
#include "collector/watch/events.h"

/* `asked`: who asked for it; "" nobody. `before` and `now` are compared; `before` NULL: not. */
void ps_snapshot_event(struct ps_events *e, const struct ps_verdict *v, const char *reason, const char *asked,
                       const struct ps_sightings *before, const struct ps_sightings *now);

#endif
