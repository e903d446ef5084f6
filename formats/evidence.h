/* SPDX-License-Identifier: Apache-2.0
 *
 * The raw bytes of a bundle and its journal, brought together again: of packs and global members is kept what is needed
 * until the journal line that names them has come, then each entry is handed out with the capture that it belongs to.
 * Entries and captures must match one to one, in order, by name, kind, place and length (docs/BUNDLE.md section 4);
 * whatever does not ends the work.
 */
#ifndef PS_EVIDENCE_H
#define PS_EVIDENCE_H

#include "formats/journal_read.h"
#include "formats/member_class.h"
#include "formats/records.h"

/* What is handed out, in journal order: a line, its entries in pack order, its captures, its end; or a phase. NULL
 * functions are left out; without `entry` nobody needs the raw bytes, and they are not kept. Everything is borrowed for
 * the call. */
struct ps_evidence_visitor {
    void *context;
    void (*line)(void *context, const struct ps_line *line);
    void (*entry)(void *context, const struct ps_entry *entry);
    void (*capture)(void *context, const struct ps_capture *capture);
    void (*line_end)(void *context, const struct ps_line_end *end);
    void (*phase)(void *context, const struct ps_phase *phase);
    /* Where members can be read again at any time, none is kept: gives all bytes of one that came before to
     * ps_evidence_bytes. False with *why, as that says. NULL: they come once. */
    bool (*again)(void *context, struct ps_span member, const char **why);
};

/* Memory of raw members that wait for their journal line, all together: with their bytes, and without. */
#define PS_EVIDENCE_BYTES_MAX (UINT64_C(1) << 30)
enum { PS_EVIDENCE_HEADS_MAX = 32 << 20 };

struct ps_evidence;

/* NULL when memory is out. *visitor is copied. */
struct ps_evidence *ps_evidence_new(const struct ps_evidence_visitor *visitor);
void ps_evidence_free(struct ps_evidence *e);

/* All of these: false with *why (static text; ps_no_memory is ours), and every later call as well. */

/* A raw member (ps_member_is_raw) begins; its bytes follow. */
PS_MUST_CHECK bool ps_evidence_member(struct ps_evidence *e, struct ps_span name, const char **why);
PS_MUST_CHECK bool ps_evidence_bytes(struct ps_evidence *e, struct ps_span bytes, const char **why);
/* One line of the journal, without its newline. */
PS_MUST_CHECK bool ps_evidence_journal(struct ps_evidence *e, struct ps_json_check *check, struct ps_span text,
                                       const char **why);
/* Nothing more comes: no raw member may be left. */
PS_MUST_CHECK bool ps_evidence_end(struct ps_evidence *e, const char **why);
/* Of a bundle that is cut short: the raw members that no line has named, in the order in which they came, the last one
 * as far as it goes. Name and bytes are borrowed until ps_evidence_free or the next line. */
void ps_evidence_left(const struct ps_evidence *e, void *context,
                      void (*each)(void *context, struct ps_span name, struct ps_span bytes));
/* The member that the last failure is about, or an empty span. */
struct ps_span ps_evidence_culprit(const struct ps_evidence *e);

/* True when all phases have come; a run that planned no content has no end of it. */
bool ps_evidence_is_complete(const struct ps_evidence *e);
/* True when a line was about content; *ended: the phase of it was told. */
bool ps_evidence_has_content(const struct ps_evidence *e, bool *ended);

struct ps_evidence_counts {
    uint64_t lines, captures, outcomes[PS_OUTCOMES];
    uint64_t raw_members, entries, bytes; /* seen; bytes: of entries and global members */
};
const struct ps_evidence_counts *ps_evidence_counts(const struct ps_evidence *e);

#endif
