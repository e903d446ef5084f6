/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/formats/golden_key.h"

#include "formats/base64.h"
#include "formats/sshsig.h"

#include <criterion/criterion.h>

static struct ps_signing_key *key;
static uint8_t digest[PS_SHA512_LEN];

static void begin(void)
{
    key = golden_key();
    ps_sha512_of(ps_span_text(GOLDEN_FILE), digest);
}

static void end(void)
{
    ps_signing_key_free(key);
}

TestSuite(sshsig, .init = begin, .fini = end);

static enum ps_signature check(struct ps_span text, const char **why)
{
    enum ps_signature verdict = ps_sshsig_verify(text, ps_signing_key_public(key), digest, why);
    cr_assert((verdict == PS_SIGNATURE_MALFORMED) == (*why != NULL), "a reason with malformed texts only");
    return verdict;
}

static enum ps_signature check_text(const char *text)
{
    const char *why;
    return check(ps_span_text(text), &why);
}

/* Byte-identical to what ssh-keygen writes with that key. */
Test(sshsig, golden_text)
{
    struct ps_buffer out = {0};
    ps_sshsig_sign(key, digest, &out);
    cr_assert(ps_span_is(ps_buffer_span(&out), GOLDEN_SSHSIG));
    cr_assert_eq(check_text(GOLDEN_SSHSIG), PS_SIGNATURE_GOOD);
    ps_buffer_done(&out);
}

Test(sshsig, allowed_signers_line)
{
    struct ps_buffer out = {0};
    ps_sshsig_allowed_signer(ps_signing_key_public(key), &out);
    cr_assert(ps_span_is(ps_buffer_span(&out),
                         "procsnap namespaces=\"procsnap@v1\" ssh-ed25519 "
                         "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n"));
    ps_buffer_done(&out);
}

Test(sshsig, round_trip_of_a_fresh_key)
{
    struct ps_signing_key *fresh = NULL;
    struct ps_error err;
    struct ps_buffer out = {0};
    const char *why;
    cr_assert(ps_signing_key_generate(&fresh, &err));
    const struct ps_public_key *pk = ps_signing_key_public(fresh);
    ps_sshsig_sign(fresh, digest, &out);
    cr_assert_eq(ps_sshsig_verify(ps_buffer_span(&out), pk, digest, &why), PS_SIGNATURE_GOOD);
    cr_assert_eq(check(ps_buffer_span(&out), &why), PS_SIGNATURE_OTHER_KEY);
    digest[63] ^= 1;
    cr_assert_eq(ps_sshsig_verify(ps_buffer_span(&out), pk, digest, &why), PS_SIGNATURE_WRONG);
    ps_buffer_done(&out);
    ps_signing_key_free(fresh);
}

/* Valid signatures of ssh-keygen by the same key over the same file, made for another purpose. */
Test(sshsig, other_namespace_or_hash_is_refused)
{
    static const char other_namespace[] = "-----BEGIN SSH SIGNATURE-----\n"
                                          "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgA6EHv/POEL4dcN0Y50vAmWfk1j\n"
                                          "CbpQ1fHdyGZBJVMbgAAAAFb3RoZXIAAAAAAAAABnNoYTUxMgAAAFMAAAALc3NoLWVkMjU1\n"
                                          "MTkAAABAZ37n40CZf673WjjPwC/3IuoKKv8i5mTUTW8u9pUj6ed18+m01jeKqk6ic4m52a\n"
                                          "WHfgHJq1xU2nLg7utPOUDrCg==\n"
                                          "-----END SSH SIGNATURE-----\n";
    static const char sha256[] = "-----BEGIN SSH SIGNATURE-----\n"
                                 "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgA6EHv/POEL4dcN0Y50vAmWfk1j\n"
                                 "CbpQ1fHdyGZBJVMbgAAAALcHJvY3NuYXBAdjEAAAAAAAAABnNoYTI1NgAAAFMAAAALc3No\n"
                                 "LWVkMjU1MTkAAABArFjzqAW5clEhDO9uj4qy9TG6xfDlMsdg6sXzl9GidtEz4hd477CYsH\n"
                                 "U3hXB1ZYNZtwWfrgw3k/yBDYHRsOeWDQ==\n"
                                 "-----END SSH SIGNATURE-----\n";
    const char *why;
    cr_assert_eq(check(ps_span_text(other_namespace), &why), PS_SIGNATURE_MALFORMED);
    cr_assert_str_eq(why, "the namespace is not procsnap@v1");
    cr_assert_eq(check(ps_span_text(sha256), &why), PS_SIGNATURE_MALFORMED);
    cr_assert_str_eq(why, "the hash is not sha512");
}

