/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows found by the life (or anything else of a number and a text) that they are about: n log n to make, log n to ask,
 * however many lives of one pid an adversary put into a bundle.
 */
#ifndef PS_LIFE_INDEX_H
#define PS_LIFE_INDEX_H

#include "parsers/cursor.h"

struct ps_life_entry {
    uint64_t number;     /* a pid */
    struct ps_span text; /* borrowed: an entity_id */
    size_t row;          /* where it stands in its table */
};

/* Zero-initialised is empty and valid. */
struct ps_life_index {
    struct ps_life_entry *entries; /* owned */
    size_t count;
};

/* Room for so many entries, none of them filled. False when memory is out. */
PS_MUST_CHECK bool ps_life_index_make(struct ps_life_index *index, size_t room);
/* Within that room. */
void ps_life_index_add(struct ps_life_index *index, uint64_t number, struct ps_span text, size_t row);
/* When all are added, before the first is asked for. */
void ps_life_index_sort(struct ps_life_index *index);
/* Those of this life, in the order of their rows, and how many there are; NULL and 0 when there is none. */
const struct ps_life_entry *ps_life_index_find(const struct ps_life_index *index, uint64_t number, struct ps_span text,
                                               size_t *count);
void ps_life_index_done(struct ps_life_index *index);

#endif
