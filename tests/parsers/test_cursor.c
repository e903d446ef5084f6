/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/cursor.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

/* On the heap and of the exact size: a sanitizer sees the first byte that is read behind the end. */
static struct ps_cursor exact(const char *text)
{
    size_t len = strlen(text);
    uint8_t *data = malloc(len);

    if (len > 0)
        memcpy(data, text, len);
    return ps_cursor_over(ps_span_of(data, len));
}

static void done(struct ps_cursor *c)
{
    free((void *) (uintptr_t) c->in.data);
}

/* --- safety: nothing, one byte, too much, and no stop byte --- */

/* A verb that fails must not move. */
static void expect_no_verb_takes(struct ps_cursor c)
{
    const size_t at = c.at;
    uint64_t u = 7;
    int64_t i = 7;
    uint8_t byte = 7;
    struct ps_span span = ps_span_text("untouched");

    cr_assert(!ps_peek_byte(&c, &byte) && !ps_take_any(&c, &byte) && !ps_take_byte(&c, 0));
    cr_assert(!ps_take_u64(&c, &u) && !ps_take_i64(&c, &i) && !ps_take_hex(&c, &u) && !ps_take_octal(&c, &u));
    cr_assert(!ps_take_until(&c, 0, &span) && !ps_take_until_last(&c, 0, &span));
    cr_assert(!ps_take_word(&c, &span) && !ps_take_line(&c, &span) && !ps_take_bytes(&c, 1, &span));
    cr_assert(!ps_take_text(&c, "x") && ps_skip_run(&c, 'x') == 0);
    cr_assert(c.at == at && u == 7 && i == 7 && byte == 7 && ps_span_is(span, "untouched"));
}

Test(cursor, nothing_can_be_taken_from_nothing)
{
    struct ps_span rest;
    struct ps_cursor none = ps_cursor_over(ps_span_of(NULL, 0));
    struct ps_cursor empty = exact("");

    expect_no_verb_takes(none);
    expect_no_verb_takes(empty);
    cr_assert(ps_cursor_done(&none) && ps_cursor_left(&none) == 0 && ps_at_line_start(&none));
    cr_assert(ps_take_bytes(&none, 0, &rest) && rest.len == 0);
    cr_assert(ps_take_text(&none, ""));
    ps_skip_rest(&none);
    cr_assert(none.at == 0 && ps_cursor_rest(&none).len == 0 && ps_cursor_passed(&none, 0).len == 0);
    done(&empty);
}

Test(cursor, nothing_can_be_taken_behind_the_end)
{
    struct ps_cursor c = exact("12\n");

    ps_skip_rest(&c);
    expect_no_verb_takes(c);
    cr_assert(ps_cursor_done(&c) && ps_at_line_start(&c));
    done(&c);
}

Test(cursor, one_byte)
{
    uint64_t value = 0;
    struct ps_span span;
    struct ps_cursor digit = exact("7"), other = exact("x");

    cr_assert(ps_take_u64(&digit, &value) && value == 7 && ps_cursor_done(&digit));
    cr_assert(!ps_take_u64(&other, &value) && !ps_take_byte(&other, 'y') && other.at == 0);
    cr_assert(!ps_take_bytes(&other, 2, &span) && !ps_take_bytes(&other, SIZE_MAX, &span) && other.at == 0);
    cr_assert(ps_take_line(&other, &span) && ps_span_is(span, "x") && ps_cursor_done(&other));
    cr_assert(!ps_at_line_start(&other));
    done(&digit);
    done(&other);
}

struct number {
    const char *text;
    bool good;
    uint64_t value;
    size_t taken;
};

static void expect_numbers(const struct number *rows, size_t count, bool (*take)(struct ps_cursor *, uint64_t *))
{
    for (size_t i = 0; i < count; i++) {
        struct ps_cursor c = exact(rows[i].text);
        uint64_t value = 4711;
        bool good = take(&c, &value);
        cr_assert(good == rows[i].good && c.at == rows[i].taken, "%s", rows[i].text);
        cr_assert(value == (good ? rows[i].value : 4711), "%s: %llu", rows[i].text, (unsigned long long) value);
        done(&c);
    }
}

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

