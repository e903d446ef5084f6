/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/formats/golden_key.h"

#include "formats/minisign.h"

#include <criterion/criterion.h>

static struct ps_signing_key *key;
static uint8_t digest[PS_BLAKE2B512_LEN];

static void begin(void)
{
    key = golden_key();
    ps_blake2b512_of(ps_span_text(GOLDEN_FILE), digest);
}

static void end(void)
{
    ps_signing_key_free(key);
}

TestSuite(minisign, .init = begin, .fini = end);

static enum ps_signature check(struct ps_span text, struct ps_minisign_result *result)
{
    enum ps_signature verdict = ps_minisign_verify(text, ps_signing_key_public(key), digest, result);
    cr_assert((verdict == PS_SIGNATURE_MALFORMED) == (result->why != NULL), "a reason with malformed texts only");
    cr_assert(verdict == PS_SIGNATURE_GOOD || result->comment.len == 0, "an unverified comment was given away");
    return verdict;
}

static enum ps_signature check_text(const char *text)
{
    struct ps_minisign_result result;
    return check(ps_span_text(text), &result);
}

static bool sign(struct ps_span comment, struct ps_buffer *out)
{
    struct ps_error err;
    return ps_minisign_sign(key, digest, comment, out, &err);
}

/* The golden text with the first occurrence of `from` replaced. */
static enum ps_signature check_changed(const char *from, const char *to)
{
    const char *at = strstr(GOLDEN_MINISIG, from);
    cr_assert(at != NULL);
    char text[2000];
    int len = snprintf(text, sizeof text, "%.*s%s%s", (int) (at - GOLDEN_MINISIG), GOLDEN_MINISIG, to,
                       at + strlen(from));
    cr_assert(len > 0 && (size_t) len < sizeof text);
    return check_text(text);
}

Test(minisign, golden_text)
{
    struct ps_buffer out = {0};
    struct ps_minisign_result result;
    cr_assert(sign(ps_span_text(GOLDEN_COMMENT), &out));
    cr_assert(ps_span_is(ps_buffer_span(&out), GOLDEN_MINISIG));
    cr_assert_eq(check(ps_buffer_span(&out), &result), PS_SIGNATURE_GOOD);
    cr_assert(ps_span_is(result.comment, GOLDEN_COMMENT));
    cr_assert(ps_minisign_is_canonical(ps_buffer_span(&out)));
    char id[17];
    ps_key_id_text(result.key_id, id);
    cr_assert_str_eq(id, GOLDEN_KEY_ID);
    ps_buffer_done(&out);
}

Test(minisign, nothing_signed_and_nothing_said)
{
    struct ps_buffer out = {0};
    struct ps_minisign_result result;
    ps_blake2b512_of(ps_span_of(NULL, 0), digest);
    cr_assert(sign(ps_span_of(NULL, 0), &out));
    cr_assert_eq(check(ps_buffer_span(&out), &result), PS_SIGNATURE_GOOD);
    cr_assert_eq(result.comment.len, 0);
    ps_buffer_done(&out);
}

Test(minisign, comments_that_the_format_does_not_carry)
{
    static const struct ps_span wrong[] = {
        {(const uint8_t *) "a\nb", 3},    {(const uint8_t *) "a\rb", 3},       {(const uint8_t *) "\x1b[31m", 5},
        {(const uint8_t *) "\x7f", 1},    {(const uint8_t *) "a\0b", 3},       {(const uint8_t *) "\xff", 1},
        {(const uint8_t *) "\xc2\x9b", 2}, {(const uint8_t *) "\xc0\xaf", 2},  {(const uint8_t *) "\xe2\x82", 2},
        {(const uint8_t *) "\xed\xa0\x80", 3}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ps_buffer out = {0};
        cr_assert(!sign(wrong[i], &out), "%zu", i);
        cr_assert_eq(out.len, 0);
        ps_buffer_done(&out);
    }
}

Test(minisign, comments_up_to_the_limit)
{
    uint8_t text[PS_TRUSTED_COMMENT_MAX + 1];
    struct ps_buffer out = {0};
    struct ps_minisign_result result;
    memset(text, 'c', sizeof text);
    memcpy(text, "caf\xc3\xa9 \xc2\xa0 \xe2\x82\xac \xf0\x9f\x94\x92\t", 18);
    cr_assert(!sign(ps_span_of(text, sizeof text), &out));
    cr_assert(sign(ps_span_of(text, sizeof text - 1), &out));
    cr_assert_eq(check(ps_buffer_span(&out), &result), PS_SIGNATURE_GOOD);
    cr_assert(ps_span_equal(result.comment, ps_span_of(text, sizeof text - 1)));
    ps_buffer_done(&out);
}

