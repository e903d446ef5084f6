/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/json.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "formats/record_json.h"
#include "tests/strict_json.h"

static bool reads(struct ps_buffer *out, const char *want)
{
    bool same = ps_span_is(ps_buffer_span(out), want);

    if (!same)
        cr_log_error("got  %.*s\nwant %s", (int) out->len, (const char *) out->data, want);
    ps_buffer_done(out);
    return same;
}

/* {"x":...} of these bytes, copied to the exact size so that a sanitizer sees what is read behind them. */
static bool writes(const void *data, size_t len, const char *want)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);
    uint8_t *exact = malloc(len);

    memcpy(exact, data, len);
    ps_json_object(&j, NULL);
    ps_json_bytes(&j, "x", ps_span_of(exact, len));
    ps_json_object_end(&j);
    bool lossless = strstr(want, "_b64") == NULL;
    cr_assert(ps_json_lossless(ps_span_of(exact, len)) == lossless);
    free(exact);
    ps_buffer_add_byte(&out, '\n');
    cr_assert(ps_strict_json_lines(ps_buffer_span(&out)));
    out.len--;
    return reads(&out, want);
}

#define BYTES(text) text, sizeof(text) - 1

/* --- strings --- */

Test(json, ascii_is_written_as_it_is)
{
    cr_assert(writes(BYTES(""), "{\"x\":\"\"}"));
    cr_assert(writes(BYTES("a"), "{\"x\":\"a\"}"));
    cr_assert(writes(BYTES(" !#[]~ /usr/bin"), "{\"x\":\" !#[]~ /usr/bin\"}"));
}

Test(json, quotes_backslashes_and_controls_are_escaped)
{
    cr_assert(writes(BYTES("\"\\/"), "{\"x\":\"\\\"\\\\/\"}"));
    cr_assert(writes(BYTES("\b\f\n\r\t"), "{\"x\":\"\\b\\f\\n\\r\\t\"}"));
    cr_assert(writes(BYTES("\x01\x1b\x1f\x7f"), "{\"x\":\"\\u0001\\u001b\\u001f\\u007f\"}"));
}

/* The fast path takes eight bytes at a time: every byte value at every place of it, and around its end. */
Test(json, every_byte_at_every_place)
{
    for (size_t len = 1; len <= 18; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char text[19] = "abcdefghijklmnopqr";
                struct ps_buffer out = {0};
                struct ps_json j = ps_json_into(&out);
                text[at] = (char) byte;
                ps_json_object(&j, NULL);
                ps_json_bytes(&j, "x", ps_span_of(text, len));
                ps_json_object_end(&j);
                ps_buffer_add_byte(&out, '\n');
                bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
                cr_assert((out.len == len + 9) == plain, "byte %d at %zu of %zu", byte, at, len);
                cr_assert(ps_strict_json_lines(ps_buffer_span(&out)), "byte %d at %zu of %zu", byte, at, len);
                ps_buffer_done(&out);
            }
        }
    }
}

Test(json, well_formed_utf8_is_kept_to_its_edges)
{
    cr_assert(writes(BYTES("\xc2\xa0\xdf\xbf"), "{\"x\":\"\xc2\xa0\xdf\xbf\"}"));
    cr_assert(writes(BYTES("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"),
                     "{\"x\":\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"}"));
    cr_assert(writes(BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), "{\"x\":\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}"));
    cr_assert(writes(BYTES("\xef\xbf\xbd"), "{\"x\":\"\xef\xbf\xbd\"}"));
}

