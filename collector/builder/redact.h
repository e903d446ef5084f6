/* SPDX-License-Identifier: Apache-2.0
 *
 * Secrets between capture and storing: the environment with its values replaced (docs/BUNDLE.md section 3).
 */
#ifndef PS_REDACT_H
#define PS_REDACT_H

#include "formats/buffer.h"

enum { PS_REDACT_KEY_LEN = 32 };

/* Appends the environment `environ` to *out: the same entries in the same order, values replaced by 16 hex digits of
 * BLAKE2b keyed with `key`, but for the names that are known to hold no secret. The caller makes the key for one run
 * and wipes it. */
void ps_redact_environ(const uint8_t key[PS_REDACT_KEY_LEN], struct ps_span environ, struct ps_buffer *out);

#endif
