/* SPDX-License-Identifier: Apache-2.0
 *
 * The printer between the evidence and the terminal: nothing that a terminal acts on comes out of it.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "formats/printable.h"

struct pair {
    const char *in;
    size_t len;
    const char *out;
};

/* clang-format off */
#define PAIR(in, out) {in, sizeof(in) - 1, out}

typedef void printer(struct ps_buffer *out, struct ps_span bytes);

static void expect(printer *print, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ps_buffer out = {0};
        print(&out, ps_span_of(pairs[i].in, pairs[i].len));
        ps_buffer_add_byte(&out, '\0');
        cr_expect(eq(str, (char *) out.data, (char *) pairs[i].out), "pair %zu", i);
        ps_buffer_done(&out);
    }
}

#define EXPECT(print, pairs) expect((print), (pairs), sizeof(pairs) / sizeof((pairs)[0]))

Test(printable, nothing_comes_from_nothing)
{
    struct ps_buffer out = {0};
    ps_printable_add(&out, ps_span_of(NULL, 0));
    cr_expect(eq(sz, out.len, 0));
    cr_expect(eq(sz, ps_printable_columns(ps_span_of(NULL, 0)), 0));
    ps_buffer_done(&out);
}

Test(printable, plain_text_stays)
{
    static const struct pair pairs[] = {
        PAIR("nginx: worker process", "nginx: worker process"),
        PAIR("/srv/b\xc3\xbc" "cher/\xe2\x82\xac/\xf0\x9f\x90\xa7",
             "/srv/b\xc3\xbc" "cher/\xe2\x82\xac/\xf0\x9f\x90\xa7"),
    };
    EXPECT(ps_printable_add, pairs);
}

Test(printable, what_a_terminal_acts_on_is_escaped)
{
    static const struct pair pairs[] = {
        PAIR("\033[2J\033]0;x\007", "\\x1b[2J\\x1b]0;x\\x07"),
        PAIR("a\nb\tc\rd\0e", "a\\x0ab\\x09c\\x0dd\\x00e"),
        PAIR("\x7f", "\\x7f"),
        PAIR("\xc2\x9b" "31m", "\\u{009b}31m"),                 /* C1: CSI in two bytes of UTF-8 */
        PAIR("\x9b" "31m", "\\x9b31m"),                         /* and in one byte of Latin-1 */
        PAIR("\xe2\x80\xae" "gpj.exe", "\\u{202e}gpj.exe"),     /* right-to-left override */
        PAIR("\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}"),
        PAIR("\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"), /* line and paragraph separator */
        PAIR("\xef\xbb\xbf", "\\u{feff}"),
        PAIR("ss\xe2\x80\x8b" "hd", "ss\\u{200b}hd"),           /* zero width: two names that look the same */
        PAIR("\xf3\xa0\x81\x81", "\\u{e0041}"),                 /* tag characters: invisible text */
        PAIR("c:\\x1b", "c:\\\\x1b"),                           /* so that the escape can be told from the text */
    };
    EXPECT(ps_printable_add, pairs);
}

Test(printable, what_is_not_utf8_is_escaped_byte_by_byte)
{
    static const struct pair pairs[] = {
        PAIR("\xff\xfe", "\\xff\\xfe"),
        PAIR("\xc0\xaf", "\\xc0\\xaf"),                 /* overlong / */
        PAIR("\xe0\x80\xaf", "\\xe0\\x80\\xaf"),
        PAIR("\xed\xa0\x80", "\\xed\\xa0\\x80"),        /* a surrogate */
        PAIR("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"), /* beyond U+10FFFF */
        PAIR("\xe2\x82", "\\xe2\\x82"),                 /* cut in a character */
        PAIR("\xe2\x82z", "\\xe2\\x82z"),
        PAIR("\x80", "\\x80"),
    };
    EXPECT(ps_printable_add, pairs);
}

Test(printable, no_byte_that_matters_passes_whatever_stands_around_it)
{
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t in[3] = {(uint8_t) a, (uint8_t) b, 'x'};
            struct ps_buffer out = {0};
            ps_printable_add(&out, ps_span_of(in, sizeof in));
            for (size_t i = 0; i < out.len; i++)
                cr_assert(out.data[i] >= 0x20 && out.data[i] != 0x7f, "%02x %02x", a, b);
            cr_assert(out.data[out.len - 1] == 'x', "%02x %02x swallowed what follows", a, b);
            ps_buffer_done(&out);
        }
    }
}

Test(printable, our_own_text_keeps_lines_and_is_not_escaped_twice)
{
    static const struct pair pairs[] = {
        PAIR("name \\x1b[m\nnext", "name \\x1b[m\nnext"),
        PAIR("a\033b\tc", "a\\x1bb\tc"), /* a tab is part of a trusted comment, and moves no further than blanks do */
    };
    EXPECT(ps_printable_add_text, pairs);
}