/* One U+FFFD for each maximal subpart (Unicode 3.9), and the exact bytes beside it. */
Test(json, ill_formed_utf8_is_replaced_and_kept_in_base64)
{
    cr_assert(writes(BYTES("\xff"), "{\"x\":\"\xef\xbf\xbd\",\"x_b64\":\"/w==\"}"));
    cr_assert(writes(BYTES("a\x80z"), "{\"x\":\"a\xef\xbf\xbdz\",\"x_b64\":\"YYB6\"}"));
    /* overlong: two bytes, none of which starts anything */
    cr_assert(writes(BYTES("\xc0\xaf"), "{\"x\":\"\xef\xbf\xbd\xef\xbf\xbd\",\"x_b64\":\"wK8=\"}"));
    /* a surrogate: three */
    cr_assert(writes(BYTES("\xed\xa0\x80"), "{\"x\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"x_b64\":\"7aCA\"}"));
    /* cut inside a sequence: one for all of the beginning */
    cr_assert(writes(BYTES("\xf0\x9f\x98"), "{\"x\":\"\xef\xbf\xbd\",\"x_b64\":\"8J+Y\"}"));
    cr_assert(writes(BYTES("\xe2\x82 "), "{\"x\":\"\xef\xbf\xbd \",\"x_b64\":\"4oIg\"}"));
    /* beyond 10ffff */
    cr_assert(writes(BYTES("\xf4\x90"), "{\"x\":\"\xef\xbf\xbd\xef\xbf\xbd\",\"x_b64\":\"9JA=\"}"));
}

Test(json, nul_is_lossy)
{
    cr_assert(writes(BYTES("a\0b"), "{\"x\":\"a\xef\xbf\xbd"
                                    "b\",\"x_b64\":\"YQBi\"}"));
}

Test(json, what_drives_a_terminal_or_reorders_a_line_is_escaped)
{
    cr_assert(writes(BYTES("\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8\xef\xbb\xbf\xd8\x9c"),
                     "{\"x\":\"\\u009b\\u202e\\u2066\\u2028\\ufeff\\u061c\"}"));
}

Test(json, our_own_text)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);

    ps_json_array(&j, NULL);
    ps_json_text(&j, NULL, "a\"b");
    ps_json_text(&j, NULL, NULL);
    ps_json_array_end(&j);
    cr_assert(reads(&out, "[\"a\\\"b\",null]"));
}

/* --- numbers --- */

Test(json, numbers_beyond_two_to_53_are_strings)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);

    ps_json_array(&j, NULL);
    ps_json_u64(&j, NULL, 9007199254740992U);
    ps_json_u64(&j, NULL, 9007199254740993U);
    ps_json_u64(&j, NULL, UINT64_MAX);
    ps_json_i64(&j, NULL, -9007199254740992);
    ps_json_i64(&j, NULL, -9007199254740993);
    ps_json_i64(&j, NULL, INT64_MIN);
    ps_json_array_end(&j);
    cr_assert(reads(&out, "[9007199254740992,\"9007199254740993\",\"18446744073709551615\",-9007199254740992,"
                          "\"-9007199254740993\",\"-9223372036854775808\"]"));
}

Test(json, digits_of_every_length)
{
    for (unsigned len = 1; len <= 20; len++) {
        char digits[32] = "18446744073709551615", negative[34] = "-";
        digits[len] = 0;
        struct ps_buffer out = {0};
        uint64_t value = strtoull(digits, NULL, 10);
        ps_buffer_add_u64(&out, value);
        cr_assert(reads(&out, digits));
        ps_buffer_add_i64(&out, len < 20 ? -(int64_t) value : 0);
        cr_assert(reads(&out, len < 20 ? strcat(negative, digits) : "0"));
    }
    struct ps_buffer out = {0};
    ps_buffer_add_u64(&out, 0);
    ps_buffer_add_hex(&out, 0xab, 4);
    ps_buffer_add_hex(&out, 0x12345, 4);
    ps_buffer_add_hex(&out, UINT64_MAX, 0);
    cr_assert(reads(&out, "000ab12345ffffffffffffffff"));
}

Test(json, hex_and_octal_are_strings)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);

    ps_json_array(&j, NULL);
    ps_json_hex(&j, NULL, 0);
    ps_json_hex(&j, NULL, 0x7f00);
    ps_json_hex(&j, NULL, UINT64_MAX);
    ps_json_octal(&j, NULL, 0);
    ps_json_octal(&j, NULL, 02000002);
    ps_json_octal(&j, NULL, UINT64_MAX);
    ps_json_array_end(&j);
    cr_assert(
        reads(&out, "[\"0x0\",\"0x7f00\",\"0xffffffffffffffff\",\"00\",\"02000002\",\"01777777777777777777777\"]"));
}

