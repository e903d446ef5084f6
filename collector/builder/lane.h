/* SPDX-License-Identifier: Apache-2.0
 *
 * One lane of the builder: takes the frames of the quiet reader, the memory reader, whoever these are just now, or the
 * prober, and makes them into capture lines.
 */
#ifndef PS_LANE_H
#define PS_LANE_H

#include "collector/builder/line.h"
#include "collector/builder/lives.h"
#include "collector/procfs/control.h"
#include "collector/procfs/plan.h"
#include "collector/procfs/wanted.h"

struct ps_lane_builder {
    enum ps_reader lane;
    struct ps_control *control;
    const struct ps_plan *plan;
    const struct ps_roster *roster;
    struct ps_ring *rings;
    struct ps_lives *lives;
    uint32_t conductor; /* our own pid as the roster has it; 0: not in view */
    struct ps_line_builder line;
    uint32_t slot;
    bool slot_drained, finished, broken;
    uint32_t subject;
    enum ps_walk_phase phase; /* which the frames without a subject belong to */
    bool hold_opening;        /* quiet lane: the end of the opening sweep is not to be told yet */
    bool facts_told;          /* the line of facts of this lane has begun */
    uint64_t global_done;     /* a bit for each of the plan's global rows that has its capture */
    const struct ps_wanted *wanted;
    const struct ps_dumps *dumps;
    const struct ps_options *options;
    uint8_t wanted_done[PS_WANTED_MAX / 8]; /* a bit for each file that has its capture; memory lane */
    uint64_t contents;        /* captures of content */
};

/* Takes frames, at most about `budget` bytes of them. True when anything moved. */
bool ps_lane_take(struct ps_lane_builder *b, size_t budget);
/* A line for a life that this lane will not read: every planned capture `skipped`. */
void ps_lane_skip(struct ps_lane_builder *b, uint32_t subject);
/* How many entries of the roster there are. Once the quiet lane has walked all of them, or is over, this stays: readers
 * can write what they like there, and nobody waits for lines of what came later. */
uint32_t ps_lane_roster(const struct ps_lane_builder *b);
/* That moment: what the lane owes is skipped. */
void ps_lane_settle(struct ps_lane_builder *quiet);
/* True when that life is planned and has no line of this lane yet. */
bool ps_lane_owes(const struct ps_lane_builder *b, uint32_t subject);
/* After an early stop: what exists once and has no capture yet is skipped. */
void ps_lane_skip_global(struct ps_lane_builder *b);
/* When the lane is over: what was to be asked and never was, or by nobody, is skipped. */
void ps_lane_skip_facts(struct ps_lane_builder *b);
/* The memory lane has ended: what was wanted of files and not read is skipped. */
void ps_lane_skip_content(struct ps_lane_builder *b);

#endif
