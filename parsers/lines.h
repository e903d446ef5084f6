/* SPDX-License-Identifier: Apache-2.0
 *
 * The three shapes of a /proc file that is made of lines: a record a line, one line in all, one record of many lines.
 * A kind gives its reader of a line; offsets, cut ends and the order of records and issues are settled here.
 *
 * The kernel ends every line with a newline. A last line without one was cut: what it says is given, for nobody knows
 * how much is missing, and an issue follows.
 */
#ifndef PS_LINES_H
#define PS_LINES_H

#include "parsers/parser.h"

/* Reads one line, given without its newline, into *record. NULL, or what is wrong where `line` stands. */
typedef const char *ps_line_reader(struct ps_cursor *line, void *record);

/* A record a line. */
enum ps_step ps_next_row(struct ps_cursor *in, void *record, struct ps_issue *issue, ps_line_reader *read);
/* One line, nothing behind it. */
enum ps_step ps_next_only(struct ps_cursor *in, void *record, struct ps_issue *issue, ps_line_reader *read);
/* One record of many lines: it comes first, one issue for each wrong line follows, up to a limit that is told. The
 * reader sees the record as the lines before left it, and must set nothing when it finds the line wrong. It sees empty
 * lines too; those are never wrong. */
enum ps_step ps_next_whole(struct ps_cursor *in, void *record, struct ps_issue *issue, ps_line_reader *read);

/* All of the file but its last newline as the field, which is of the type PS_BYTES: for texts that may hold newlines
 * themselves. */
enum ps_step ps_next_text(struct ps_cursor *in, const struct ps_field *fields, size_t index, void *record,
                          struct ps_issue *issue);

/* Takes the first line of the file when the cursor stands before it, it begins so (behind any blanks) and is whole. */
void ps_skip_header(struct ps_cursor *in, const char *begins);

/* What follows "Key:" into a field, by its type: a number may be followed by " kB", PS_BYTES is all that follows the
 * one tab. */
const char *ps_read_value(struct ps_cursor *line, const struct ps_field *fields, size_t index, void *record);
/* A line "Key:\tvalue" or "key: value" into the field of that name. A key that is not in the table is passed over. The
 * second line of a key is wrong: the first one holds. */
const char *ps_read_keyed(struct ps_cursor *line, const struct ps_field *fields, size_t count, void *record);

/* For kinds whose one line is not found by its newline. ps_end_line stands behind the record: it takes the newline, or
 * leaves something for the next step to complain of; that step is ps_bad_rest. */
void ps_end_line(struct ps_cursor *in);
enum ps_step ps_bad_rest(struct ps_cursor *in, struct ps_issue *issue);

#endif
