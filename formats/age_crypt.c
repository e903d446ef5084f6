/* SPDX-License-Identifier: Apache-2.0
 *
 * X25519, ChaCha20-Poly1305 and random bytes are libsodium's. HMAC and HKDF (RFC 2104, RFC 5869) stand here, on the
 * SHA-256 that the rest uses: libsodium 1.0.18 has no HKDF, and a second SHA-256 would be 5 kB.
 */
#include "formats/age_crypt.h"

#include <errno.h>
#include <sodium.h>

#include "formats/digest.h"

enum { HMAC_BLOCK = 64, STACK_OF_HASHES = 2048 };
static const uint8_t no_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

_Static_assert(crypto_scalarmult_BYTES == PS_AGE_KEY_LEN, "X25519");
_Static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == PS_AGE_TAG, "ChaCha20-Poly1305");

/* The key is at most a block; the message is two spans. */
static void hmac(struct ps_span key, struct ps_span message, struct ps_span more, uint8_t out[PS_SHA256_LEN])
{
    struct ps_sha256 hash;
    uint8_t block[HMAC_BLOCK] = {0}, inner[PS_SHA256_LEN];
    memcpy(block, key.data, key.len);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    ps_sha256_init(&hash);
    ps_sha256_update(&hash, ps_span_of(block, sizeof block));
    ps_sha256_update(&hash, message);
    ps_sha256_update(&hash, more);
    ps_sha256_final(&hash, inner);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    ps_sha256_init(&hash);
    ps_sha256_update(&hash, ps_span_of(block, sizeof block));
    ps_sha256_update(&hash, ps_span_of(inner, sizeof inner));
    ps_sha256_final(&hash, out);
    sodium_memzero(&hash, sizeof hash);
    sodium_memzero(block, sizeof block);
    sodium_memzero(inner, sizeof inner);
}

/* HKDF-SHA256 of 32 bytes. */
static void hkdf(struct ps_span secret, struct ps_span salt, const char *info, uint8_t out[PS_SHA256_LEN])
{
    hmac(salt, secret, ps_span_of("", 0), out);
    hmac(ps_span_of(out, PS_SHA256_LEN), ps_span_text(info), ps_span_of("\1", 1), out);
    sodium_stackzero(STACK_OF_HASHES);
}

struct ps_age_secrets *ps_age_secrets_new(struct ps_error *err)
{
    struct ps_age_secrets *s = sodium_init() < 0 ? NULL : sodium_malloc(sizeof *s);
    if (s == NULL)
        (void) ps_fail(err, ENOMEM, "no locked memory for the keys of an encrypted file");
    return s;
}

/* s->shared into s->wrap. */
static void wrapping_key(struct ps_age_secrets *s, const uint8_t share[PS_AGE_KEY_LEN],
                         const struct ps_age_recipient *to)
{
    uint8_t salt[2 * PS_AGE_KEY_LEN];
    memcpy(salt, share, PS_AGE_KEY_LEN);
    memcpy(salt + PS_AGE_KEY_LEN, to->point, PS_AGE_KEY_LEN);
    hkdf(ps_span_of(s->shared, sizeof s->shared), ps_span_of(salt, sizeof salt), "age-encryption.org/v1/X25519",
         s->wrap);
}

bool ps_age_wrap(struct ps_age_secrets *s, const struct ps_age_recipient *to, uint8_t share[PS_AGE_KEY_LEN],
                 uint8_t body[PS_AGE_BODY])
{
    randombytes_buf(s->scalar, sizeof s->scalar);
    (void) crypto_scalarmult_base(share, s->scalar);
    if (crypto_scalarmult(s->shared, s->scalar, to->point) != 0)
        return false;
    wrapping_key(s, share, to);
    (void) crypto_aead_chacha20poly1305_ietf_encrypt(body, NULL, s->file_key, sizeof s->file_key, NULL, 0, NULL,
                                                     no_nonce, s->wrap);
    return true;
}

enum ps_age_unwrapped ps_age_unwrap(struct ps_age_secrets *s, const struct ps_age_identities *ids, size_t index,
                                    const uint8_t share[PS_AGE_KEY_LEN], const uint8_t body[PS_AGE_BODY])
{
    if (crypto_scalarmult(s->shared, ps_age_identity_secret(ids, index), share) != 0)
        return PS_AGE_NO_SHARE;
    wrapping_key(s, share, ps_age_identity_recipient(ids, index));
    return crypto_aead_chacha20poly1305_ietf_decrypt(s->file_key, NULL, NULL, body, PS_AGE_BODY, NULL, 0, no_nonce,
                                                     s->wrap) == 0
               ? PS_AGE_OPENED
               : PS_AGE_NOT_FOR_IT;
}

void ps_age_mac(struct ps_age_secrets *s, struct ps_span header, uint8_t out[PS_AGE_MAC])
{
    hkdf(ps_span_of(s->file_key, sizeof s->file_key), ps_span_of("", 0), "header", s->wrap);
    hmac(ps_span_of(s->wrap, sizeof s->wrap), header, ps_span_of("", 0), out);
    sodium_stackzero(STACK_OF_HASHES);
}

void ps_age_payload(struct ps_age_secrets *s, const uint8_t nonce[PS_AGE_NONCE])
{
    uint8_t key[PS_AGE_KEY_LEN];
    hkdf(ps_span_of(s->file_key, sizeof s->file_key), ps_span_of(nonce, PS_AGE_NONCE), "payload", key);
    sodium_memzero(s, sizeof *s);
    memcpy(s->payload_key, key, sizeof key);
    sodium_memzero(key, sizeof key);
}

/* 88 bits: no file has that many chunks. */
static void count_up(struct ps_age_secrets *s)
{
    for (size_t i = sizeof s->counter - 1; i-- > 0;)
        if (++s->counter[i] != 0)
            return;
}

void ps_age_seal(struct ps_age_secrets *s, bool last, uint8_t *chunk, size_t len)
{
    s->counter[sizeof s->counter - 1] = last;
    (void) crypto_aead_chacha20poly1305_ietf_encrypt(chunk, NULL, chunk, len, NULL, 0, NULL, s->counter,
                                                     s->payload_key);
    count_up(s);
}

/* Without `out` it is only asked. */
static bool open_into(struct ps_age_secrets *s, bool last, uint8_t *out, const uint8_t *chunk, size_t len)
{
    s->counter[sizeof s->counter - 1] = last;
    return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, chunk, len, NULL, 0, s->counter,
                                                     s->payload_key) == 0;
}

bool ps_age_opens(struct ps_age_secrets *s, bool last, const uint8_t *chunk, size_t len)
{
    return open_into(s, last, NULL, chunk, len);
}

bool ps_age_open(struct ps_age_secrets *s, bool last, uint8_t *chunk, size_t len)
{
    if (!open_into(s, last, chunk, chunk, len))
        return false;
    count_up(s);
    return true;
}
