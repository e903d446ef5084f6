/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 4648 section 4: the standard alphabet, padded, on one line. Decoding accepts the one canonical spelling of a
 * value and nothing else (no blanks, no missing padding, unused bits zero), so that a signed text has no second form.
 */
#ifndef PS_BASE64_H
#define PS_BASE64_H

#include "formats/buffer.h"

/* Characters needed for `len` bytes, without a NUL. len is at most SIZE_MAX / 2. */
size_t ps_base64_len(size_t len);
/* Appends; a failed allocation shows in out->failed as always. */
void ps_base64_add(struct ps_buffer *out, struct ps_span bytes);
/* Exactly ps_base64_len(bytes.len) characters, no NUL: for callers that own fixed or locked memory. */
void ps_base64_encode(struct ps_span bytes, char *out);
/* True when the text is the spelling of exactly `len` bytes, then stored in *out; else *out is untouched. */
PS_MUST_CHECK bool ps_base64_decode(struct ps_span text, uint8_t *out, size_t len);

#endif
