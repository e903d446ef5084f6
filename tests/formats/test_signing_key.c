/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/formats/golden_key.h"

#include "formats/base64.h"

#include <criterion/criterion.h>

enum { SECRET_LEN = 158 };

static void expect_refused(struct ps_span text, const char *clue)
{
    struct ps_signing_key *key = NULL;
    struct ps_error err = {.text = "?"};
    cr_assert(!ps_signing_key_read(text, &key, &err), "accepted, not refused for: %s", clue);
    cr_assert(key == NULL);
    cr_assert(strstr(err.text, clue) != NULL, "\"%s\" lacks \"%s\"", err.text, clue);
}

/* The golden key file with one byte of its 158 set. */
static struct ps_span altered(char *room, size_t size, size_t at, uint8_t value)
{
    uint8_t bytes[SECRET_LEN];
    char line[4 * (SECRET_LEN / 3 + 1) + 1] = {0};
    cr_assert(ps_base64_decode(ps_span_text(GOLDEN_SECRET_LINE), bytes, sizeof bytes));
    bytes[at] = value;
    ps_base64_encode(ps_span_of(bytes, sizeof bytes), line);
    return key_file(room, size, line);
}

Test(signing_key, golden_files)
{
    struct ps_signing_key *key = golden_key();
    struct ps_buffer text = {0};
    ps_signing_key_write(key, &text);
    cr_assert(ps_span_is(ps_buffer_span(&text), "untrusted comment: procsnap secret key\n" GOLDEN_SECRET_LINE "\n"));
    ps_secret_text_done(&text);

    ps_public_key_write(ps_signing_key_public(key), &text);
    cr_assert(ps_span_is(ps_buffer_span(&text),
                         "untrusted comment: procsnap public key " GOLDEN_KEY_ID "\n" GOLDEN_PUBLIC_LINE "\n"));
    ps_buffer_done(&text);
    ps_signing_key_free(key);
    ps_signing_key_free(NULL);
}

Test(signing_key, reads_what_it_writes)
{
    struct ps_signing_key *key = NULL, *again = NULL;
    struct ps_error err;
    struct ps_buffer text = {0};
    cr_assert(ps_signing_key_generate(&key, &err));
    ps_signing_key_write(key, &text);
    cr_assert(ps_signing_key_read(ps_buffer_span(&text), &again, &err), "%s", err.text);
    cr_assert(ps_public_key_equal(ps_signing_key_public(key), ps_signing_key_public(again)));
    ps_secret_text_done(&text);

    uint8_t signature[PS_SIGNATURE_LEN];
    ps_signing_key_sign(again, ps_span_text("m"), signature);
    cr_assert(ps_public_key_signed(ps_signing_key_public(key), ps_span_text("m"), signature));
    cr_assert(!ps_public_key_signed(ps_signing_key_public(key), ps_span_text("n"), signature));
    ps_signing_key_free(key);
    ps_signing_key_free(again);
}

Test(signing_key, two_runs_two_keys)
{
    struct ps_signing_key *one = NULL, *other = NULL;
    struct ps_error err;
    cr_assert(ps_signing_key_generate(&one, &err) && ps_signing_key_generate(&other, &err));
    cr_assert(!ps_public_key_equal(ps_signing_key_public(one), ps_signing_key_public(other)));
    ps_signing_key_free(one);
    ps_signing_key_free(other);
}

/* The last newline is often lost in a secret store. */
Test(signing_key, last_newline_is_optional)
{
    struct ps_signing_key *key = NULL;
    struct ps_error err;
    struct ps_span text = ps_span_text("untrusted comment: \n" GOLDEN_SECRET_LINE);
    cr_assert(ps_signing_key_read(text, &key, &err), "%s", err.text);
    ps_signing_key_free(key);
}

Test(signing_key, password_protected_is_refused_with_the_remedy)
{
    char room[400];
    struct ps_span text = altered(room, sizeof room, 2, 'S');
    expect_refused(text, "not known here");
    /* "Sc" */
    uint8_t bytes[SECRET_LEN];
    char line[4 * (SECRET_LEN / 3 + 1) + 1] = {0};
    cr_assert(ps_base64_decode(ps_span_text(GOLDEN_SECRET_LINE), bytes, sizeof bytes));
    memcpy(bytes + 2, "Sc", 2);
    ps_base64_encode(ps_span_of(bytes, sizeof bytes), line);
    expect_refused(key_file(room, sizeof room, line), "protected by a password");
    expect_refused(key_file(room, sizeof room, line), "minisign -C -W");
}

