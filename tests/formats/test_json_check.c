/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/json_check.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "formats/buffer.h"

/* NULL, or what is wrong. */
static const char *flaw_of(struct ps_span text)
{
    struct ps_json_check check = {0};
    struct ps_json_flaw flaw = {0};
    bool fine = ps_json_check(&check, text, &flaw);
    ps_json_check_done(&check);
    cr_assert(fine || flaw.why != NULL);
    cr_assert(fine || flaw.at <= text.len);
    return fine ? NULL : flaw.why;
}

static void good(const char *text)
{
    const char *why = flaw_of(ps_span_text(text));
    cr_assert(why == NULL, "%s: %s", text, why);
}

static void bad(const char *text, const char *want)
{
    const char *why = flaw_of(ps_span_text(text));
    cr_assert(why != NULL, "accepted: %s", text);
    cr_assert(strstr(why, want) != NULL, "%s: %s", text, why);
}

Test(json_check, values)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "null",
        "true",
        "false",
        "0",
        "7",
        "-7",
        "\"\"",
        " [ ] ",
        "[1,2]",
        "[1 , 2]",
        "\t{\r\n}\n",
        "{\"a\":{\"b\":[{},[],\"\",0,null]},\"c\":1}",
        "[[],[[]],{}]",
        "{\"\":1}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0001\\u00e9\\uD83D\\uDE00\"",
        "\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
        "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
        "9007199254740992",
        "-9007199254740992",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        good(texts[i]);
}

Test(json_check, grammar)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "]",
        "}",
        "[}",
        "{]",
        "nul",
        "True",
        "NaN",
        "Infinity",
        "+1",
        ".5",
        "\"",
        "\"\\\"",
        "// x\n1",
        "[1]/**/",
        "undefined",
        "\xef\xbb\xbf{}",
        "{}{}",
        "1 2",
        "{},",
        "\"a\"\"b\"",
        "{\"a\":1}}",
        "[1]]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        bad(texts[i], "");
}

Test(json_check, numbers)
{
    bad("1.0", "no integer");
    bad("1e3", "no integer");
    bad("1E3", "no integer");
    bad("0.5", "no integer");
    bad("01", "zero");
    bad("-01", "zero");
    bad("-0", "zero");
    bad("00", "zero");
    bad("-", "2^53");
    bad("9007199254740993", "2^53");
    bad("-9007199254740993", "2^53");
    bad("18446744073709551616", "2^53");
    bad("99999999999999999999999999999999", "2^53");
    bad("0x10", "behind");
}

Test(json_check, strings)
{
    bad("\"\n\"", "control");
    bad("\"\x1f\"", "control");
    bad("\"\\x41\"", "escape");
    bad("\"\\u12\"", "escape");
    bad("\"\\u12g4\"", "escape");
    bad("\"\\u0000\"", "NUL");
    bad("\"\\ud800\"", "surrogate");
    bad("\"\\udc00\"", "surrogate");
    bad("\"\\ud800x\"", "surrogate");
    bad("\"\\ud800\\u0041\"", "surrogate");
    bad("\"\\ud800\\ud800\"", "surrogate");
    bad("\"\\udc00\\ud800\"", "surrogate");
    cr_assert(flaw_of(ps_span_of("\"a\0b\"", 5)) != NULL);
    cr_assert(flaw_of(ps_span_of("{}\0", 3)) != NULL);
}

Test(json_check, utf8)
{
    static const char *const texts[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xe2\x82\xac\xac",
        "\xf8\x88\x80\x80\x80",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[32];
        snprintf(text, sizeof text, "\"%s\"", texts[i]);
        bad(text, "UTF-8");
        snprintf(text, sizeof text, "{\"%s\":1}", texts[i]);
        bad(text, "UTF-8");
    }
}

Test(json_check, keys)
{
    bad("{\"a\":1,\"a\":1}", "twice");
    bad("{\"a\":1,\"b\":2,\"a\":1}", "twice");
    bad("{\"a\":1,\"\\u0061\":1}", "twice");
    bad("{\"\xc3\xa9\":1,\"\\u00E9\":1}", "twice");
    bad("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":1}", "twice");
    bad("{\"/\":1,\"\\/\":1}", "twice");
    bad("[{\"x\":{\"a\":1,\"a\":2}}]", "twice");
    bad("{\"\":1,\"\":2}", "twice");
    good("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}");
    good("{\"a\":1,\"A\":1,\"aa\":1,\"\":1}");
    good("[{\"a\":1},{\"a\":1}]");
    good("{\"b\":[{\"c\":1},{\"c\":1}],\"c\":1}");
}

/* A key twice among many, at any distance. */
Test(json_check, many_keys)
{
    for (size_t count = 2; count < 60; count++) {
        struct ps_buffer text = {0};
        ps_buffer_add_text(&text, "{\"k0\":0");
        for (size_t i = 1; i < count; i++)
            ps_buffer_addf(&text, ",\"k%zu\":%zu", i, i);
        size_t len = text.len;
        ps_buffer_add_text(&text, "}");
        cr_assert(flaw_of(ps_buffer_span(&text)) == NULL);
        for (size_t i = 0; i < count; i++) {
            text.len = len;
            ps_buffer_addf(&text, ",\"k%zu\":0}", i);
            cr_assert(flaw_of(ps_buffer_span(&text)) != NULL, "%zu of %zu", i, count);
        }
        ps_buffer_done(&text);
    }
}

Test(json_check, depth)
{
    char text[64];
    for (size_t depth = 1; depth < 20; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        const char *why = flaw_of(ps_span_of(text, 2 * depth));
        cr_assert_eq(why == NULL, depth <= PS_JSON_DEPTH, "%zu", depth);
    }
    bad("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "deep");
}

/* Half a million keys in one object: sorted, not compared with each other. */
Test(json_check, hostile_length)
{
    struct ps_buffer text = {0};
    ps_buffer_add_text(&text, "{\"\":0");
    for (unsigned i = 0; i < 400000; i++)
        ps_buffer_addf(&text, ",\"%x\":0", i);
    ps_buffer_add_text(&text, "}");
    cr_assert(flaw_of(ps_buffer_span(&text)) == NULL);
    ps_buffer_done(&text);
}

Test(json_check, memory_is_used_again)
{
    struct ps_json_check check = {0};
    struct ps_json_flaw flaw;
    cr_assert(!ps_json_check(&check, ps_span_text("{\"a\":{\"b\":1"), &flaw));
    cr_assert(ps_json_check(&check, ps_span_text("{\"a\":{\"a\":1}}"), &flaw));
    ps_json_check_done(&check);
    ps_json_check_done(&check);
}
