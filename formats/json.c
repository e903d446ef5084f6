/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/json.h"

#include <string.h>

#include "formats/base64.h"
#include "formats/utf8.h"

/* The largest integer up to which a double, and so every JSON reader, is exact. */
#define EXACT_MAX (UINT64_C(1) << 53)

struct ps_json ps_json_into(struct ps_buffer *out)
{
    return (struct ps_json){.out = out, .comma = false};
}

static uint8_t *put(uint8_t *to, const void *bytes, size_t len)
{
    ps_copy_short(to, bytes, len);
    return to + len;
}

/* Comma and name, with room for `value_room` further bytes. NULL when memory is out. */
static uint8_t *begin(struct ps_json *j, const char *name, size_t value_room)
{
    struct ps_buffer *b = j->out;
    size_t len = name == NULL ? 0 : strlen(name);

    if (!ps_buffer_reserve(b, len + 4 + value_room))
        return NULL;
    uint8_t *to = b->data + b->len;
    if (j->comma)
        *to++ = ',';
    j->comma = true;
    if (name != NULL) {
        *to++ = '"';
        to = put(to, name, len);
        *to++ = '"';
        *to++ = ':';
    }
    return to;
}

static void finish(struct ps_json *j, const uint8_t *end)
{
    j->out->len = (size_t) (end - j->out->data);
}

static void put_word(struct ps_json *j, const char *name, const char *word)
{
    size_t len = strlen(word);
    uint8_t *to = begin(j, name, len);

    if (to != NULL)
        finish(j, put(to, word, len));
}

void ps_json_object(struct ps_json *j, const char *name)
{
    put_word(j, name, "{");
    j->comma = false;
}

void ps_json_object_end(struct ps_json *j)
{
    ps_buffer_add_byte(j->out, '}');
    j->comma = true;
}

void ps_json_array(struct ps_json *j, const char *name)
{
    put_word(j, name, "[");
    j->comma = false;
}

void ps_json_array_end(struct ps_json *j)
{
    ps_buffer_add_byte(j->out, ']');
    j->comma = true;
}

void ps_json_bool(struct ps_json *j, const char *name, bool value)
{
    put_word(j, name, value ? "true" : "false");
}

void ps_json_null(struct ps_json *j, const char *name)
{
    put_word(j, name, "null");
}

static void put_number(struct ps_json *j, const char *name, uint64_t size, bool negative)
{
    bool quoted = size > EXACT_MAX;
    uint8_t *to = begin(j, name, PS_U64_DIGITS + 3);

    if (to == NULL)
        return;
    if (quoted)
        *to++ = '"';
    if (negative)
        *to++ = '-';
    to += ps_u64_digits(to, size);
    if (quoted)
        *to++ = '"';
    finish(j, to);
}

void ps_json_u64(struct ps_json *j, const char *name, uint64_t value)
{
    put_number(j, name, value, false);
}

void ps_json_i64(struct ps_json *j, const char *name, int64_t value)
{
    put_number(j, name, value < 0 ? 0 - (uint64_t) value : (uint64_t) value, value < 0);
}

/* Digits of a base of `bits` bits between quotes, behind a prefix. */
static void put_digits(struct ps_json *j, const char *name, const char *prefix, uint64_t value, unsigned bits)
{
    size_t prefix_len = strlen(prefix);
    unsigned count = 1;
    uint8_t *to = begin(j, name, prefix_len + 24);

    if (to == NULL)
        return;
    while (bits * count < 64 && value >> (bits * count) != 0)
        count++;
    *to++ = '"';
    to = put(to, prefix, prefix_len);
    for (unsigned left = count; left > 0; left--)
        *to++ = (uint8_t) "0123456789abcdef"[value >> (bits * (left - 1)) & ((1U << bits) - 1)];
    *to++ = '"';
    finish(j, to);
}

void ps_json_hex(struct ps_json *j, const char *name, uint64_t value)
{
    put_digits(j, name, "0x", value, 4);
}

void ps_json_octal(struct ps_json *j, const char *name, uint64_t value)
{
    put_digits(j, name, "0", value, 3);
}

static uint8_t *put_dotted(uint8_t *to, const uint8_t address[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            *to++ = '.';
        to += ps_u64_digits(to, address[i]);
    }
    return to;
}

void ps_json_ip4(struct ps_json *j, const char *name, const uint8_t address[4])
{
    uint8_t *to = begin(j, name, PS_U64_DIGITS + 20);

    if (to == NULL)
        return;
    *to++ = '"';
    to = put_dotted(to, address);
    *to++ = '"';
    finish(j, to);
}

/* Lowercase, no leading zeros. */
static uint8_t *put_group(uint8_t *to, unsigned value)
{
    for (unsigned shift = 12;; shift -= 4) {
        if (value >> shift != 0 || shift == 0)
            *to++ = (uint8_t) "0123456789abcdef"[value >> shift & 15];
        if (shift == 0)
            return to;
    }
}

/* RFC 5952: the first of the longest runs of two or more zero groups becomes "::". */
static uint8_t *put_groups(uint8_t *to, const uint8_t address[16])
{
    unsigned group[8];
    size_t best = 8;
    size_t best_len = 1;

    for (size_t i = 0; i < 8; i++)
        group[i] = (unsigned) address[2 * i] << 8 | address[2 * i + 1];
    for (size_t i = 0, len = 0; i < 8; i++) {
        len = group[i] == 0 ? len + 1 : 0;
        if (len > best_len) {
            best_len = len;
            best = i + 1 - len;
        }
    }
    for (size_t i = 0; i < 8; i++) {
        if (i == best) {
            *to++ = ':';
            *to++ = ':';
            i += best_len - 1;
            continue;
        }
        if (i > 0 && i != best + best_len)
            *to++ = ':';
        to = put_group(to, group[i]);
    }
    return to;
}

