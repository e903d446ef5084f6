/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/minisign.h"

#include "formats/base64.h"
#include "formats/json.h"

#include <errno.h>
#include <string.h>

#define TRUSTED_PREFIX "trusted comment: "
#define OUR_COMMENT "signature from procsnap"

/* The decoded second line. */
struct signature {
    uint8_t algorithm[2];
    uint8_t key_id[PS_KEY_ID_LEN];
    uint8_t of_digest[PS_SIGNATURE_LEN];
};
_Static_assert(sizeof(struct signature) == 74, "layout of the signature line");

struct minisig {
    struct ps_span untrusted, comment;
    struct signature signature;
    uint8_t of_comment[PS_SIGNATURE_LEN];
};

/* What the second signature covers: the first one and the comment. */
struct sealed_comment {
    uint8_t bytes[PS_SIGNATURE_LEN + PS_TRUSTED_COMMENT_MAX];
    size_t len;
};

static struct ps_span sealed_comment(struct sealed_comment *s, const uint8_t *signature, struct ps_span comment)
{
    memcpy(s->bytes, signature, PS_SIGNATURE_LEN);
    if (comment.len > 0)
        memcpy(s->bytes + PS_SIGNATURE_LEN, comment.data, comment.len);
    return ps_span_of(s->bytes, PS_SIGNATURE_LEN + comment.len);
}

/* UTF-8 without C0 (but TAB), DEL and C1. */
static bool is_printable(struct ps_span text)
{
    if (!ps_json_lossless(text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
        if (c == 0xc2 && text.data[i + 1] < 0xa0)
            return false;
    }
    return true;
}

bool ps_minisign_sign(const struct ps_signing_key *key, const uint8_t digest[PS_BLAKE2B512_LEN],
                      struct ps_span comment, struct ps_buffer *out, struct ps_error *err)
{
    if (comment.len > PS_TRUSTED_COMMENT_MAX)
        return ps_fail(err, 0, "the trusted comment of the signature is longer than %d bytes", PS_TRUSTED_COMMENT_MAX);
    if (!is_printable(comment))
        return ps_fail(err, 0, "the trusted comment of the signature is not UTF-8 text without control characters");

    struct signature signature = {.algorithm = {'E', 'D'}};
    memcpy(signature.key_id, ps_signing_key_public(key)->id, sizeof signature.key_id);
    ps_signing_key_sign(key, ps_span_of(digest, PS_BLAKE2B512_LEN), signature.of_digest);

    struct sealed_comment sealed;
    uint8_t of_comment[PS_SIGNATURE_LEN];
    ps_signing_key_sign(key, sealed_comment(&sealed, signature.of_digest, comment), of_comment);

    ps_buffer_add_text(out, PS_UNTRUSTED_PREFIX OUR_COMMENT "\n");
    ps_base64_add(out, ps_span_of(&signature, sizeof signature));
    ps_buffer_add_text(out, "\n" TRUSTED_PREFIX);
    ps_buffer_add_span(out, comment);
    ps_buffer_add_byte(out, '\n');
    ps_base64_add(out, ps_span_of(of_comment, sizeof of_comment));
    ps_buffer_add_byte(out, '\n');
    return !out->failed || ps_fail(err, ENOMEM, "no memory for a signature");
}

/* The algorithm is judged by the caller: a legacy signature has the same shape. NULL, or what is wrong. */
static const char *parse(struct ps_span text, struct minisig *out)
{
    struct ps_cursor c = ps_cursor_over(text);
    struct ps_span line;
    if (!ps_take_text(&c, PS_UNTRUSTED_PREFIX) || !ps_take_until(&c, '\n', &out->untrusted))
        return "no untrusted comment in the first line";
    if (out->untrusted.len > PS_UNTRUSTED_LINE_MAX - strlen(PS_UNTRUSTED_PREFIX))
        return "first line too long";
    if (!is_printable(out->untrusted))
        return "untrusted comment is not printable UTF-8";
    if (!ps_take_until(&c, '\n', &line) ||
        !ps_base64_decode(line, (uint8_t *) &out->signature, sizeof out->signature))
        return "second line is not a signature in canonical base64";
    if (!ps_take_text(&c, TRUSTED_PREFIX) || !ps_take_until(&c, '\n', &out->comment))
        return "no trusted comment in the third line";
    if (out->comment.len > PS_TRUSTED_COMMENT_MAX)
        return "third line too long";
    if (!is_printable(out->comment))
        return "trusted comment is not printable UTF-8";
    if (!ps_take_until(&c, '\n', &line) || !ps_base64_decode(line, out->of_comment, sizeof out->of_comment))
        return "fourth line is not a signature in canonical base64";
    return ps_cursor_done(&c) ? NULL : "something after the fourth line";
}

enum ps_signature ps_minisign_verify(struct ps_span text, const struct ps_public_key *key,
                                     const uint8_t digest[PS_BLAKE2B512_LEN], struct ps_minisign_result *out)
{
    struct minisig sig = {0};
    *out = (struct ps_minisign_result){.why = parse(text, &sig)};
    if (out->why != NULL)
        return PS_SIGNATURE_MALFORMED;
    if (memcmp(sig.signature.algorithm, "Ed", 2) == 0)
        return PS_SIGNATURE_LEGACY;
    if (memcmp(sig.signature.algorithm, "ED", 2) != 0) {
        out->why = "unknown algorithm in the second line";
        return PS_SIGNATURE_MALFORMED;
    }

    memcpy(out->key_id, sig.signature.key_id, sizeof out->key_id);
    if (memcmp(sig.signature.key_id, key->id, sizeof key->id) != 0)
        return PS_SIGNATURE_OTHER_KEY;
    if (!ps_public_key_signed(key, ps_span_of(digest, PS_BLAKE2B512_LEN), sig.signature.of_digest))
        return PS_SIGNATURE_WRONG;

    struct sealed_comment sealed;
    if (!ps_public_key_signed(key, sealed_comment(&sealed, sig.signature.of_digest, sig.comment), sig.of_comment))
        return PS_SIGNATURE_WRONG_COMMENT;
    out->comment = sig.comment;
    return PS_SIGNATURE_GOOD;
}

bool ps_minisign_is_canonical(struct ps_span text)
{
    struct minisig sig = {0};
    /* The parser leaves no freedom but the comments. */
    return parse(text, &sig) == NULL && memcmp(sig.signature.algorithm, "ED", 2) == 0 &&
           ps_span_is(sig.untrusted, OUR_COMMENT);
}
