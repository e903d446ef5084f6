/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes of the evidence as text that no terminal acts on. A hostile process chooses its name, its arguments and its
 * paths: shown as they are, they move the cursor, forge lines, or turn the reading direction round. Everything that
 * people see goes through here, also when it goes into a file: someone will cat that file.
 *
 * What is not plain text becomes \xHH (a byte that is a control character or belongs to no well-formed UTF-8) or
 * \u{HHHH} (an invisible or direction-changing character, and combining marks without a letter or more than four of
 * them, which would grow over the lines around); a backslash is doubled, so the exact bytes can be had back.
 */
#ifndef PS_PRINTABLE_H
#define PS_PRINTABLE_H

#include "formats/buffer.h"

/* One string of the evidence: a newline in it is escaped as well. */
void ps_printable_add(struct ps_buffer *out, struct ps_span bytes);
/* Terminal columns that ps_printable_add takes for it: wide characters count two, combining ones none. */
size_t ps_printable_columns(struct ps_span bytes);
/* Exactly `columns` wide: padded with blanks, or cut with `~` in the last column. */
void ps_printable_add_cell(struct ps_buffer *out, struct ps_span bytes, size_t columns);
/* At most `columns` wide, cut with `~`; no padding. */
void ps_printable_add_cut(struct ps_buffer *out, struct ps_span bytes, size_t columns);
/* All of it, on as many lines as it takes within `columns`; those after the first are indented. */
void ps_printable_add_broken(struct ps_buffer *out, struct ps_span bytes, size_t indent, size_t columns);

/* The last belt, for text that was put together from escaped strings and our own words: keeps newlines, tabs and
 * backslashes, escapes everything else as above. Leaves such text as it is. */
void ps_printable_add_text(struct ps_buffer *out, struct ps_span text);
/* Terminal columns of one line of such text. */
size_t ps_printable_text_columns(struct ps_span line);
/* Lines of such text, none wider than `columns`: what is longer goes on in the next line, indented more than the line
 * it belongs to. Broken at blanks where there are any, never within an escape. */
void ps_printable_add_folded(struct ps_buffer *out, struct ps_span text, size_t columns);
/* The same for valid JSON: what a terminal could act on inside its strings becomes \uHHHH, the value stays. */
void ps_printable_add_json(struct ps_buffer *out, struct ps_span json);

#endif