/* --- addresses --- */

static bool ip6_reads(const uint8_t address[16], const char *want)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);

    ps_json_ip6(&j, NULL, address);
    return reads(&out, want);
}

Test(json, ipv6_in_its_shortest_form)
{
    static const struct {
        uint8_t address[16];
        const char *want;
    } rows[] = {
        {{0}, "\"::\""},
        {{[15] = 1}, "\"::1\""},
        {{[1] = 1}, "\"1::\""},
        {{0x20, 0x01, 0x0d, 0xb8, [11] = 1, [15] = 1}, "\"2001:db8::1:0:1\""},
        {{0x20, 0x01, [7] = 1, [15] = 1}, "\"2001:0:0:1::1\""},
        {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, "\"2001:db8:0:1:1:1:1:1\""},
        {{[3] = 1, [13] = 1}, "\"0:1::1:0\""},
        {{[1] = 1, [7] = 1, [13] = 1, [15] = 1}, "\"1::1:0:0:1:1\""},
        {{0xfe, 0x80, [15] = 0x0f, [14] = 0xf0}, "\"fe80::f00f\""},
        {{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 255}, "\"::ffff:192.0.2.255\""},
        {{[10] = 0xff, [11] = 0xfe, [12] = 192}, "\"::fffe:c000:0\""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert(ip6_reads(rows[i].address, rows[i].want));
}

/* --- structure --- */

Test(json, commas_stand_between_and_nowhere_else)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);

    ps_json_object(&j, NULL);
    ps_json_object(&j, "a");
    ps_json_object_end(&j);
    ps_json_array(&j, "b");
    ps_json_array_end(&j);
    ps_json_bool(&j, "c", true);
    ps_json_null(&j, "d");
    ps_json_raw(&j, "e", ps_span_text("[1]"));
    ps_json_object_end(&j);
    cr_assert(reads(&out, "{\"a\":{},\"b\":[],\"c\":true,\"d\":null,\"e\":[1]}"));
}

static bool next_by_comma(struct ps_cursor *in, struct ps_span *piece)
{
    return ps_take_until(in, ',', piece);
}

Test(json, a_list_has_all_its_bytes_beside_it_when_one_piece_is_lossy)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);

    ps_json_object(&j, NULL);
    ps_json_bytes_array(&j, "a", ps_span_text("x,,"), next_by_comma);
    ps_json_bytes_array(&j, "b", ps_span_text("x,\xff,"), next_by_comma);
    ps_json_bytes_array(&j, "c", ps_span_text(""), next_by_comma);
    ps_json_object_end(&j);
    cr_assert(
        reads(&out, "{\"a\":[\"x\",\"\"],\"b\":[\"x\",\"\xef\xbf\xbd\"],\"b_b64\":[\"eA==\",\"/w==\"],\"c\":[]}"));
}

static bool unescapes(const char *escaped, struct ps_span want)
{
    struct ps_buffer out = {0};

    ps_unescape(&out, ps_span_text(escaped));
    bool same = ps_span_equal(ps_buffer_span(&out), want);
    ps_buffer_done(&out);
    return same;
}

Test(json, only_a_backslash_and_three_octal_digits_make_a_byte)
{
    cr_assert(unescapes("", ps_span_text("")));
    cr_assert(unescapes("a\\040b\\134", ps_span_text("a b\\")));
    cr_assert(unescapes("\\377\\000", ps_span_of("\xff\0", 2)));
    cr_assert(unescapes("\\400 \\08 \\9 \\n \\", ps_span_text("\\400 \\08 \\9 \\n \\")));
    cr_assert(unescapes("\\\\040", ps_span_text("\\ ")));
    cr_assert(unescapes("\\1", ps_span_text("\\1")));
}
