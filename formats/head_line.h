/* SPDX-License-Identifier: Apache-2.0
 *
 * The one line that is said when a bundle is sealed, for a log that the container cannot change afterwards:
 *
 *   EVIDENCE v1 bundle=<id> seq=<n> root=<64 hex> pk=<minisign public key> prev=<64 hex or ->
 */
#ifndef PS_HEAD_LINE_H
#define PS_HEAD_LINE_H

#include "formats/digest.h"
#include "formats/member_name.h"
#include "formats/signing_key.h"

#define PS_HEAD_LINE_START "EVIDENCE v1 bundle="

struct ps_head {
    char bundle[PS_BUNDLE_ID_LEN + 1];
    uint64_t seq;
    uint8_t root[PS_SHA256_LEN];
    struct ps_public_key pk;
    bool has_prev;
    uint8_t prev[PS_SHA256_LEN]; /* the root of the bundle before, when has_prev */
};

/* Appends the line, newline included. */
void ps_head_line_write(const struct ps_head *head, struct ps_buffer *out);
/* The line without its end, and nothing about what follows; false with cursor and *out untouched. */
PS_MUST_CHECK bool ps_head_line_take(struct ps_cursor *in, struct ps_head *out);
/* Strict: exactly one such line; the newline may be missing. False with *out untouched. */
PS_MUST_CHECK bool ps_head_line_read(struct ps_span text, struct ps_head *out);

#endif
