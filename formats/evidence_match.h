/* SPDX-License-Identifier: Apache-2.0
 *
 * Which capture of a journal line does an entry of its packs belong to? Private to evidence.c.
 */
#ifndef PS_EVIDENCE_MATCH_H
#define PS_EVIDENCE_MATCH_H

#include "formats/journal_read.h"
#include "formats/pack.h"

/* Zero-initialised is valid; the room is used again from line to line. */
struct ps_match {
    size_t *used;       /* entries of each capture that have come */
    size_t room, first; /* captures before `first` are complete */
};

void ps_match_done(struct ps_match *m);
/* True when a line of that scope (and of that life) may name the member. */
bool ps_match_pack_name(const struct ps_journal_line *line, const char *name);
/* Checks what a line says of its own: lengths, places, names of captures. False with *why. */
PS_MUST_CHECK bool ps_match_begin(struct ps_match *m, const struct ps_journal_line *line, const char **why);
/* The capture of the next entry. */
PS_MUST_CHECK bool ps_match_entry(struct ps_match *m, const struct ps_journal_line *line, size_t pack,
                                  const struct ps_pack_entry *entry, size_t *capture, const char **why);
/* The content of a file, a member of its own: the next capture must say this length and hash of it; and the member is
 * named after the hash, unless the capture says that the file was read twice and was not the same. */
PS_MUST_CHECK bool ps_match_object(struct ps_match *m, const struct ps_journal_line *line, size_t pack, uint64_t length,
                                   const uint8_t *sha256, const char **why);
/* True when every entry of every capture has come; else *capture is the first that lacks one. */
PS_MUST_CHECK bool ps_match_end(struct ps_match *m, const struct ps_journal_line *line, size_t *capture,
                                const char **why);

#endif
