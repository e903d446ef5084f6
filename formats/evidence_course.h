/* SPDX-License-Identifier: Apache-2.0
 *
 * The course of a run as its journal tells it: phases in their order, each sort of line in its time, content only of
 * lives that were read, facts once. Private to evidence.c.
 */
#ifndef PS_EVIDENCE_COURSE_H
#define PS_EVIDENCE_COURSE_H

#include "formats/journal_read.h"

struct ps_course_life;

/* Zero-initialised is valid. */
struct ps_course {
    size_t phases; /* how many have come or were left out */
    bool left_out; /* one at least was */
    bool content_ended, content_told;
    struct ps_course_life *lives; /* open addressing by pid and start; owned */
    size_t life_count, life_room;
    bool facts[PS_READERS]; /* the line of facts of that reader has come */
};

void ps_course_done(struct ps_course *c);
/* Both: false with *why, static text. */
PS_MUST_CHECK bool ps_course_phase(struct ps_course *c, const struct ps_phase *phase, const char **why);
PS_MUST_CHECK bool ps_course_line(struct ps_course *c, const struct ps_journal_line *line, const char **why);
/* True when all phases have come; that of content in runs that planned any. */
bool ps_course_is_complete(const struct ps_course *c);

#endif
