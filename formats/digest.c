/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 comes from libcrypto, whose code uses the SHA instructions of the processor. Only its low-level functions
 * are called: they are deprecated in OpenSSL 3 but small and fixed, while everything behind EVP would bring the whole
 * provider machinery into the binary. BLAKE2b and SHA-512 come from libsodium.
 *
 * The libraries' own states are copied in and out (a few nanoseconds) instead of cast to: some ask for an alignment
 * of 64, which a caller's malloc does not give.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "formats/digest.h"

#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) == sizeof(((struct ps_sha256 *) 0)->state), "room for SHA256_CTX");
_Static_assert(sizeof(crypto_generichash_state) == sizeof(((struct ps_blake2b512 *) 0)->state), "room for BLAKE2b");

/* An empty span may have no address, which the libraries need not accept. */
static const uint8_t *address_of(struct ps_span bytes)
{
    static const uint8_t nothing[1];
    return bytes.len > 0 ? bytes.data : nothing;
}

void ps_sha256_init(struct ps_sha256 *h)
{
    SHA256_CTX ctx;
    (void) SHA256_Init(&ctx);
    memcpy(h->state, &ctx, sizeof ctx);
}

void ps_sha256_update(struct ps_sha256 *h, struct ps_span bytes)
{
    SHA256_CTX ctx;
    memcpy(&ctx, h->state, sizeof ctx);
    (void) SHA256_Update(&ctx, address_of(bytes), bytes.len);
    memcpy(h->state, &ctx, sizeof ctx);
}

void ps_sha256_final(struct ps_sha256 *h, uint8_t out[PS_SHA256_LEN])
{
    SHA256_CTX ctx;
    memcpy(&ctx, h->state, sizeof ctx);
    (void) SHA256_Final(out, &ctx);
}

void ps_sha256_of(struct ps_span bytes, uint8_t out[PS_SHA256_LEN])
{
    struct ps_sha256 h;
    ps_sha256_init(&h);
    ps_sha256_update(&h, bytes);
    ps_sha256_final(&h, out);
}

void ps_blake2b512_init(struct ps_blake2b512 *h)
{
    /* Picks the fastest code for this processor; where it fails the portable code runs. */
    int started = sodium_init();
    (void) started;

    crypto_generichash_state ctx;
    (void) crypto_generichash_init(&ctx, NULL, 0, PS_BLAKE2B512_LEN);
    memcpy(h->state, &ctx, sizeof ctx);
}

void ps_blake2b512_update(struct ps_blake2b512 *h, struct ps_span bytes)
{
    crypto_generichash_state ctx;
    memcpy(&ctx, h->state, sizeof ctx);
    (void) crypto_generichash_update(&ctx, address_of(bytes), bytes.len);
    memcpy(h->state, &ctx, sizeof ctx);
}

void ps_blake2b512_final(struct ps_blake2b512 *h, uint8_t out[PS_BLAKE2B512_LEN])
{
    crypto_generichash_state ctx;
    memcpy(&ctx, h->state, sizeof ctx);
    (void) crypto_generichash_final(&ctx, out, PS_BLAKE2B512_LEN);
}

void ps_blake2b512_of(struct ps_span bytes, uint8_t out[PS_BLAKE2B512_LEN])
{
    struct ps_blake2b512 h;
    ps_blake2b512_init(&h);
    ps_blake2b512_update(&h, bytes);
    ps_blake2b512_final(&h, out);
}

void ps_sha512_of(struct ps_span bytes, uint8_t out[PS_SHA512_LEN])
{
    (void) crypto_hash_sha512(out, address_of(bytes), bytes.len);
}

static const char digits[] = "0123456789abcdef";

void ps_hex_add(struct ps_buffer *out, struct ps_span bytes)
{
    if (!ps_buffer_reserve(out, 2 * bytes.len))
        return;
    for (size_t i = 0; i < bytes.len; i++) {
        out->data[out->len++] = (uint8_t) digits[bytes.data[i] >> 4];
        out->data[out->len++] = (uint8_t) digits[bytes.data[i] & 15];
    }
}

void ps_hex_text(struct ps_span bytes, char *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = digits[bytes.data[i] >> 4];
        *out++ = digits[bytes.data[i] & 15];
    }
    *out = '\0';
}

/* 16 when it is no lower-case digit. */
static unsigned value_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - (unsigned) '0';
    return c >= 'a' && c <= 'f' ? c - (unsigned) 'a' + 10 : 16;
}

bool ps_hex_decode(struct ps_span text, uint8_t *out, size_t len)
{
    if (len > SIZE_MAX / 2 || text.len != 2 * len)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (value_of(text.data[i]) > 15)
            return false;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t) (value_of(text.data[2 * i]) << 4 | value_of(text.data[2 * i + 1]));
    return true;
}