/* The digest of the golden file, presented as a file of its own, has the relabelled signature as a valid legacy one:
 * the label alone must decide. */
Test(minisign, relabelled_signature_is_refused_as_legacy)
{
    cr_assert_eq(check_changed("RURWR1qn", "RWRWR1qn"), PS_SIGNATURE_LEGACY);
    cr_assert_eq(check_changed("RURWR1qn", "RXhWR1qn"), PS_SIGNATURE_MALFORMED);

    uint8_t other[PS_BLAKE2B512_LEN];
    struct ps_minisign_result result;
    char text[] = GOLDEN_MINISIG;
    memcpy(strstr(text, "RURW"), "RWRW", 4);
    ps_blake2b512_of(ps_span_of(digest, sizeof digest), other);
    enum ps_signature verdict = ps_minisign_verify(ps_span_text(text), ps_signing_key_public(key), other, &result);
    cr_assert_eq(verdict, PS_SIGNATURE_LEGACY);
    cr_assert(!ps_minisign_is_canonical(ps_span_text(text)));
}

Test(minisign, other_key_other_file_other_comment)
{
    struct ps_minisign_result result;
    struct ps_public_key other = *ps_signing_key_public(key);
    other.id[7] ^= 1;
    cr_assert_eq(ps_minisign_verify(ps_span_text(GOLDEN_MINISIG), &other, digest, &result), PS_SIGNATURE_OTHER_KEY);
    cr_assert(memcmp(result.key_id, ps_signing_key_public(key)->id, PS_KEY_ID_LEN) == 0);

    /* An id is no key: somebody chose the same one. */
    struct ps_signing_key *forger = NULL;
    struct ps_error err;
    cr_assert(ps_signing_key_generate(&forger, &err));
    other = *ps_signing_key_public(forger);
    memcpy(other.id, ps_signing_key_public(key)->id, sizeof other.id);
    cr_assert_eq(ps_minisign_verify(ps_span_text(GOLDEN_MINISIG), &other, digest, &result), PS_SIGNATURE_WRONG);
    ps_signing_key_free(forger);

    cr_assert_eq(check_changed("seq:1", "seq:2"), PS_SIGNATURE_WRONG_COMMENT);
    cr_assert_eq(check_changed("\tfile", " file"), PS_SIGNATURE_WRONG_COMMENT);
    digest[0] ^= 1;
    cr_assert_eq(check_text(GOLDEN_MINISIG), PS_SIGNATURE_WRONG);
}

/* Signature of one file, trusted comment of another by the same key. */
Test(minisign, halves_of_two_signatures_do_not_mix)
{
    struct ps_buffer other = {0};
    uint8_t other_digest[PS_BLAKE2B512_LEN];
    struct ps_error err;
    ps_blake2b512_of(ps_span_text("other"), other_digest);
    cr_assert(ps_minisign_sign(key, other_digest, ps_span_text(GOLDEN_COMMENT), &other, &err));
    ps_buffer_add_byte(&other, '\0');
    char text[600];
    const char *tail = strstr((const char *) other.data, "trusted comment: seq");
    const char *head_end = strstr(GOLDEN_MINISIG, "trusted comment: seq");
    snprintf(text, sizeof text, "%.*s%s", (int) (head_end - GOLDEN_MINISIG), GOLDEN_MINISIG, tail);
    cr_assert_eq(check_text(text), PS_SIGNATURE_WRONG_COMMENT);
    ps_buffer_done(&other);
}

