/* SPDX-License-Identifier: Apache-2.0
 *
 * A line that is a row of columns: the shape of most tables of the kernel. A kind gives its field table, in the order
 * of printing.
 */
#ifndef PS_COLUMNS_H
#define PS_COLUMNS_H

#include "parsers/parser.h"

/* Reads fields[first] to fields[count - 1], each from one column: numbers as their type says, PS_BYTES as a word. The
 * columns are divided by blanks or tabs; those before the first and behind the last are passed over. The line may end
 * behind fields[least - 1]. A last field of the type PS_WORD_LIST takes whatever columns are left, which a newer kernel
 * added; without one, they are wrong. NULL, or what is wrong where `line` stands. */
const char *ps_read_columns(struct ps_cursor *line, const struct ps_field *fields, size_t first, size_t least,
                            size_t count, void *record);

/* Blanks and tabs; false when there is neither. */
bool ps_skip_blanks(struct ps_cursor *line);
/* All that is left of the line as the field, which must be of the type PS_BYTES; absent when nothing is left. */
void ps_put_rest(struct ps_cursor *line, const struct ps_field *fields, size_t index, void *record);

/* Hex digits, two for each byte, as %pI6 and %08X print an address: exactly so many bytes, none of them moved. */
PS_MUST_CHECK bool ps_take_hex_bytes(struct ps_cursor *line, uint8_t *out, size_t count);
/* An IPv4 address that is printed as one number of a little-endian machine: 0100007F is 127.0.0.1. */
PS_MUST_CHECK bool ps_take_ip4_word(struct ps_cursor *line, uint8_t *out);

#endif
