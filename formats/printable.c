/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/printable.h"

#include <stdio.h>

/* One step through the input: a code point, or one byte that begins none. */
struct glyph {
    uint32_t code;
    size_t len;
    bool well_formed;
};

struct range {
    uint32_t first, last;
};

/* Characters that are not seen but change what is seen: controls, line separators, direction marks, joiners, tags. */
static const struct range hidden[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static const struct range combining[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},   {0x6d6, 0x6dc},
    {0x900, 0x902},   {0x93c, 0x93c},   {0x941, 0x948},   {0xe31, 0xe31},   {0xe34, 0xe3a},   {0xe47, 0xe4e},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe20, 0xfe2f},
};

static const struct range wide[] = {
    {0x1100, 0x115e},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},   {0x23f0, 0x23f0},
    {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267f, 0x267f},
    {0x2693, 0x2693},   {0x26a1, 0x26a1},   {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},
    {0x26ce, 0x26ce},   {0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
    {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},   {0x2728, 0x2728},
    {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27b0, 0x27b0},   {0x27bf, 0x27bf},   {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},
    {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18d7f},
    {0x1aff0, 0x1b2ff}, {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a},
    {0x1f200, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f7e0, 0x1f7f0}, {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff},
    {0x20000, 0x3fffd},
};

#define IN(table, code) in_table((table), sizeof(table) / sizeof((table)[0]), (code))

static bool in_table(const struct range *table, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++)
        if (code >= table[i].first && code <= table[i].last)
            return true;
    return false;
}

static bool is_hidden(uint32_t code)
{
    return (code < 0x20 || code > 0x7e) && IN(hidden, code);
}

static struct glyph glyph_at(struct ps_span in, size_t at)
{
    uint8_t lead = in.data[at];
    struct glyph bad = {.code = lead, .len = 1, .well_formed = false};
    size_t len = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : 4;

    if (lead < 0x80)
        return (struct glyph){.code = lead, .len = 1, .well_formed = true};
    if (lead < 0xc2 || lead > 0xf4 || in.len - at < len)
        return bad;
    uint32_t code = lead & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((in.data[at + i] & 0xc0) != 0x80)
            return bad;
        code = code << 6 | (in.data[at + i] & 0x3fU);
    }
    /* Overlong forms and surrogates are not UTF-8. */
    if ((len == 3 && code < 0x800) || (len == 4 && code < 0x10000) || code > 0x10ffff ||
        (code >= 0xd800 && code <= 0xdfff))
        return bad;
    return (struct glyph){.code = code, .len = len, .well_formed = true};
}

enum { ESCAPE_MAX = 16, MARKS_MOST = 4 };

/* The escape of one glyph in `text`, or 0 when it is shown as it is; `alone`: it is a mark with no letter to stand on. */
static size_t escape(struct glyph g, bool keep_text, bool alone, char text[ESCAPE_MAX])
{
    int len = 0;

    if (g.well_formed && g.code == '\\')
        len = keep_text ? 0 : snprintf(text, ESCAPE_MAX, "\\\\");
    else if (keep_text && g.well_formed && (g.code == '\n' || g.code == '\t'))
        len = 0;
    else if (!g.well_formed || (g.code < 0x80 && is_hidden(g.code)))
        len = snprintf(text, ESCAPE_MAX, "\\x%02x", (unsigned) g.code);
    else if (g.code > 0x7e && (alone || is_hidden(g.code)))
        len = snprintf(text, ESCAPE_MAX, "\\u{%04x}", (unsigned) g.code);
    return (size_t) len;
}

static size_t glyph_columns(struct glyph g)
{
    if (g.code < 0x300)
        return 1;
    return IN(combining, g.code) ? 0 : IN(wide, g.code) ? 2 : 1;
}

/* Appends as much as fits into `columns` (all of it when that is SIZE_MAX); returns the columns used. *taken
 * says how many bytes that were. out may be NULL: only counted. */
static size_t add(struct ps_buffer *out, struct ps_span bytes, bool keep_text, size_t columns, size_t *taken)
{
    size_t used = 0, plain = 0, at = 0, marks_left = keep_text ? MARKS_MOST : 0;

    while (at < bytes.len) {
        char text[ESCAPE_MAX];
        struct glyph g = glyph_at(bytes, at);
        bool mark = g.well_formed && g.code >= 0x300 && IN(combining, g.code);
        size_t escaped = escape(g, keep_text, mark && marks_left == 0, text);
        size_t width = escaped > 0 ? escaped : glyph_columns(g);
        if (width > columns - used)
            break;
        if (escaped > 0 && out != NULL) {
            ps_buffer_add(out, bytes.data + plain, at - plain);
            ps_buffer_add(out, text, escaped);
        }
        at += g.len;
        used += width;
        if (escaped > 0)
            plain = at;
        marks_left = escaped > 0 ? 0 : mark ? marks_left - 1 : MARKS_MOST;
    }
    if (out != NULL && at > plain)
        ps_buffer_add(out, bytes.data + plain, at - plain);
    *taken = at;
    return used;
}

void ps_printable_add(struct ps_buffer *out, struct ps_span bytes)
{
    size_t taken;
    (void) add(out, bytes, false, SIZE_MAX, &taken);
}

