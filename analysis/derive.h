/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files that derive the records of a bundle that is cut short (derive.c, derive_cut.c) share, and nobody else
 * sees.
 */
#ifndef PS_DERIVE_H
#define PS_DERIVE_H

#include "analysis/load.h"
#include "formats/evidence.h"

/* A life as a line of the journal or an entry of the opening sweep tells it; several of one life are joined. */
struct ps_derived_life {
    uint32_t pid;
    uint64_t start;
    bool seen[2], ended[2]; /* by enum ps_reader: a line of it was there, and one that was the last */
    struct ps_span stat;    /* of the opening sweep; in the pool */
    const char *member;     /* where that stood; in the pool */
};

struct ps_derive {
    struct ps_loader *l;
    struct ps_records *records;   /* owned, as is the evidence */
    struct ps_evidence *evidence;
    struct ps_json_check check;
    struct ps_line line; /* under way; its texts are gone */
    bool flawed;         /* journal and raw bytes do not match from here on */
    struct ps_derived_life *lives;
    size_t count, room;
    bool joined; /* one item for each life, by pid and start: no more are noted */
};

/* Handing a line to the records, as the journal does; derive.c. */
void ps_derive_line(void *context, const struct ps_line *line);
void ps_derive_entry(void *context, const struct ps_entry *entry);
void ps_derive_capture(void *context, const struct ps_capture *capture);
void ps_derive_line_end(void *context, const struct ps_line_end *end);

/* Pid and start of a stat; false when it is none. */
bool ps_derive_stat(struct ps_span bytes, uint32_t *pid, uint64_t *start);

/* derive_cut.c: what the journal does not tell any more. */
void ps_derive_cut(struct ps_derive *d);

#endif
