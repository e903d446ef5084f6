/* SPDX-License-Identifier: Apache-2.0
 *
 * How often each text occurs. Add them all, then count; n log n whatever an adversary makes of the texts.
 */
#ifndef PS_TALLY_H
#define PS_TALLY_H

#include "formats/buffer.h"

struct ps_tally_item {
    struct ps_span key; /* borrowed */
    uint64_t count;
};

/* Zero-initialised is empty and valid. */
struct ps_tally {
    struct ps_tally_item *items; /* owned */
    size_t count, room;
    bool failed;
};

void ps_tally_add(struct ps_tally *t, struct ps_span key);
/* From one item for each text added to one for each different text, the most frequent first, then by bytes. */
void ps_tally_count(struct ps_tally *t);
/* "nginx (12), sh (3), 4 others": as many as fit into `columns`, escaped; `none` when there is nothing. `absent` stands
 * for an empty text. */
void ps_tally_line(const struct ps_tally *t, size_t columns, const char *absent, const char *none,
                   struct ps_buffer *out);
void ps_tally_done(struct ps_tally *t);

#endif
