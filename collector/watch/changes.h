/* SPDX-License-Identifier: Apache-2.0
 *
 * What changed between two snapshots of a watch, as its log may tell it: entity ids and hashes, the first ones, and how
 * many more there are.
 */
#ifndef PS_CHANGES_H
#define PS_CHANGES_H

#include <sys/types.h>

#include "collector/sightings.h"
#include "formats/json.h"

enum { PS_CHANGES_PROCESSES = 14, PS_CHANGES_EXECUTABLES = 8 };

/* Sorts *now, and leaves out what is ours: `watch` and `conductor` with their children. Once, before it is compared. */
void ps_changes_settle(struct ps_sightings *now, pid_t watch, pid_t conductor);
/* Adds "changes": both are settled. Programs are told when both snapshots hashed any. */
void ps_changes_add(struct ps_json *j, const struct ps_sightings *before, const struct ps_sightings *now);

#endif
