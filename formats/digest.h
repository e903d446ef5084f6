/* SPDX-License-Identifier: Apache-2.0
 *
 * The three hashes of the bundle: SHA-256 for manifests and the root (FIPS 180-4) and BLAKE2b-512 for what minisign
 * signs (RFC 7693, unkeyed), both also in pieces; SHA-512 for what SSHSIG signs, which is small and comes whole. The
 * states are plain values: copy them, put them anywhere, drop them; nothing is allocated and nothing can fail. After
 * final a state needs init before the next use.
 */
#ifndef PS_DIGEST_H
#define PS_DIGEST_H

#include "formats/buffer.h"

enum { PS_SHA256_LEN = 32, PS_BLAKE2B512_LEN = 64, PS_SHA512_LEN = 64 };

struct ps_sha256 {
    uint8_t state[112];
};

struct ps_blake2b512 {
    uint8_t state[384];
};

void ps_sha256_init(struct ps_sha256 *h);
void ps_sha256_update(struct ps_sha256 *h, struct ps_span bytes);
void ps_sha256_final(struct ps_sha256 *h, uint8_t out[PS_SHA256_LEN]);
void ps_sha256_of(struct ps_span bytes, uint8_t out[PS_SHA256_LEN]);

void ps_blake2b512_init(struct ps_blake2b512 *h);
void ps_blake2b512_update(struct ps_blake2b512 *h, struct ps_span bytes);
void ps_blake2b512_final(struct ps_blake2b512 *h, uint8_t out[PS_BLAKE2B512_LEN]);
void ps_blake2b512_of(struct ps_span bytes, uint8_t out[PS_BLAKE2B512_LEN]);

void ps_sha512_of(struct ps_span bytes, uint8_t out[PS_SHA512_LEN]);

/* Two lowercase digits for each byte. */
void ps_hex_add(struct ps_buffer *out, struct ps_span bytes);
/* The same as a C string: out has room for 2 * bytes.len + 1 characters. */
void ps_hex_text(struct ps_span bytes, char *out);
/* Exactly 2 * len lowercase digits (no other spelling), or false with *out untouched. */
PS_MUST_CHECK bool ps_hex_decode(struct ps_span text, uint8_t *out, size_t len);

#endif
