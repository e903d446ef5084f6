/* SPDX-License-Identifier: Apache-2.0
 *
 * The cryptography of age v1 (C2SP age.md) that writer and reader share: how a file key is wrapped for a recipient,
 * what the MAC of the header covers, and the chunks of the payload. Whoever calls keeps the keys in locked memory;
 * nothing here leaves a copy behind.
 */
#ifndef PS_AGE_CRYPT_H
#define PS_AGE_CRYPT_H

#include "formats/age_key.h"

enum {
    PS_AGE_FILE_KEY = 16,
    PS_AGE_NONCE = 16, /* in front of the payload */
    PS_AGE_TAG = 16,   /* behind each chunk */
    PS_AGE_CHUNK = 64 << 10,
    PS_AGE_BODY = PS_AGE_FILE_KEY + PS_AGE_TAG, /* of an X25519 stanza */
    PS_AGE_MAC = 32,
};
#define PS_AGE_VERSION PS_AGE_MAGIC "v1\n"

/* For locked memory, and in bytes only: see age_key.c. */
struct ps_age_secrets {
    uint8_t file_key[PS_AGE_FILE_KEY];
    uint8_t scalar[PS_AGE_KEY_LEN]; /* of one stanza, while it is written */
    uint8_t shared[PS_AGE_KEY_LEN], wrap[PS_AGE_KEY_LEN];
    uint8_t payload_key[PS_AGE_KEY_LEN];
    uint8_t counter[12]; /* nonce of the next chunk: 11 bytes big-endian, and one that is 1 for the last */
};

/* NULL with *err. The caller's: sodium_free. */
struct ps_age_secrets *ps_age_secrets_new(struct ps_error *err);

/* The file key of `s` for one recipient: `share` and `body` of the stanza. False for a recipient that no secret can be
 * shared with. */
PS_MUST_CHECK bool ps_age_wrap(struct ps_age_secrets *s, const struct ps_age_recipient *to,
                               uint8_t share[PS_AGE_KEY_LEN], uint8_t body[PS_AGE_BODY]);
enum ps_age_unwrapped { PS_AGE_OPENED, PS_AGE_NOT_FOR_IT, PS_AGE_NO_SHARE };
/* The file key into `s`, if the stanza is for this identity. NO_SHARE: a share that no honest writer makes. */
enum ps_age_unwrapped ps_age_unwrap(struct ps_age_secrets *s, const struct ps_age_identities *ids, size_t index,
                                    const uint8_t share[PS_AGE_KEY_LEN], const uint8_t body[PS_AGE_BODY]);
/* Over the header from its first byte to "---". */
void ps_age_mac(struct ps_age_secrets *s, struct ps_span header, uint8_t out[PS_AGE_MAC]);

/* From here on the file key is not needed, and wiped. */
void ps_age_payload(struct ps_age_secrets *s, const uint8_t nonce[PS_AGE_NONCE]);
/* The next chunk, in place: PS_AGE_TAG bytes of room behind `len`, for what comes out. */
void ps_age_seal(struct ps_age_secrets *s, bool last, uint8_t *chunk, size_t len);
/* The same back; `len` counts the tag. False when it is not what was sealed in that place: the bytes are lost then. */
PS_MUST_CHECK bool ps_age_open(struct ps_age_secrets *s, bool last, uint8_t *chunk, size_t len);
/* Would it open? The bytes stay as they are. */
PS_MUST_CHECK bool ps_age_opens(struct ps_age_secrets *s, bool last, const uint8_t *chunk, size_t len);

#endif