Test(cursor, u64_is_never_wrapped_or_clamped)
{
    static const struct number rows[] = {
        {"0", true, 0, 1},
        {"007 ", true, 7, 3},
        {"18446744073709551615", true, UINT64_MAX, 20},
        {"0000000000000000000000000018446744073709551615", true, UINT64_MAX, 46},
        {"18446744073709551616", false, 0, 0},
        {"18446744073709551620", false, 0, 0},
        {"28446744073709551615", false, 0, 0},
        {"99999999999999999999999999999999", false, 0, 0},
        {"-1", false, 0, 0},
        {"+1", false, 0, 0},
        {" 1", false, 0, 0},
        {"/", false, 0, 0},
        {":", false, 0, 0},
        {"9:", true, 9, 1},
    };
    expect_numbers(rows, COUNT(rows), ps_take_u64);
}

Test(cursor, hex_of_both_cases_up_to_64_bits)
{
    static const struct number rows[] = {
        {"0", true, 0, 1},
        {"DeadBeef-", true, 0xdeadbeef, 8},
        {"ffffffffffffffff", true, UINT64_MAX, 16},
        {"00000ffffffffffffffff", true, UINT64_MAX, 21},
        {"10000000000000000", false, 0, 0},
        {"0x1", true, 0, 1},
        {"g", false, 0, 0},
        {"@", false, 0, 0},
        {"`", false, 0, 0},
        {"G", false, 0, 0},
        {"\xc1", false, 0, 0},
    };
    expect_numbers(rows, COUNT(rows), ps_take_hex);
}

Test(cursor, octal_up_to_64_bits)
{
    static const struct number rows[] = {
        {"02000002", true, 02000002, 8},
        {"18", true, 1, 1},
        {"8", false, 0, 0},
        {"1777777777777777777777", true, UINT64_MAX, 22},
        {"2000000000000000000000", false, 0, 0},
    };
    expect_numbers(rows, COUNT(rows), ps_take_octal);
}

Test(cursor, i64_reaches_both_ends)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775809", false, 0},
        {"9223372036854775808", false, 0},
        {"-0", true, 0},
        {"-1", true, -1},
        {"-", false, 0},
        {"--1", false, 0},
        {"- 1", false, 0},
        {"", false, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ps_cursor c = exact(rows[i].text);
        int64_t value = 4711;
        cr_assert(ps_take_i64(&c, &value) == rows[i].good, "%s", rows[i].text);
        cr_assert(value == (rows[i].good ? rows[i].value : 4711), "%s", rows[i].text);
        cr_assert(c.at == (rows[i].good ? strlen(rows[i].text) : 0), "%s", rows[i].text);
        done(&c);
    }
}

Test(cursor, a_stop_byte_that_does_not_occur)
{
    struct ps_cursor c = exact("abc");
    struct ps_span span = ps_span_text("untouched");

    cr_assert(!ps_take_until(&c, ':', &span) && !ps_take_until_last(&c, ':', &span));
    cr_assert(c.at == 0 && ps_span_is(span, "untouched"));
    done(&c);
}

/* --- what the verbs take --- */

Test(cursor, until_the_first_and_the_last_stop)
{
    struct ps_cursor first = exact("a:b:c"), last = exact("a:b:c"), edge = exact("::");
    struct ps_span span;

    cr_assert(ps_take_until(&first, ':', &span) && ps_span_is(span, "a") && first.at == 2);
    cr_assert(ps_take_until_last(&last, ':', &span) && ps_span_is(span, "a:b") && last.at == 4);
    cr_assert(ps_take_until(&edge, ':', &span) && span.len == 0 && edge.at == 1);
    cr_assert(ps_take_until_last(&edge, ':', &span) && span.len == 0 && ps_cursor_done(&edge));
    cr_assert(!ps_take_until_last(&edge, ':', &span));
    done(&first);
    done(&last);
    done(&edge);
}

