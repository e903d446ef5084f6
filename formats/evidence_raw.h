/* SPDX-License-Identifier: Apache-2.0
 *
 * A raw member that waits for its journal line. Of a pack, where nobody will ask for the bytes, only the headers of its
 * entries are kept: those are what the journal is matched with. What no pack can be is told as soon as it comes.
 * Private to evidence.c.
 */
#ifndef PS_EVIDENCE_RAW_H
#define PS_EVIDENCE_RAW_H

#include "formats/digest.h"
#include "formats/pack.h"

struct ps_raw {
    struct ps_raw *before, *after; /* in the order in which they came; evidence.c's */
    bool pack;  /* entries; else the bytes of one capture */
    bool whole; /* all bytes are kept */
    bool object; /* the content of a file: nobody parses it, so only length and hash are kept */
    struct ps_sha256 hash;
    uint64_t size;
    struct ps_buffer kept;
    /* The entry under way. */
    uint64_t at, body; /* where its header begins; its bytes, with the newline behind them, that have not come yet */
    size_t head;       /* where its header begins in `kept` */
    char name[];
};

/* NULL when memory is out. */
struct ps_raw *ps_raw_new(struct ps_span name, bool whole);
void ps_raw_free(struct ps_raw *r);
/* Memory that it takes. */
uint64_t ps_raw_held(const struct ps_raw *r);
/* The next bytes. NULL, or what is wrong with them (ps_no_memory is ours). */
const char *ps_raw_bytes(struct ps_raw *r, struct ps_span bytes);
/* The entries, one after the other. The cursor is over r->kept and *at is 0 at first. Where only headers are kept,
 * out->bytes has a length and no data. */
enum ps_pack_step ps_raw_next(const struct ps_raw *r, struct ps_cursor *in, uint64_t *at, struct ps_pack_entry *out,
                              const char **why);

#endif
