/* SPDX-License-Identifier: Apache-2.0
 *
 * What a member holds is told by its hash: that of the bytes that a test expects.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "collector/builder/member_stream.h"
#include "formats/digest.h"

#define KEY "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n"

static const char secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
static struct ps_own_secrets secrets;
static struct ps_output out;
static struct ps_member_stream stream;

static bool swallow(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) context;
    (void) data;
    (void) len;
    (void) err;
    return true;
}

static void setup(void)
{
    struct ps_error err;
    secrets = (struct ps_own_secrets){0};
    cr_assert(ps_own_secrets_add(&secrets, ps_span_text(secret)));
    stream = (struct ps_member_stream){.secrets = &secrets};
    out = (struct ps_output){0};
    out.bundle = ps_bundle_new("procsnap-20261122t080049z-0b4591d8", 0, 1, NULL, swallow, NULL, &err);
    cr_assert(out.bundle != NULL);
}

static void teardown(void)
{
    ps_bundle_free(out.bundle);
    ps_buffer_done(&stream.bytes);
}

TestSuite(member_stream, .init = setup, .fini = teardown);

static bool is_hash_of(const uint8_t *sha256, struct ps_span expected)
{
    uint8_t right[PS_SHA256_LEN];
    struct ps_sha256 hash;
    ps_sha256_init(&hash);
    ps_sha256_update(&hash, expected);
    ps_sha256_final(&hash, right);
    return memcmp(sha256, right, sizeof right) == 0;
}

static void begin(size_t size, bool keys)
{
    char name[64];
    static unsigned members;
    snprintf(name, sizeof name, "data/objects/%u", ++members);
    cr_assert(ps_member_stream_begin(&stream, &out, name, size, keys));
}

static void add(struct ps_span bytes)
{
    cr_assert(ps_member_stream_add(&stream, &out, bytes));
}

/* `text` in two pieces and in pieces of one length, at every seam. */
static void expect_member(struct ps_span text, bool keys, struct ps_span expected)
{
    uint8_t sha256[PS_SHA256_LEN];
    for (size_t seam = 1; seam <= text.len; seam++) {
        begin(text.len, keys);
        add(ps_span_of(text.data, seam));
        add(ps_span_of(text.data + seam, text.len - seam));
        cr_expect(ps_member_stream_end(&stream, &out, sha256));
        cr_expect(is_hash_of(sha256, expected), "a seam at %zu", seam);
        begin(text.len, keys);
        for (size_t at = 0; at < text.len; at += seam)
            add(ps_span_of(text.data + at, text.len - at < seam ? text.len - at : seam));
        cr_expect(ps_member_stream_end(&stream, &out, sha256));
        cr_expect(is_hash_of(sha256, expected), "pieces of %zu", seam);
    }
    cr_expect(not(out.failed));
}

Test(member_stream, a_secret_is_masked_across_every_seam)
{
    char text[200], expected[200];
    memset(text, 'w', sizeof text);
    memcpy(text + 70, secret, sizeof secret - 1);
    memcpy(text + sizeof text - (sizeof secret - 1), secret, sizeof secret - 1);
    memcpy(expected, text, sizeof text);
    memset(expected + 70, '*', sizeof secret - 1);
    memset(expected + sizeof text - (sizeof secret - 1), '*', sizeof secret - 1);
    expect_member(ps_span_of(text, sizeof text), false, ps_span_of(expected, sizeof expected));
    cr_expect(eq(u64, stream.masked, 2 * (sizeof secret - 1)));
}

Test(member_stream, from_a_private_key_on_all_is_masked)
{
    char text[] = "before - - ----- it: " KEY "and behind it", expected[sizeof text];
    size_t from = (size_t) (strstr(text, "-----BEGIN") - text);
    memcpy(expected, text, sizeof text);
    memset(expected + from, '*', sizeof text - from);
    expect_member(ps_span_of(text, sizeof text), true, ps_span_of(expected, sizeof expected));
    expect_member(ps_span_of(text, sizeof text), false, ps_span_of(text, sizeof text));
    stream.secrets = NULL;
    expect_member(ps_span_of(text, sizeof text), true, ps_span_of(expected, sizeof expected));
}

Test(member_stream, in_a_program_the_marks_of_a_key_are_only_text)
{
    const struct ps_span program = ps_span_text("\177ELF is what it begins with, and this stands in it: " KEY);
    expect_member(program, true, program);
}

Test(member_stream, what_does_not_come_is_zeros_and_no_more_comes_than_was_said)
{
    uint8_t sha256[PS_SHA256_LEN], expected[100] = "some bytes";
    begin(sizeof expected, true);
    add(ps_span_text("some bytes"));
    cr_expect(not(ps_member_stream_add(&stream, &out, ps_span_of(expected, sizeof expected))));
    cr_expect(not(ps_member_stream_end(&stream, &out, sha256)));
    cr_expect(is_hash_of(sha256, ps_span_of(expected, sizeof expected)));
    cr_expect(not(ps_member_stream_add(&stream, &out, ps_span_text(""))));
}

Test(member_stream, without_secrets_nothing_waits)
{
    uint8_t sha256[PS_SHA256_LEN];
    stream.secrets = NULL;
    begin(10, false);
    add(ps_span_text("some"));
    cr_expect(eq(u64, stream.written, 4));
    cr_expect(not(ps_member_stream_end(&stream, &out, sha256)));
}
