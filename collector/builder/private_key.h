/* SPDX-License-Identifier: Apache-2.0
 *
 * Private keys in the content of files: these are hashed, and stay out of the bundle.
 */
#ifndef PS_PRIVATE_KEY_H
#define PS_PRIVATE_KEY_H

#include "parsers/cursor.h"

/* The longest line that is taken for the first one of a key. */
enum { PS_PRIVATE_KEY_MARK = 51 };

/* Where "-----BEGIN ... PRIVATE KEY-----" (RFC 7468, and OpenSSH's own; at most 24 bytes for the dots) begins in there;
 * bytes.len: nowhere. */
size_t ps_private_key_at(struct ps_span bytes);
/* A program, in which the marks of a key are only text. */
bool ps_private_key_is_program(struct ps_span bytes);

#endif