Test(minisign, exactly_four_lines)
{
    cr_assert_eq(check_text(""), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_text(GOLDEN_MINISIG "\n"), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_text(GOLDEN_MINISIG "x"), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_text(GOLDEN_MINISIG GOLDEN_MINISIG), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_text(" " GOLDEN_MINISIG), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_text("\xef\xbb\xbf" GOLDEN_MINISIG), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_changed("eAk=\n", "eAk=\r\n"), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_changed("eAk=\n", "eAk\n"), PS_SIGNATURE_MALFORMED);
    /* the last digit has two bits that no byte uses */
    cr_assert_eq(check_changed("eAk=\n", "eAl=\n"), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_changed("\nRURW", "\n\nRURW"), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_changed("\nRURW", "\n RURW"), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_changed("trusted comment: seq", "Trusted comment: seq"), PS_SIGNATURE_MALFORMED);
    cr_assert_eq(check_changed("seq:1", "\x1b[2J"), PS_SIGNATURE_MALFORMED);
}

Test(minisign, foreign_untrusted_comment_is_good_but_not_canonical)
{
    char text[2000];
    snprintf(text, sizeof text, "untrusted comment: x%s", strchr(GOLDEN_MINISIG, '\n'));
    cr_assert_eq(check_text(text), PS_SIGNATURE_GOOD);
    cr_assert(!ps_minisign_is_canonical(ps_span_text(text)));

    char line[PS_UNTRUSTED_LINE_MAX + 2];
    memset(line, 'x', sizeof line);
    memcpy(line, "untrusted comment: ", 19);
    snprintf(text, sizeof text, "%.*s%s", PS_UNTRUSTED_LINE_MAX, line, strchr(GOLDEN_MINISIG, '\n'));
    cr_assert_eq(check_text(text), PS_SIGNATURE_GOOD);
    snprintf(text, sizeof text, "%.*s%s", PS_UNTRUSTED_LINE_MAX + 1, line, strchr(GOLDEN_MINISIG, '\n'));
    cr_assert_eq(check_text(text), PS_SIGNATURE_MALFORMED);
}

Test(minisign, third_line_has_a_limit)
{
    static char text[2 * PS_TRUSTED_COMMENT_MAX];
    const char *at = strstr(GOLDEN_MINISIG, GOLDEN_COMMENT);
    struct ps_minisign_result result;
    for (int more = 0; more < 2; more++) {
        int pad = PS_TRUSTED_COMMENT_MAX - (int) strlen(GOLDEN_COMMENT) + more;
        snprintf(text, sizeof text, "%.*s%0*d%s", (int) (at - GOLDEN_MINISIG), GOLDEN_MINISIG, pad, 0, at);
        enum ps_signature verdict = check(ps_span_text(text), &result);
        cr_assert_eq(verdict, more ? PS_SIGNATURE_MALFORMED : PS_SIGNATURE_WRONG_COMMENT);
    }
}

Test(minisign, verdicts_are_told_apart)
{
    for (int a = PS_SIGNATURE_GOOD; a <= PS_SIGNATURE_WRONG_COMMENT; a++)
        for (int b = PS_SIGNATURE_GOOD; b < a; b++)
            cr_assert_str_neq(ps_signature_says((enum ps_signature) a), ps_signature_says((enum ps_signature) b));
}

Test(minisign, every_truncation_is_refused)
{
    struct ps_minisign_result result;
    for (size_t len = 0; len < strlen(GOLDEN_MINISIG); len++) {
        struct ps_span text = ps_span_of(GOLDEN_MINISIG, len);
        cr_assert_eq(check(text, &result), PS_SIGNATURE_MALFORMED);
        cr_assert(!ps_minisign_is_canonical(text));
    }
}

/* All 255 other values of every byte: a bundle's signature must be canonical and good, and is not both. */
Test(minisign, every_changed_byte_is_refused)
{
    uint8_t text[] = GOLDEN_MINISIG;
    struct ps_span whole = ps_span_of(text, sizeof text - 1);
    size_t first_line = strlen("untrusted comment: signature from procsnap");
    struct ps_minisign_result result;
    for (size_t i = 0; i < whole.len; i++) {
        for (unsigned flip = 1; flip < 256; flip++) {
            text[i] ^= (uint8_t) flip;
            /* Cheap first: most changes break the form. */
            bool canonical = ps_minisign_is_canonical(whole);
            cr_assert(!canonical || i > first_line, "byte %zu ^ %u", i, flip);
            if (canonical || i > first_line)
                cr_assert(check(whole, &result) != PS_SIGNATURE_GOOD, "byte %zu ^ %u", i, flip);
            text[i] ^= (uint8_t) flip;
        }
    }
    cr_assert(ps_minisign_is_canonical(whole));
}
