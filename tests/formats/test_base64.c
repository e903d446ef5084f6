/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/base64.h"

#include <criterion/criterion.h>
#include <string.h>

static bool encodes_to(struct ps_span bytes, const char *want)
{
    struct ps_buffer out = {0};
    ps_base64_add(&out, bytes);
    bool same = ps_span_is(ps_buffer_span(&out), want) && ps_base64_len(bytes.len) == strlen(want);
    ps_buffer_done(&out);
    return same;
}

Test(base64, rfc_4648_vectors)
{
    cr_assert(encodes_to(ps_span_of(NULL, 0), ""));
    cr_assert(encodes_to(ps_span_text("f"), "Zg=="));
    cr_assert(encodes_to(ps_span_text("fo"), "Zm8="));
    cr_assert(encodes_to(ps_span_text("foo"), "Zm9v"));
    cr_assert(encodes_to(ps_span_text("foob"), "Zm9vYg=="));
    cr_assert(encodes_to(ps_span_text("fooba"), "Zm9vYmE="));
    cr_assert(encodes_to(ps_span_text("foobar"), "Zm9vYmFy"));
    cr_assert(encodes_to(ps_span_of("\xfb\xff\xbf", 3), "+/+/"));
}

Test(base64, adds_behind_what_is_there)
{
    struct ps_buffer out = {0};
    ps_buffer_add_text(&out, "x");
    ps_base64_add(&out, ps_span_text("foo"));
    ps_base64_add(&out, ps_span_text("f"));
    cr_assert(ps_span_is(ps_buffer_span(&out), "xZm9vZg=="));
    ps_buffer_done(&out);
}

Test(base64, impossible_length_is_a_failed_allocation)
{
    struct ps_buffer out = {0};
    ps_base64_add(&out, ps_span_of("x", SIZE_MAX));
    cr_assert(out.failed);
    ps_buffer_done(&out);
}

/* Of all texts of four characters that end in this way, exactly the canonical ones decode: 2^8, 2^16, 2^16 of 2^24. */
static size_t accepted(const char *tail, size_t len)
{
    static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ \n";
    size_t free_chars = 4 - strlen(tail), combinations = 1, count = 0;
    for (size_t i = 0; i < free_chars; i++)
        combinations *= sizeof chars;
    for (size_t n = 0; n < combinations; n++) {
        uint8_t text[4], out[3];
        size_t rest = n;
        for (size_t i = 0; i < free_chars; i++, rest /= sizeof chars)
            text[i] = (uint8_t) chars[rest % sizeof chars];
        memcpy(text + free_chars, tail, strlen(tail));
        if (!ps_base64_decode(ps_span_of(text, 4), out, len))
            continue;
        struct ps_buffer again = {0};
        ps_base64_add(&again, ps_span_of(out, len));
        cr_assert(ps_span_equal(ps_buffer_span(&again), ps_span_of(text, 4)));
        ps_buffer_done(&again);
        count++;
    }
    return count;
}

Test(base64, one_spelling_for_each_value)
{
    cr_assert_eq(accepted("==", 1), 256);
    cr_assert_eq(accepted("=", 2), 65536);
    cr_assert_eq(accepted("A", 3), 4096 * 64);
}

Test(base64, wrong_texts_leave_the_output_alone)
{
    static const char *const wrong[] = {"", "Zm8", "Zm8==", "Zm8=\n", " Zm8=", "Zm9v", "Zg==", "Zm9=", "Z=8=", "Zm8-",
                                        "Zm8=Zm8=", "====", "Zm8A", "\xff\xff\xff="};
    uint8_t out[2] = {7, 8};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(!ps_base64_decode(ps_span_text(wrong[i]), out, 2), "%s", wrong[i]);
        cr_assert(out[0] == 7 && out[1] == 8);
    }
    cr_assert(ps_base64_decode(ps_span_text("Zm8="), out, 2));
    cr_assert(memcmp(out, "fo", 2) == 0);
    cr_assert(ps_base64_decode(ps_span_of(NULL, 0), out, 0));
    cr_assert(!ps_base64_decode(ps_span_text("Zm8="), out, SIZE_MAX));
}