void ps_json_ip6(struct ps_json *j, const char *name, const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint8_t *to = begin(j, name, PS_U64_DIGITS + 48);

    if (to == NULL)
        return;
    *to++ = '"';
    if (memcmp(address, mapped, sizeof mapped) == 0) {
        to = put_dotted(put(to, "::ffff:", 7), address + 12);
    } else {
        to = put_groups(to, address);
    }
    *to++ = '"';
    finish(j, to);
}

/* How many bytes from the start need no escape: printable ASCII but for the quote and the backslash. Eight at a time
 * while that goes: each test leaves a high bit where a byte is wrong, and a false alarm costs only the slow loop. */
static size_t plain_run(const uint8_t *data, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t high = UINT64_C(0x8080808080808080);
    size_t at = 0;

    for (; len - at >= 8; at += 8) {
        uint64_t w;
        memcpy(&w, data + at, sizeof w);
        uint64_t quote = w ^ (ones * '"');
        uint64_t back = w ^ (ones * '\\');
        uint64_t del = w ^ (ones * 0x7f);
        uint64_t wrong = w | (w - ones * 0x20) | (quote - ones) | (back - ones) | (del - ones);
        if ((wrong & high) != 0)
            break;
    }
    while (at < len && data[at] >= 0x20 && data[at] < 0x7f && data[at] != '"' && data[at] != '\\')
        at++;
    return at;
}

/* Valid in JSON as it is, but able to drive a terminal or to reorder what a reader sees. */
static bool is_unsafe(uint32_t code)
{
    return (code >= 0x80 && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static void put_escape(struct ps_buffer *b, uint32_t code)
{
    static const char shorts[] = "\b\f\n\r\t\"\\";
    const char *found = code != 0 && code < 0x80 ? strchr(shorts, (int) code) : NULL;

    if (found != NULL) {
        ps_buffer_add_byte(b, '\\');
        ps_buffer_add_byte(b, (uint8_t) "bfnrt\"\\"[found - shorts]);
        return;
    }
    ps_buffer_add(b, "\\u", 2);
    ps_buffer_add_hex(b, code, 4);
}

/* What plain_run stopped at. Returns its length; *lossless is cleared when U+FFFD has to stand for it. */
static size_t put_special(struct ps_buffer *b, const uint8_t *data, size_t left, bool *lossless)
{
    struct ps_utf8 s = ps_utf8_at(data, left);

    if (!s.good || s.code == 0) {
        *lossless = false;
        ps_buffer_add(b, "\xef\xbf\xbd", 3);
    } else if (s.code < 0x80 || is_unsafe(s.code)) {
        put_escape(b, s.code);
    } else {
        ps_buffer_add(b, data, s.len);
    }
    return s.len;
}

/* The string between quotes. False when the display lost something. */
static bool put_string(struct ps_buffer *b, struct ps_span s)
{
    bool lossless = true;
    size_t at = 0;

    ps_buffer_add_byte(b, '"');
    while (at < s.len) {
        size_t run = plain_run(s.data + at, s.len - at);
        ps_buffer_add(b, s.data + at, run);
        at += run;
        if (at < s.len)
            at += put_special(b, s.data + at, s.len - at, &lossless);
    }
    ps_buffer_add_byte(b, '"');
    return lossless;
}

static void open_value(struct ps_json *j, const char *name)
{
    uint8_t *to = begin(j, name, 2);

    if (to != NULL)
        finish(j, to);
}

/* ,"<name>_b64": */
static void open_exact(struct ps_json *j, const char *name)
{
    ps_buffer_add(j->out, ",\"", 2);
    ps_buffer_add_text(j->out, name);
    ps_buffer_add_text(j->out, "_b64\":");
}

static void put_base64(struct ps_buffer *b, struct ps_span bytes)
{
    ps_buffer_add_byte(b, '"');
    ps_base64_add(b, bytes);
    ps_buffer_add_byte(b, '"');
}

void ps_json_text(struct ps_json *j, const char *name, const char *text)
{
    if (text == NULL) {
        ps_json_null(j, name);
        return;
    }
    open_value(j, name);
    (void) put_string(j->out, ps_span_text(text));
}

void ps_json_bytes(struct ps_json *j, const char *name, struct ps_span bytes)
{
    open_value(j, name);
    if (put_string(j->out, bytes) || name == NULL)
        return;
    open_exact(j, name);
    put_base64(j->out, bytes);
}

void ps_json_bytes_array(struct ps_json *j, const char *name, struct ps_span list,
                         bool (*next)(struct ps_cursor *in, struct ps_span *piece))
{
    struct ps_cursor in = ps_cursor_over(list);
    struct ps_span piece;
    bool lossless = true;

    ps_json_array(j, name);
    while (next(&in, &piece)) {
        open_value(j, NULL);
        lossless = put_string(j->out, piece) && lossless;
    }
    ps_json_array_end(j);
    if (lossless || name == NULL)
        return;
    open_exact(j, name);
    ps_buffer_add_byte(j->out, '[');
    in = ps_cursor_over(list);
    for (j->comma = false; next(&in, &piece);) {
        open_value(j, NULL);
        put_base64(j->out, piece);
    }
    ps_json_array_end(j);
}

void ps_json_raw(struct ps_json *j, const char *name, struct ps_span json)
{
    open_value(j, name);
    ps_buffer_add_span(j->out, json);
}

bool ps_json_lossless(struct ps_span bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        at += plain_run(bytes.data + at, bytes.len - at);
        if (at == bytes.len)
            break;
        struct ps_utf8 s = ps_utf8_at(bytes.data + at, bytes.len - at);
        if (!s.good || s.code == 0)
            return false;
        at += s.len;
    }
    return true;
}
