/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/cursor.h"

#include <string.h>

struct ps_span ps_span_of(const void *data, size_t len)
{
    return (struct ps_span){.data = data, .len = len};
}

struct ps_span ps_span_text(const char *text)
{
    return ps_span_of(text, strlen(text));
}

/* memcmp and its like must not see NULL, even for no bytes at all. */
static bool same_bytes(const void *a, const void *b, size_t len)
{
    return len == 0 || memcmp(a, b, len) == 0;
}

/* Asked mostly of texts that differ in their first byte: the length of `text` is not asked for. */
bool ps_span_is(struct ps_span s, const char *text)
{
    size_t at = 0;

    while (at < s.len && text[at] != '\0' && s.data[at] == (uint8_t) text[at])
        at++;
    return at == s.len && text[at] == '\0';
}

bool ps_span_equal(struct ps_span a, struct ps_span b)
{
    return a.len == b.len && same_bytes(a.data, b.data, a.len);
}

bool ps_span_starts(struct ps_span s, const char *prefix)
{
    size_t len = strlen(prefix);
    return s.len >= len && same_bytes(s.data, prefix, len);
}

bool ps_span_ends(struct ps_span s, const char *suffix)
{
    size_t len = strlen(suffix);
    return s.len >= len && (len == 0 || same_bytes(s.data + (s.len - len), suffix, len));
}

bool ps_span_join(struct ps_span *s, struct ps_span next)
{
    if (s->data == NULL || s->data + s->len + 1 != next.data)
        return false;
    s->len += 1 + next.len;
    return true;
}

struct ps_cursor ps_cursor_over(struct ps_span in)
{
    return (struct ps_cursor){.in = in, .at = 0};
}

bool ps_cursor_done(const struct ps_cursor *c)
{
    return c->at >= c->in.len;
}

size_t ps_cursor_left(const struct ps_cursor *c)
{
    return c->in.len - c->at;
}

/* Where the cursor stands. An empty input may have no data at all, and NULL + 0 is not C. */
static const uint8_t *here(const struct ps_cursor *c)
{
    return c->at == 0 ? c->in.data : c->in.data + c->at;
}

struct ps_span ps_cursor_rest(const struct ps_cursor *c)
{
    return ps_span_of(here(c), ps_cursor_left(c));
}

struct ps_span ps_cursor_passed(const struct ps_cursor *c, size_t since)
{
    struct ps_cursor from = {.in = c->in, .at = since};

    return ps_span_of(here(&from), c->at - since);
}

bool ps_at_line_start(const struct ps_cursor *c)
{
    return c->at == 0 || c->in.data[c->at - 1] == '\n';
}

bool ps_peek_byte(const struct ps_cursor *c, uint8_t *out)
{
    if (ps_cursor_done(c))
        return false;
    *out = c->in.data[c->at];
    return true;
}

bool ps_take_byte(struct ps_cursor *c, uint8_t want)
{
    if (ps_cursor_done(c) || c->in.data[c->at] != want)
        return false;
    c->at++;
    return true;
}

bool ps_take_any(struct ps_cursor *c, uint8_t *out)
{
    if (!ps_peek_byte(c, out))
        return false;
    c->at++;
    return true;
}

bool ps_take_text(struct ps_cursor *c, const char *want)
{
    if (!ps_span_starts(ps_cursor_rest(c), want))
        return false;
    c->at += strlen(want);
    return true;
}

bool ps_take_bytes(struct ps_cursor *c, size_t count, struct ps_span *out)
{
    if (ps_cursor_left(c) < count)
        return false;
    *out = ps_span_of(here(c), count);
    c->at += count;
    return true;
}

/* One more than the value of a digit of any base up to 16; 0 for what is no digit. */
static const uint8_t digit_after[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool ps_take_u64(struct ps_cursor *c, uint64_t *out)
{
    uint64_t value = 0;
    size_t at = c->at;

    for (; at < c->in.len; at++) {
        unsigned digit = (unsigned) c->in.data[at] - (unsigned) '0';
        if (digit > 9)
            break;
        if (value > UINT64_MAX / 10 || (value == UINT64_MAX / 10 && digit > UINT64_MAX % 10))
            return false;
        value = value * 10 + digit;
    }
    if (at == c->at)
        return false;
    c->at = at;
    *out = value;
    return true;
}

bool ps_take_i64(struct ps_cursor *c, int64_t *out)
{
    struct ps_cursor ahead = *c;
    bool negative = ps_take_byte(&ahead, '-');
    uint64_t size = 0;

    if (!ps_take_u64(&ahead, &size) || size > (uint64_t) INT64_MAX + (negative ? 1 : 0))
        return false;
    c->at = ahead.at;
    if (!negative)
        *out = (int64_t) size;
    else
        *out = size == 0 ? 0 : -(int64_t) (size - 1) - 1;
    return true;
}

/* Bases that are a power of two: `bits` a digit. */
static bool take_digits(struct ps_cursor *c, unsigned bits, uint64_t *out)
{
    uint64_t value = 0;
    size_t at = c->at;

    for (; at < c->in.len; at++) {
        unsigned after = digit_after[c->in.data[at]];
        if (after == 0 || after > 1U << bits)
            break;
        if (value >> (64 - bits) != 0)
            return false;
        value = value << bits | (after - 1);
    }
    if (at == c->at)
        return false;
    c->at = at;
    *out = value;
    return true;
}

bool ps_take_hex(struct ps_cursor *c, uint64_t *out)
{
    return take_digits(c, 4, out);
}

bool ps_take_octal(struct ps_cursor *c, uint64_t *out)
{
    return take_digits(c, 3, out);
}

bool ps_take_until(struct ps_cursor *c, uint8_t stop, struct ps_span *out)
{
    if (ps_cursor_done(c))
        return false;
    const uint8_t *start = here(c);
    const uint8_t *found = memchr(start, stop, ps_cursor_left(c));
    if (found == NULL)
        return false;
    *out = ps_span_of(start, (size_t) (found - start));
    c->at += out->len + 1;
    return true;
}

bool ps_take_until_last(struct ps_cursor *c, uint8_t stop, struct ps_span *out)
{
    for (size_t end = c->in.len; end > c->at; end--) {
        if (c->in.data[end - 1] != stop)
            continue;
        *out = ps_span_of(here(c), end - 1 - c->at);
        c->at = end;
        return true;
    }
    return false;
}

bool ps_take_word(struct ps_cursor *c, struct ps_span *out)
{
    size_t at = c->at;

    while (at < c->in.len && c->in.data[at] != ' ' && c->in.data[at] != '\t' && c->in.data[at] != '\n')
        at++;
    if (at == c->at)
        return false;
    *out = ps_span_of(here(c), at - c->at);
    c->at = at;
    return true;
}

static bool take_piece(struct ps_cursor *c, uint8_t end, struct ps_span *out)
{
    if (ps_cursor_done(c))
        return false;
    return ps_take_until(c, end, out) || ps_take_bytes(c, ps_cursor_left(c), out);
}

bool ps_take_line(struct ps_cursor *c, struct ps_span *out)
{
    return take_piece(c, '\n', out);
}

bool ps_take_string(struct ps_cursor *c, struct ps_span *out)
{
    return take_piece(c, '\0', out);
}

size_t ps_skip_run(struct ps_cursor *c, uint8_t byte)
{
    size_t start = c->at;

    while (c->at < c->in.len && c->in.data[c->at] == byte)
        c->at++;
    return c->at - start;
}

void ps_skip_rest(struct ps_cursor *c)
{
    c->at = c->in.len;
}