#define MARK "\xcc\x80"

Test(printable, marks_grow_over_no_other_line)
{
    static const struct pair pairs[] = {
        PAIR("e" MARK MARK MARK MARK MARK "x", "e" MARK MARK MARK MARK "\\u{0300}x"),
        PAIR(MARK MARK "x", "\\u{0300}\\u{0300}x"), /* on nothing, or on what stands before it */
        PAIR("\n" MARK, "\\x0a\\u{0300}"),
    };
    static const struct pair texts[] = {PAIR("e" MARK MARK MARK MARK "\\u{0300}x", "e" MARK MARK MARK MARK "\\u{0300}x")};
    EXPECT(ps_printable_add, pairs);
    EXPECT(ps_printable_add_text, texts);
    cr_expect(eq(sz, ps_printable_columns(ps_span_text("e" MARK MARK MARK MARK MARK "x")), 10));
    cr_expect(eq(sz, ps_printable_columns(ps_span_text("\xe2\x9a\xa1\xe2\x9c\x93")), 3)); /* an emoji of the BMP; a tick */
}

static void fold(const char *text, size_t columns, const char *expected)
{
    struct ps_buffer out = {0};
    ps_printable_add_folded(&out, ps_span_text(text), columns);
    ps_buffer_add_byte(&out, '\0');
    cr_expect(eq(str, (char *) out.data, (char *) expected));
    ps_buffer_done(&out);
}

Test(printable, folded_lines_go_on_behind_their_indent)
{
    fold("short\n\nlast\n", 20, "short\n\nlast\n");
    fold("no newline", 20, "no newline\n");
    fold("label        one two three four five six\n", 30,
         "label        one two three \n               four five six\n");
    fold("  sha256 0123456789abcdef0123456789abcdef\n", 38,
         "  sha256 \n    0123456789abcdef0123456789abcdef\n");
    fold("  0123456789abcdef01234\n", 20, "  0123456789abcdef01\n    234\n");
    fold("  0123456789abcd\\u{202e}\\\\\\x0a\n", 20, "  0123456789abcd\n    \\u{202e}\\\\\\x0a\n");
    fold("  \xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83x\n",
         20, "  \xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\xe5\xba\x83\n    x\n");
}

Test(printable, folded_text_is_never_wider)
{
    /* Of every glyph that the printer makes, whatever falls on the edge. */
    static const char text[] = "  a \\\\ \\x0a\\u{202e}\\u{e0041} \xe5\xba\x83" "e" MARK " ......................... \\";
    for (size_t columns = 20; columns < 60; columns++) {
        for (size_t from = 0; from < 2; from++) {
            struct ps_buffer out = {0};
            ps_printable_add_folded(&out, ps_span_text(text + from), columns);
            struct ps_cursor in = ps_cursor_over(ps_buffer_span(&out));
            struct ps_span line;
            while (ps_take_line(&in, &line))
                cr_expect(le(sz, ps_printable_text_columns(line), columns));
            ps_buffer_done(&out);
        }
    }
}

Test(printable, json_keeps_its_values)
{
    static const struct pair pairs[] = {
        PAIR("{\"a\":\"\\u001b\\n\"}\n", "{\"a\":\"\\u001b\\n\"}\n"),
        PAIR("\"\xe2\x80\xae\"", "\"\\u202e\""),
        PAIR("\"\x7f\xc2\x9b\"", "\"\\u007f\\u009b\""),
        PAIR("\"\xf3\xa0\x81\x81\"", "\"\\udb40\\udc41\""),
        PAIR("\"\xe2\x82\xac\"", "\"\xe2\x82\xac\""),
    };
    EXPECT(ps_printable_add_json, pairs);
}

/* clang-format on */

static void cell(const char *in, size_t columns, const char *want)
{
    struct ps_buffer out = {0};
    ps_printable_add_cell(&out, ps_span_text(in), columns);
    ps_buffer_add_byte(&out, '\0');
    cr_expect(eq(str, (char *) out.data, (char *) want));
    ps_buffer_done(&out);
}

Test(printable, cells_have_their_width)
{
    cell("", 3, "   ");
    cell("abc", 3, "abc");
    cell("abcd", 3, "ab~");
    cell("a\033", 8, "a\\x1b   ");
    cell("a\033", 3, "a~ "); /* an escape is never cut in the middle */
    cell("\xe6\x97\xa5\xe6\x9c\xac", 5, "\xe6\x97\xa5\xe6\x9c\xac "); /* two columns each */
    cell("\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5~");
    cell("e\xcc\x81x", 3, "e\xcc\x81x "); /* a combining accent takes none */
    cell("abc", 0, "");
}
