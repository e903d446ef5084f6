/* SPDX-License-Identifier: Apache-2.0
 *
 * A line of the journal, read back into the structs that wrote it. The text is an adversary's: it is checked with
 * json_check.h before the JSON library sees it, and every value is checked for type, range and column here.
 */
#ifndef PS_JOURNAL_READ_H
#define PS_JOURNAL_READ_H

#include "formats/journal.h"
#include "formats/json_check.h"

struct ps_journal_line {
    bool is_phase;
    struct ps_phase phase; /* when is_phase; the rest when not */
    struct ps_line line;
    struct ps_line_end end;
    const char *const *packs; /* each a name that ps_member_check allows */
    size_t pack_count;
    const struct ps_capture *captures; /* rows looked up in the catalog; pack < pack_count where stored */
    size_t capture_count;
    void *owned; /* all that the pointers above point to */
};

/* One line without its newline, at most PS_JSON_LINE_MAX bytes. False with *why (static text) and *out empty.
 * ps_journal_line_done frees what *out owns. */
PS_MUST_CHECK bool ps_journal_read(struct ps_json_check *check, struct ps_span text, struct ps_journal_line *out,
                                   const char **why);
void ps_journal_line_done(struct ps_journal_line *line);

#endif
