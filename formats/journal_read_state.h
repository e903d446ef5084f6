/* SPDX-License-Identifier: Apache-2.0
 *
 * What journal_read.c (the line) and journal_capture.c (its captures) share, and nobody else sees.
 */
#ifndef PS_JOURNAL_READ_STATE_H
#define PS_JOURNAL_READ_STATE_H

#include "formats/journal_read.h"
#include "formats/json_value.h"

/* The arrays are one allocation each, so that a line costs a handful of them. */
struct ps_journal_owned {
    cJSON *tree;
    const char **packs;
    struct ps_capture *captures;
    struct ps_stored *entries;
    struct ps_lost *lost;
    struct ps_file_facts *facts;
    struct ps_dump_facts *dumps;
    struct ps_buffer paths; /* bytes of paths that stand in base64 */
    size_t pack_count, capture_count, entry_count, lost_count, fact_count, dump_count; /* used so far */
};

/* Makes room for the captures of both arrays and reads them. line->line is known already. False with *why. */
PS_MUST_CHECK bool ps_journal_read_captures(const cJSON *packs, const cJSON *captures, struct ps_journal_line *line,
                                            struct ps_journal_owned *o, const char **why);

#endif
