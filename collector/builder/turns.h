/* SPDX-License-Identifier: Apache-2.0
 *
 * The three lanes in turns, so that what they bring is in the order that the format wants; and what nobody brought, told.
 */
#ifndef PS_TURNS_H
#define PS_TURNS_H

#include "collector/builder/builder.h"

struct ps_turns {
    const struct ps_builder_job *job;
    struct ps_output *out;
    struct ps_lives lives;
    struct ps_lane_builder lanes[PS_LANES];
    uint32_t memory_filled; /* roster entries whose memory line was looked after, once that lane is over */
    bool memory_said, content_said;
};

/* *t is zero, and stays where it is; all that is given is borrowed. False: memory is out. */
PS_MUST_CHECK bool ps_turns_make(struct ps_turns *t, const struct ps_builder_job *job, struct ps_output *out);
/* Until all lanes have ended, or the output has failed. */
void ps_turns_take_all(struct ps_turns *t);
/* After that, and after an early stop: every life that was seen has its lines, every phase its end. */
void ps_turns_account(struct ps_turns *t);

#endif