size_t ps_printable_columns(struct ps_span bytes)
{
    size_t taken;
    return add(NULL, bytes, false, SIZE_MAX, &taken);
}

static size_t add_cut(struct ps_buffer *out, struct ps_span bytes, size_t columns)
{
    size_t taken;

    if (columns == 0)
        return 0;
    (void) add(NULL, bytes, false, columns, &taken);
    if (taken == bytes.len)
        return add(out, bytes, false, columns, &taken);
    size_t used = add(out, bytes, false, columns - 1, &taken);
    ps_buffer_add_byte(out, '~');
    return used + 1;
}

void ps_printable_add_cut(struct ps_buffer *out, struct ps_span bytes, size_t columns)
{
    (void) add_cut(out, bytes, columns);
}

void ps_printable_add_cell(struct ps_buffer *out, struct ps_span bytes, size_t columns)
{
    for (size_t used = add_cut(out, bytes, columns); used < columns; used++)
        ps_buffer_add_byte(out, ' ');
}

void ps_printable_add_broken(struct ps_buffer *out, struct ps_span bytes, size_t indent, size_t columns)
{
    enum { LEAST = 20 };
    size_t width = columns > indent + LEAST ? columns - indent : LEAST;
    size_t taken;

    for (;;) {
        (void) add(out, bytes, false, width, &taken);
        bytes = ps_span_of(bytes.data + taken, bytes.len - taken);
        if (bytes.len == 0)
            return;
        ps_buffer_addf(out, "\n%*s", (int) indent, "");
    }
}

void ps_printable_add_text(struct ps_buffer *out, struct ps_span text)
{
    size_t taken;
    (void) add(out, text, true, SIZE_MAX, &taken);
}

size_t ps_printable_text_columns(struct ps_span line)
{
    size_t taken;
    return add(NULL, line, true, SIZE_MAX, &taken);
}

/* Of a backslash and what belongs to it: \\, \xHH, \u{HHHH}. */
static size_t escape_len(struct ps_span text, size_t at)
{
    size_t left = text.len - at, len = 2;

    if (left > 1 && text.data[at + 1] == 'x')
        len = 4;
    else if (left > 1 && text.data[at + 1] == 'u')
        while (len < left && len < ESCAPE_MAX && text.data[at + len++] != '}')
            ;
    return len < left ? len : left;
}

/* How many bytes of a line that is too long come first: to the last blank behind the indent, or as many as fit. */
static size_t fold_at(struct ps_span line, size_t fits, size_t indent)
{
    size_t at = 0, blank = 0;

    while (at < fits) {
        size_t len = line.data[at] == '\\' ? escape_len(line, at) : 1;
        if (at > 0 && at + len > fits)
            break;
        at += len;
        if (line.data[at - 1] == ' ' && at > indent + 1)
            blank = at;
    }
    return blank > 0 ? blank : at;
}

static void add_folded_line(struct ps_buffer *out, struct ps_span line, size_t columns)
{
    enum { LABELS = 13, MORE = 2, LEAST = 20 }; /* lines without an indent of their own begin with a label */
    size_t indent = 0, first = 0, fits;

    while (indent < line.len && line.data[indent] == ' ')
        indent++;
    indent = (indent > 0 ? indent : LABELS) + MORE;
    if (columns < LEAST)
        columns = LEAST;
    indent = indent < columns - LEAST / 2 ? indent : MORE;
    for (;;) {
        (void) add(NULL, line, true, columns - first, &fits);
        if (fits == line.len)
            break;
        fits = fold_at(line, fits, first > 0 ? 0 : indent);
        ps_buffer_add(out, line.data, fits);
        ps_buffer_addf(out, "\n%*s", (int) indent, "");
        line = ps_span_of(line.data + fits, line.len - fits);
        first = indent;
    }
    ps_buffer_add_span(out, line);
}

void ps_printable_add_folded(struct ps_buffer *out, struct ps_span text, size_t columns)
{
    struct ps_cursor in = ps_cursor_over(text);
    struct ps_span line;

    while (ps_take_line(&in, &line)) {
        add_folded_line(out, line, columns);
        ps_buffer_add_byte(out, '\n');
    }
}

static void add_utf16(struct ps_buffer *out, uint32_t unit)
{
    ps_buffer_add_text(out, "\\u");
    ps_buffer_add_hex(out, unit, 4);
}

void ps_printable_add_json(struct ps_buffer *out, struct ps_span json)
{
    size_t plain = 0;

    for (size_t at = 0; at < json.len;) {
        struct glyph g = glyph_at(json, at);
        /* Newlines end the lines of NDJSON; valid JSON has no other bare control character that matters. */
        bool shown = g.well_formed && (g.code == '\n' || !is_hidden(g.code));
        if (!shown) {
            ps_buffer_add(out, json.data + plain, at - plain);
            if (!g.well_formed)
                g.code = 0xfffd;
            if (g.code >= 0x10000) {
                add_utf16(out, 0xd800 + ((g.code - 0x10000) >> 10));
                add_utf16(out, 0xdc00 + ((g.code - 0x10000) & 0x3ff));
            } else {
                add_utf16(out, g.code);
            }
            plain = at + g.len;
        }
        at += g.len;
    }
    if (json.len > plain)
        ps_buffer_add(out, json.data + plain, json.len - plain);
}
