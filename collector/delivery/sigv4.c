/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/sigv4.h"

#include <sodium.h>
#include <stdio.h>

#include "formats/digest.h"
#include "formats/timestamp.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

/* RFC 2104 with SHA-256, whose blocks have 64 bytes. */
static void hmac(struct ps_span key, struct ps_span message, uint8_t out[PS_SHA256_LEN])
{
    uint8_t inner[64] = {0}, outer[64];
    struct ps_sha256 h;

    if (key.len > sizeof inner)
        ps_sha256_of(key, inner);
    else
        memcpy(inner, key.data, key.len);
    for (size_t i = 0; i < sizeof inner; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    ps_sha256_init(&h);
    ps_sha256_update(&h, ps_span_of(inner, sizeof inner));
    ps_sha256_update(&h, message);
    ps_sha256_final(&h, out);
    ps_sha256_init(&h);
    ps_sha256_update(&h, ps_span_of(outer, sizeof outer));
    ps_sha256_update(&h, ps_span_of(out, PS_SHA256_LEN));
    ps_sha256_final(&h, out);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(outer, sizeof outer);
    sodium_memzero(&h, sizeof h);
}

void ps_sigv4_time(int64_t epoch_s, char out[PS_SIGV4_TIME_SIZE])
{
    char text[PS_TIMESTAMP_SIZE];

    ps_timestamp_compact(epoch_s * 1000000, text);
    text[8] = 'T';
    text[15] = 'Z';
    memcpy(out, text, PS_SIGV4_TIME_SIZE - 1);
    out[PS_SIGV4_TIME_SIZE - 1] = '\0';
}

static void signing_key(const struct ps_sigv4_signer *s, uint8_t out[PS_SHA256_LEN])
{
    const char *const parts[] = {s->region, s->service, "aws4_request"};
    uint8_t next[PS_SHA256_LEN];
    char secret[300];

    int len = snprintf(secret, sizeof secret, "AWS4%s", s->secret_access_key);
    if (len >= (int) sizeof secret) /* AWS's have 40 characters; a longer one is no key, and the service says so */
        len = (int) sizeof secret - 1;
    hmac(ps_span_of(secret, (size_t) len), ps_span_of(s->time, 8), out);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        hmac(ps_span_of(out, PS_SHA256_LEN), ps_span_text(parts[i]), next);
        memcpy(out, next, sizeof next);
    }
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(next, sizeof next);
}

/* "20130524/us-east-1/s3/aws4_request" */
static void add_scope(struct ps_buffer *out, const struct ps_sigv4_signer *s)
{
    ps_buffer_add(out, s->time, 8);
    ps_buffer_addf(out, "/%s/%s/aws4_request", s->region, s->service);
}

static bool add_signature(const struct ps_sigv4_request *r, const struct ps_sigv4_signer *s, struct ps_buffer *out)
{
    uint8_t digest[PS_SHA256_LEN], key[PS_SHA256_LEN];
    struct ps_buffer text = {0};

    bool ok = ps_sigv4_canonical(r, &text);
    ps_sha256_of(ps_buffer_span(&text), digest);
    ps_buffer_clear(&text, SIZE_MAX);
    ps_buffer_addf(&text, ALGORITHM "\n%s\n", s->time);
    add_scope(&text, s);
    ps_buffer_add_byte(&text, '\n');
    ps_hex_add(&text, ps_span_of(digest, sizeof digest));
    ok = ok && !text.failed;
    if (ok) {
        signing_key(s, key);
        hmac(ps_span_of(key, sizeof key), ps_buffer_span(&text), digest);
        sodium_memzero(key, sizeof key);
        ps_hex_add(out, ps_span_of(digest, sizeof digest));
    }
    ps_buffer_done(&text);
    return ok && !out->failed;
}

bool ps_sigv4_authorize(const struct ps_sigv4_request *r, const struct ps_sigv4_signer *s, struct ps_buffer *out)
{
    ps_buffer_addf(out, "Authorization: " ALGORITHM " Credential=%s/", s->access_key_id);
    add_scope(out, s);
    ps_buffer_add_text(out, ", SignedHeaders=");
    if (!ps_sigv4_signed_headers(r->headers, out))
        return false;
    ps_buffer_add_text(out, ", Signature=");
    return add_signature(r, s, out);
}