Test(signing_key, flaws_are_named)
{
    char room[400];
    expect_refused(altered(room, sizeof room, 0, 'X'), "algorithm");
    expect_refused(altered(room, sizeof room, 4, 'X'), "checksum algorithm");
    expect_refused(altered(room, sizeof room, 62, 0xff), "two halves");
    expect_refused(altered(room, sizeof room, 100, 0xff), "two halves");
    expect_refused(altered(room, sizeof room, 157, 1), "wrong checksum");
    expect_refused(key_file(room, sizeof room, GOLDEN_PUBLIC_LINE), "public key");
    expect_refused(key_file(room, sizeof room, GOLDEN_SECRET_LINE " "), "213 characters");
    expect_refused(key_file(room, sizeof room, ""), "0 characters");
    expect_refused(key_file(room, sizeof room, GOLDEN_SECRET_LINE "\n"), "not a minisign secret key file");
    expect_refused(ps_span_of(NULL, 0), "not a minisign secret key file");
    expect_refused(ps_span_text(GOLDEN_SECRET_LINE "\n"), "not a minisign secret key file");
    expect_refused(ps_span_text("-----BEGIN OPENSSH PRIVATE KEY-----\n"), "not a minisign secret key file");
}

Test(signing_key, damaged_base64_is_refused)
{
    char room[400];
    struct ps_span text = key_file(room, sizeof room, GOLDEN_SECRET_LINE);
    room[text.len - 10] = '*';
    expect_refused(text, "not base64");
}

/* A file as `minisign -C -W` leaves it: salt and limits of the password that was, and a real checksum. */
Test(signing_key, checksum_that_is_there_is_checked)
{
    static const char line[] =
        "RWQAAEIyppJJn9LlFjVARaSEyejcUXseu73hsnY2e+tfgNM0tFkAAAACAAAAAAAAAEAAAAAAShet5yejBk3Vbr7zXuUGc8IZ9d75"
        "99EMWhqMsUgB9H0EPGIHrFllzLBaUxDWk0HDqiFnQ65LHqdcO114pWQBAo72Ra98QoejTREsf3E0AmTXuPzrwP3J0EIfoM/qCHuq"
        "Afw2+zmXrNg=";
    char room[400], flipped[sizeof line];
    struct ps_signing_key *key = NULL;
    struct ps_error err;
    cr_assert(ps_signing_key_read(key_file(room, sizeof room, line), &key, &err), "%s", err.text);
    ps_signing_key_free(key);
    memcpy(flipped, line, sizeof line);
    flipped[190] = flipped[190] == 'A' ? 'B' : 'A';
    expect_refused(key_file(room, sizeof room, flipped), "wrong checksum");
}

static bool public_ok(const char *text, struct ps_public_key *out)
{
    struct ps_error err;
    return ps_public_key_read(ps_span_text(text), out, &err);
}

Test(public_key, file_or_line)
{
    struct ps_signing_key *key = golden_key();
    static const char *const good[] = {GOLDEN_PUBLIC_LINE, GOLDEN_PUBLIC_LINE "\n",
                                       "untrusted comment: \n" GOLDEN_PUBLIC_LINE,
                                       "untrusted comment: any \xff thing\n" GOLDEN_PUBLIC_LINE "\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct ps_public_key read = {0};
        cr_assert(public_ok(good[i], &read), "%s", good[i]);
        cr_assert(ps_public_key_equal(&read, ps_signing_key_public(key)));
    }
    char text[PS_PUBLIC_KEY_TEXT + 1];
    ps_public_key_text(ps_signing_key_public(key), text);
    cr_assert_str_eq(text, GOLDEN_PUBLIC_LINE);
    ps_signing_key_free(key);
}

Test(public_key, everything_else_is_refused)
{
    static const char *const wrong[] = {
        "", "\n", GOLDEN_PUBLIC_LINE "\n\n", GOLDEN_PUBLIC_LINE "\r\n", " " GOLDEN_PUBLIC_LINE,
        "untrusted comment: x\n" GOLDEN_PUBLIC_LINE "\n\n", "untrusted comment: x\n", "untrusted comment: x",
        "untrusted comment: x\nx\n" GOLDEN_PUBLIC_LINE "\n", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC x\n",
        "RWRWR1qnVGNHTAOhB7/zzhC-HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        /* "ED", a point of order 2 (y = -1), and a y that is no point */
        "RURWR1qnVGNHTAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "RWRWR1qnVGNHTOz/////////////////////////////////////////fw==",
        "RWRWR1qnVGNHTAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "RWRWR1qnVGNHTAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "RWRWR1qnVGNHTOz///////////////////////////////////////9/"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ps_public_key key = {.id = "before"};
        cr_assert(!public_ok(wrong[i], &key), "%s", wrong[i]);
        cr_assert(memcmp(key.id, "before", 6) == 0, "untouched");
    }

    struct ps_public_key key;
    struct ps_error err;
    cr_assert(!ps_public_key_read(ps_span_text(GOLDEN_SECRET_LINE), &key, &err));
    cr_assert(strstr(err.text, "secret key") != NULL);
    cr_assert(strstr(err.text, "RWQA") == NULL, "a secret must not be shown");
}