/* The same bytes in lines of another length, and other liberties that ssh-keygen takes. */
Test(sshsig, one_armor)
{
    char text[600], base64[300] = "";
    const char *at = GOLDEN_SSHSIG + 30;
    for (; *at != '-'; at++)
        if (*at != '\n')
            strncat(base64, at, 1);

    snprintf(text, sizeof text, "-----BEGIN SSH SIGNATURE-----\n%s\n%s", base64, at);
    cr_assert_eq(check_text(text), PS_SIGNATURE_MALFORMED);
    snprintf(text, sizeof text, "-----BEGIN SSH SIGNATURE-----\n%.76s\n%.76s\n%.76s\n%s\n%s", base64, base64 + 76,
             base64 + 152, base64 + 228, at);
    cr_assert_eq(check_text(text), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_text(GOLDEN_SSHSIG "\n"), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_text("\n" GOLDEN_SSHSIG), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_text(""), PS_SIGNATURE_MALFORMED);

    static const char *const inside[] = {"", "\n", "Zg==\n", "====\n", "Zg=\n", "Zg==", "\nZg==\n"};
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        snprintf(text, sizeof text, "-----BEGIN SSH SIGNATURE-----\n%s-----END SSH SIGNATURE-----\n", inside[i]);
        cr_assert_eq(check_text(text), PS_SIGNATURE_MALFORMED);
    }
}

/* Lines upon lines of good form: refused by length, before anything is copied. */
Test(sshsig, endless_text_is_refused)
{
    static char text[100000];
    const char *why;
    size_t len = (size_t) snprintf(text, sizeof text, "-----BEGIN SSH SIGNATURE-----\n");
    for (; len + 100 < sizeof text; len += 71)
        snprintf(text + len, sizeof text - len, "%070d\n", 0);
    cr_assert_eq(check(ps_span_of(text, len), &why), PS_SIGNATURE_MALFORMED);
    cr_assert_str_eq(why, "too long");
}

Test(sshsig, every_truncation_is_refused)
{
    const char *why;
    for (size_t len = 0; len < strlen(GOLDEN_SSHSIG); len++)
        cr_assert_eq(check(ps_span_of(GOLDEN_SSHSIG, len), &why), PS_SIGNATURE_MALFORMED);
}

Test(sshsig, every_changed_byte_is_refused)
{
    uint8_t text[] = GOLDEN_SSHSIG;
    const char *why;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (unsigned flip = 1; flip < 256; flip++) {
            text[i] ^= (uint8_t) flip;
            cr_assert(check(ps_span_of(text, sizeof text - 1), &why) != PS_SIGNATURE_GOOD, "byte %zu ^ %u", i, flip);
            text[i] ^= (uint8_t) flip;
        }
    }
}

/* Every byte of the decoded blob, and one more or one less: no field has slack. */
Test(sshsig, every_changed_byte_of_the_blob_is_refused)
{
    uint8_t blob[181];
    char base64[300] = "", text[600], armored[1000];
    for (const char *at = GOLDEN_SSHSIG + 30; *at != '-'; at++)
        if (*at != '\n')
            strncat(base64, at, 1);
    cr_assert(ps_base64_decode(ps_span_text(base64), blob, sizeof blob));
    for (size_t i = 0; i < sizeof blob; i++) {
        for (unsigned flip = 1; flip < 256; flip <<= 1) {
            blob[i] ^= (uint8_t) flip;
            memset(text, 0, sizeof text);
            ps_base64_encode(ps_span_of(blob, sizeof blob), text);
            snprintf(armored, sizeof armored, "-----BEGIN SSH SIGNATURE-----\n%.70s\n%.70s\n%.70s\n%s\n%s", text,
                     text + 70, text + 140, text + 210, "-----END SSH SIGNATURE-----\n");
            cr_assert(check_text(armored) != PS_SIGNATURE_GOOD, "byte %zu ^ %u", i, flip);
            blob[i] ^= (uint8_t) flip;
        }
    }
}