Test(cursor, a_word_ends_at_a_blank_a_tab_or_a_newline)
{
    struct ps_cursor c = exact("ab\tc\n d");
    struct ps_span word;

    cr_assert(ps_take_word(&c, &word) && ps_span_is(word, "ab") && !ps_take_word(&c, &word));
    cr_assert(ps_take_byte(&c, '\t') && ps_take_word(&c, &word) && ps_span_is(word, "c") && !ps_take_word(&c, &word));
    cr_assert(ps_take_byte(&c, '\n') && !ps_take_word(&c, &word) && ps_skip_run(&c, ' ') == 1);
    cr_assert(ps_take_word(&c, &word) && ps_span_is(word, "d") && ps_cursor_done(&c));
    done(&c);
}

Test(cursor, lines_with_and_without_a_newline_at_the_end)
{
    struct ps_cursor c = exact("a\n\nb");
    struct ps_span line;

    cr_assert(ps_take_line(&c, &line) && ps_span_is(line, "a") && ps_at_line_start(&c));
    cr_assert(ps_take_line(&c, &line) && line.len == 0 && ps_at_line_start(&c));
    cr_assert(ps_take_line(&c, &line) && ps_span_is(line, "b") && !ps_at_line_start(&c));
    cr_assert(!ps_take_line(&c, &line));
    cr_assert(ps_span_is(ps_cursor_passed(&c, 2), "\nb"));
    done(&c);
}

Test(cursor, strings_with_and_without_a_nul_at_the_end)
{
    static const uint8_t bytes[] = {'a', 0, 0, 'b', '\n'};
    struct ps_cursor c = ps_cursor_over(ps_span_of(bytes, sizeof bytes));
    struct ps_span string;

    cr_assert(ps_take_string(&c, &string) && ps_span_is(string, "a"));
    cr_assert(ps_take_string(&c, &string) && string.len == 0);
    cr_assert(ps_take_string(&c, &string) && ps_span_is(string, "b\n") && ps_cursor_done(&c));
    cr_assert(!ps_take_string(&c, &string));
}

Test(cursor, nul_is_a_byte_like_any_other)
{
    static const uint8_t bytes[] = {'a', 0, 'b', '\n'};
    struct ps_cursor c = ps_cursor_over(ps_span_of(bytes, sizeof bytes));
    struct ps_span span;

    cr_assert(ps_take_until(&c, 0, &span) && ps_span_is(span, "a"));
    c.at = 0;
    cr_assert(ps_take_word(&c, &span) && span.len == 3);
    cr_assert(!ps_span_is(span, "a") && ps_span_starts(span, "a") && ps_span_ends(span, "b"));
}

Test(cursor, spans_compare_by_length_and_bytes)
{
    struct ps_span none = ps_span_of(NULL, 0), abc = ps_span_text("abc");

    cr_assert(ps_span_is(none, "") && ps_span_equal(none, ps_span_text("")) && !ps_span_is(none, "a"));
    cr_assert(ps_span_starts(none, "") && ps_span_ends(none, "") && !ps_span_starts(none, "a"));
    cr_assert(ps_span_starts(abc, "ab") && ps_span_ends(abc, "bc") && !ps_span_ends(abc, "xabc"));
    cr_assert(!ps_span_starts(abc, "abcd") && !ps_span_equal(abc, ps_span_text("abd")));
}

Test(cursor, spans_join_over_one_byte_only)
{
    struct ps_span all = ps_span_text("ab\ncd\nef"), none = {0};
    struct ps_span first = ps_span_of(all.data, 2), second = ps_span_of(all.data + 3, 2);
    struct ps_span third = ps_span_of(all.data + 6, 2);

    cr_assert(!ps_span_join(&first, third) && ps_span_is(first, "ab"));
    cr_assert(ps_span_join(&first, second) && ps_span_is(first, "ab\ncd"));
    cr_assert(ps_span_join(&first, third) && ps_span_equal(first, all));
    cr_assert(!ps_span_join(&none, first) && none.data == NULL);
}
