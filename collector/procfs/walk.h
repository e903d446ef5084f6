/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is there: the listings of /proc, the sweeps, and what the quiet reader puts into the roster.
 */
#ifndef PS_WALK_H
#define PS_WALK_H

#include "collector/procfs/reader.h"

/* Sends stat of every process as one capture; the opening sweep also fills the roster. Pids that the sweep of a
 * predecessor came to are passed over, the one that it was stuck at among them, in whatever order they are listed. */
void ps_walk_sweep(struct ps_reader_state *r, bool opening);
/* Lists again and puts pids that are new into the roster; returns how many. */
uint32_t ps_walk_relist(struct ps_reader_state *r);
/* True when that pid is on the roster, whichever life of it. */
bool ps_walk_knows(const struct ps_reader_state *r, uint32_t pid);
/* Reads <pid>/stat into `place` of PS_STAT_ROOM bytes; the length, or -errno. EXDEV: something that is no procfs is
 * mounted over that process. */
ssize_t ps_walk_read_stat(struct ps_reader_state *r, const char *pid, uint8_t *place);
/* One more life. At PS_ROSTER_MAX it is counted as missing instead. */
void ps_roster_add(struct ps_reader_state *r, uint32_t pid, const struct ps_look *look);

#endif
