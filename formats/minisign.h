/* SPDX-License-Identifier: Apache-2.0
 *
 * Detached minisign signatures (jedisct1/minisign, src/minisign.h), four lines:
 *
 *   untrusted comment: signature from procsnap
 *   base64( "ED" | 8 key id | 64 signature )      Ed25519 over the 64 bytes of BLAKE2b-512(file)
 *   trusted comment: <UTF-8 without control characters but TAB>
 *   base64( 64 signature )                        Ed25519 over signature || trusted comment
 *
 * Only the prehashed algorithm "ED". The older "Ed" signs the file itself: somebody who relabels an "ED" signature has
 * a valid "Ed" signature of another file, the one that consists of the 64 digest bytes. So it is never written and
 * never accepted, and people are told to check with `minisign -VHm`.
 */
#ifndef PS_MINISIGN_H
#define PS_MINISIGN_H

#include "formats/digest.h"
#include "formats/signing_key.h"

/* minisign reads the line with its 17 bytes of prefix into 8192 bytes. */
enum { PS_TRUSTED_COMMENT_MAX = 8173 };

/* Appends the text of a signature over a file with that digest. Fails on a comment that the format does not carry and
 * when memory is out. */
PS_MUST_CHECK bool ps_minisign_sign(const struct ps_signing_key *key, const uint8_t digest[PS_BLAKE2B512_LEN],
                                    struct ps_span comment, struct ps_buffer *out, struct ps_error *err);

struct ps_minisign_result {
    const char *why;               /* PS_SIGNATURE_MALFORMED: static text; else NULL */
    uint8_t key_id[PS_KEY_ID_LEN]; /* as the signature claims; zero when malformed or legacy */
    struct ps_span comment;        /* the trusted comment, borrowed from the text; PS_SIGNATURE_GOOD only, else empty */
};

/* Strict: exactly these four lines, LF, canonical base64, nothing after. Any untrusted comment is accepted here. The
 * key id is compared before anything is computed. *out is always set. */
enum ps_signature ps_minisign_verify(struct ps_span text, const struct ps_public_key *key,
                                     const uint8_t digest[PS_BLAKE2B512_LEN], struct ps_minisign_result *out);

/* True when ps_minisign_sign could have written the text, byte for byte: what verify accepts, with the untrusted
 * comment of procsnap. Only such signatures belong into a bundle, where no byte may be free to change. */
bool ps_minisign_is_canonical(struct ps_span text);

#endif
