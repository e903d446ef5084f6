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
    {0x1100, 0x115e},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x17000, 0x18cff},
    {0x1b000, 0x1b2ff}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
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

enum { ESCAPE_MAX = 16 };

/* The escape of one glyph in `text`, or 0 when it is shown as it is. */
static size_t escape(struct glyph g, bool keep_text, char text[ESCAPE_MAX])
{
    int len = 0;

    if (g.well_formed && g.code == '\\')
        len = keep_text ? 0 : snprintf(text, ESCAPE_MAX, "\\\\");
    else if (keep_text && g.well_formed && (g.code == '\n' || g.code == '\t'))
        len = 0;
    else if (!g.well_formed || (g.code < 0x80 && is_hidden(g.code)))
        len = snprintf(text, ESCAPE_MAX, "\\x%02x", (unsigned) g.code);
    else if (is_hidden(g.code))
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
    size_t used = 0, plain = 0, at = 0;

    while (at < bytes.len) {
        char text[ESCAPE_MAX];
        struct glyph g = glyph_at(bytes, at);
        size_t escaped = escape(g, keep_text, text);
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
