/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that comes in beside the members of a bundle: signatures of both forms, key files, manifests and member
 * names. The oracle is the promise that each accepted text has one spelling: what was accepted is written anew and must
 * be the same bytes, and no text but the golden one is a good signature.
 *
 * The first byte chooses the text: the rest of the input itself, or a valid one in which the rest of the input sets
 * bytes (two bytes position, one byte value).
 */
#include "formats/base64.h"
#include "formats/manifest.h"
#include "formats/member_name.h"
#include "formats/minisign.h"
#include "formats/sshsig.h"
#include "tests/formats/golden_key.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const valid[] = {
    GOLDEN_MINISIG,
    GOLDEN_SSHSIG,
    PS_UNTRUSTED_PREFIX "x\n" GOLDEN_SECRET_LINE "\n",
    PS_UNTRUSTED_PREFIX "x\n" GOLDEN_PUBLIC_LINE "\n",
    GOLDEN_PUBLIC_LINE,
    HASH "  data/A\n" HASH "  data/a/b\n" HASH "  data/a=3Db\n" HASH "  data/proc/1+2/state-0002.pack\n",
    "data/proc/=2E=2E/a=FF\nDATA/proc/=2e=2E/A=ff/x",
    "procsnap-20261122t001500z-0123abcd",
};

static const struct ps_signing_key *key;
static uint8_t blake2b[PS_BLAKE2B512_LEN], sha512[PS_SHA512_LEN];

static void must(bool kept)
{
    if (!kept)
        abort();
}

static void must_be(struct ps_buffer *written, struct ps_span text)
{
    must(!written->failed && ps_span_equal(ps_buffer_span(written), text));
    ps_buffer_done(written);
}

static void fuzz_signatures(struct ps_span text)
{
    struct ps_minisign_result result;
    const char *why;
    enum ps_signature verdict = ps_minisign_verify(text, ps_signing_key_public(key), blake2b, &result);
    bool canonical = ps_minisign_is_canonical(text);
    must((verdict == PS_SIGNATURE_MALFORMED) == (result.why != NULL));
    must(verdict != PS_SIGNATURE_GOOD || ps_span_is(result.comment, GOLDEN_COMMENT));
    must(!canonical || (verdict != PS_SIGNATURE_MALFORMED && verdict != PS_SIGNATURE_LEGACY));
    must(verdict != PS_SIGNATURE_GOOD || canonical == ps_span_is(text, GOLDEN_MINISIG));

    verdict = ps_sshsig_verify(text, ps_signing_key_public(key), sha512, &why);
    must((verdict == PS_SIGNATURE_MALFORMED) == (why != NULL));
    must((verdict == PS_SIGNATURE_GOOD) == ps_span_is(text, GOLDEN_SSHSIG));
}

static void fuzz_keys(struct ps_span text)
{
    struct ps_signing_key *read = NULL;
    struct ps_public_key public_key;
    struct ps_error err;
    if (ps_signing_key_read(text, &read, &err)) {
        uint8_t signature[PS_SIGNATURE_LEN];
        ps_signing_key_sign(read, text, signature);
        must(ps_public_key_signed(ps_signing_key_public(read), text, signature));
    }
    ps_signing_key_free(read);
    if (ps_public_key_read(text, &public_key, &err)) {
        char line[PS_PUBLIC_KEY_TEXT + 2];
        ps_public_key_text(&public_key, line);
        bool same = ps_span_ends(text, line);
        line[PS_PUBLIC_KEY_TEXT] = '\n';
        line[PS_PUBLIC_KEY_TEXT + 1] = '\0';
        must(same || ps_span_ends(text, line));
    }
}

static void fuzz_manifest(struct ps_span text)
{
    struct ps_manifest m = {0};
    struct ps_manifest_flaw flaw;
    struct ps_error err;
    struct ps_buffer written = {0};
    struct ps_span one, other;
    if (!ps_manifest_read(&m, text, &flaw, &err))
        return;
    bool clash = ps_manifest_clash(&m, &one, &other);
    must(!clash || ps_member_clash(one, other));
    ps_manifest_add_text(&m, &written);
    must(written.len == m.text_len);
    for (size_t i = 0; i < m.count; i++)
        must(ps_manifest_find(&m, ps_manifest_path(&m, i)) == ps_manifest_sha256(&m, i));
    if (flaw.why == NULL)
        must_be(&written, text);
    ps_buffer_done(&written);
    ps_manifest_done(&m);
}

/* Two names, the first ended by a newline. */
static void fuzz_names(struct ps_span text)
{
    struct ps_cursor c = ps_cursor_over(text);
    struct ps_span a, b;
    if (!ps_take_until(&c, '\n', &a))
        return;
    b = ps_cursor_rest(&c);
    struct ps_buffer key_a = {0}, key_b = {0};
    ps_member_alias(a, &key_a);
    ps_member_alias(b, &key_b);
    int order = ps_member_alias_order(a, b);
    must(order == -ps_member_alias_order(b, a));
    /* An escaped slash keeps its three characters in the key, as another spelling of "=2f" does. */
    must((order == 0) == ps_span_equal(ps_buffer_span(&key_a), ps_buffer_span(&key_b)));
    must(order != 0 || ps_member_clash(a, b));
    ps_buffer_done(&key_a);
    ps_buffer_done(&key_b);

    struct ps_buffer escaped = {0};
    if (ps_member_escape(a, &escaped) && escaped.len <= PS_MEMBER_NAME_MAX)
        must(ps_member_check(ps_buffer_span(&escaped)) == NULL);
    ps_buffer_done(&escaped);
}

static void fuzz_spellings(struct ps_span text)
{
    uint8_t bytes[600];
    struct ps_buffer written = {0};
    int64_t time;
    for (size_t len = text.len / 4 * 3, pad = 0; len <= sizeof bytes && pad < 3 && pad <= len; pad++) {
        if (!ps_base64_decode(text, bytes, len - pad))
            continue;
        ps_base64_add(&written, ps_span_of(bytes, len - pad));
        must_be(&written, text);
    }
    if (text.len / 2 <= sizeof bytes && ps_hex_decode(text, bytes, text.len / 2)) {
        ps_hex_add(&written, ps_span_of(bytes, text.len / 2));
        must_be(&written, text);
    }
    if (ps_bundle_id_read(text, &time))
        must(text.len == PS_BUNDLE_ID_LEN && time >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t room[1024];
    if (key == NULL) {
        key = golden_key();
        ps_blake2b512_of(ps_span_text(GOLDEN_FILE), blake2b);
        ps_sha512_of(ps_span_text(GOLDEN_FILE), sha512);
    }
    if (len == 0)
        return 0;

    struct ps_span text = ps_span_of(data + 1, len - 1);
    size_t choice = data[0] % (sizeof valid / sizeof valid[0] + 1);
    if (choice > 0) {
        struct ps_span from = ps_span_text(valid[choice - 1]);
        memcpy(room, from.data, from.len);
        for (size_t i = 0; i + 3 <= text.len; i += 3)
            room[((size_t) text.data[i] << 8 | text.data[i + 1]) % from.len] = text.data[i + 2];
        text = ps_span_of(room, from.len);
    }
    fuzz_signatures(text);
    fuzz_keys(text);
    fuzz_manifest(text);
    fuzz_names(text);
    fuzz_spellings(text);
    return 0;
}
