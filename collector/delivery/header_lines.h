/* SPDX-License-Identifier: Apache-2.0
 *
 * The header lines of a request, "Name: value" each, for the signer and for the exchange. Zero-initialised is empty.
 */
#ifndef PS_HEADER_LINES_H
#define PS_HEADER_LINES_H

#include "formats/buffer.h"

enum { PS_HEADER_LINES_MAX = 56 };

struct ps_header_lines {
    struct ps_buffer text;
    size_t at[PS_HEADER_LINES_MAX]; /* where each line begins in the text */
    size_t count;
    const char *lines[PS_HEADER_LINES_MAX + 1];
};

void ps_header_lines_add(struct ps_header_lines *h, const char *name, const char *value);
/* A whole line. */
void ps_header_lines_add_line(struct ps_header_lines *h, const char *line);
/* The list, which ends with NULL and lives until the next change; NULL when memory ran out, or there were too many. */
const char *const *ps_header_lines(struct ps_header_lines *h);
/* Wipes: a session token may be among them. */
void ps_header_lines_done(struct ps_header_lines *h);

#endif
