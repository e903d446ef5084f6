/* SPDX-License-Identifier: Apache-2.0
 *
 * The last phase of the memory reader: the content of files. What would be lost first comes first: executables that
 * have no name any more, deleted files that are held open, then the other executables (a hash, and the content where no
 * image has it), what processes have mapped and what their arguments name, and the files that changed.
 */
#ifndef PS_CONTENT_H
#define PS_CONTENT_H

#include "collector/procfs/root.h"

/* Where the phase is: the stage in the upper bits, what it is at in the lower ones. */
enum { PS_STAGE_SCAN = PS_WANTS, PS_STAGE_DRIFT, PS_STAGES, PS_STAGE_SHIFT = 24 };
_Static_assert(PS_ROSTER_MAX < 1 << PS_STAGE_SHIFT, "an index of the roster fits below the stage");
_Static_assert(PS_NOTED_MAX < 1 << PS_STAGE_SHIFT, "so does one of the notes");

/* Goes on at that position, 0 from the beginning. */
void ps_content_walk(struct ps_reader_state *r, uint32_t from);
/* Tells where it is. */
void ps_content_at(struct ps_reader_state *r, uint32_t stage, uint32_t index);

/* A process under its pin, whose start is that of the roster. */
struct ps_pinned {
    struct ps_target t;
    struct ps_roster_entry entry;
    int stat;
    bool said; /* its line has begun */
};
PS_MUST_CHECK bool ps_pin(struct ps_reader_state *r, uint32_t subject, struct ps_pinned *out);
/* The line begins, unless it has. */
void ps_pin_say(struct ps_pinned *p);
/* The last look; ends the line, if it began. */
void ps_pin_done(struct ps_pinned *p);
/* Ends the line of one that could not be pinned. */
void ps_pin_gone(struct ps_pinned *p);

/* loaded.c: libraries and scripts that are not from the image of their process, of all that were noted. */
void ps_loaded_scan(struct ps_reader_state *r);
/* drift.c: what changed below one root. */
void ps_drift_walk(struct ps_reader_state *r, uint32_t subject);

#endif
