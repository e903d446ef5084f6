/* SPDX-License-Identifier: Apache-2.0
 *
 * Any parser's record as JSON, driven by its field table: no code per kind.
 */
#ifndef PS_RECORD_JSON_H
#define PS_RECORD_JSON_H

#include "formats/json.h"
#include "parsers/parser.h"

/* One field, whether present or not, under a name of the caller's choice. */
void ps_record_field(struct ps_json *j, const char *name, const struct ps_field *field, const void *record);
/* Appends the bytes that a PS_ESCAPED value stands for: \ooo becomes one byte, anything else stays as it is. */
void ps_unescape(struct ps_buffer *out, struct ps_span escaped);
/* Adds the fields that are present, in table order, to the object that is open in `j`. */
void ps_record_fields(struct ps_json *j, const struct ps_parser *parser, const void *record);
/* One line, newline included: {"kind":"pid_stat","pid":1,...} */
void ps_record_line(struct ps_buffer *out, const struct ps_parser *parser, const void *record);
/* All lines of one saved /proc file: what `procsnap parse KIND` prints. Returns the number of issues. */
size_t ps_parse_lines(struct ps_buffer *out, const struct ps_parser *parser, struct ps_span file);

#endif
