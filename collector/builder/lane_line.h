/* SPDX-License-Identifier: Apache-2.0
 *
 * How the lines of one lane begin and end; between the files of the lane alone.
 */
#ifndef PS_LANE_LINE_H
#define PS_LANE_LINE_H

#include "collector/builder/lane.h"

/* PS_LIFE_QUIET or PS_LIFE_MEMORY. */
uint8_t ps_lane_flag(const struct ps_lane_builder *b);
/* The line of a life of the roster; false when it had one, or there is no such life. */
bool ps_lane_begin_process(struct ps_lane_builder *b, uint32_t subject, uint64_t us);
/* A line about the files of a life that has its other lines already. */
bool ps_lane_begin_content(struct ps_lane_builder *b, uint32_t subject, uint64_t us);
bool ps_lane_in_content(const struct ps_lane_builder *b);
/* Ends a line of either sort: what is open as `open_as`, what was not begun as `rest`. */
void ps_lane_end_process(struct ps_lane_builder *b, enum ps_outcome open_as, enum ps_outcome rest,
                         const struct ps_line_end *end, uint64_t us);
void ps_lane_begin_facts(struct ps_lane_builder *b, uint64_t us);
/* A line of what belongs to no process begins with its first capture. */
bool ps_lane_begin_other(struct ps_lane_builder *b, uint64_t us);
/* `phase_over`: nobody goes on behind it. */
void ps_lane_end_other(struct ps_lane_builder *b, enum ps_outcome open_as, bool phase_over, uint64_t us);

/* lane_frame.c: false when the frame makes no sense, and its reader cannot be believed. */
PS_MUST_CHECK bool ps_lane_frame(struct ps_lane_builder *b, const struct ps_frame *f, const uint8_t *name,
                                 const uint8_t *data);

#endif
