/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of a chain of snapshots (docs/BUNDLE.md section 11): each one is derived from a secret that goes forward and
 * never back, so that whoever takes the secret after snapshot i can sign nothing as i or before.
 *
 *   K_0      32 random bytes
 *   seed_i   crypto_kdf(K_i, subkey 1, "pvsign__"), the seed of the Ed25519 key of snapshot i
 *   K_{i+1}  crypto_kdf(K_i, subkey 2, "pvevolve")
 *
 * crypto_kdf is BLAKE2b keyed with K_i (libsodium). After Logcrypt (Holt 2006); Schneier and Kelsey 1998.
 */
#ifndef PS_RATCHET_H
#define PS_RATCHET_H

#include "formats/signing_key.h"

/* In locked memory with guard pages, and the only copy of K_i that there is. The pointer is that of the memory itself,
 * which is less than a page and shares it with nothing: whoever forks can keep it from the children. */
struct ps_ratchet;

/* With K_0 from the kernel. The caller owns *out: ps_ratchet_free. */
PS_MUST_CHECK bool ps_ratchet_new(struct ps_ratchet **out, struct ps_error *err);
/* The same with a K_0 that the caller wipes: for known answers. */
PS_MUST_CHECK bool ps_ratchet_from_key(const uint8_t key[PS_SEED_LEN], struct ps_ratchet **out, struct ps_error *err);
/* The seed of this step's signing key, for ps_signing_key_from_seed. The caller wipes it, at the latest when the
 * snapshot is sealed. */
void ps_ratchet_seed(const struct ps_ratchet *ratchet, uint8_t out[PS_SEED_LEN]);
/* The public key of the step after this one, which this step's snapshot names. */
PS_MUST_CHECK bool ps_ratchet_next_key(const struct ps_ratchet *ratchet, struct ps_public_key *out,
                                       struct ps_error *err);
/* To the next step; the secret of this one is overwritten. */
void ps_ratchet_evolve(struct ps_ratchet *ratchet);
/* The known answer for K_0 = 00 01 .. 1f: false with *err when this executable derives other keys, or has no memory. */
PS_MUST_CHECK bool ps_ratchet_selftest(struct ps_error *err);
/* Wipes. NULL is fine. */
void ps_ratchet_free(struct ps_ratchet *ratchet);

#endif
