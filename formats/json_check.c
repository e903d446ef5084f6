/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/json_check.h"

#include <stdlib.h>
#include <string.h>

/* The largest integer up to which every JSON reader is exact: they read numbers as doubles. */
#define EXACT_MAX (UINT64_C(1) << 53)

const char ps_no_memory[] = "no memory";

struct scan {
    struct ps_cursor in;
    struct ps_json_check *check;
    struct ps_json_flaw *flaw;
    /* What is open, outermost first. */
    struct {
        bool object;
        size_t first_key; /* index into check->keys */
    } open[PS_JSON_DEPTH];
    size_t depth;
};

static bool flawed(struct scan *s, const char *why)
{
    s->flaw->why = why;
    s->flaw->at = s->in.at;
    return false;
}

static void skip_blanks(struct ps_cursor *c)
{
    uint8_t byte = 0;
    if (ps_peek_byte(c, &byte) && byte > ' ') /* there is hardly ever one */
        return;
    while (ps_take_byte(c, ' ') || ps_take_byte(c, '\n') || ps_take_byte(c, '\t') || ps_take_byte(c, '\r'))
        continue;
}

/* Over the bytes of a string that stand for themselves, which are nearly all. */
static void skip_plain(struct ps_cursor *c)
{
    while (c->at < c->in.len) {
        uint8_t byte = c->in.data[c->at];
        if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\')
            return;
        c->at++;
    }
}

/* Bytes of one UTF-8 sequence behind its first byte, and the range of the second one (RFC 3629); 0: no such sequence.
 */
static size_t sequence_of(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf)
        return 1;
    if (first >= 0xe0 && first <= 0xef) {
        *low = first == 0xe0 ? 0xa0 : 0x80;  /* not in a longer form than needed */
        *high = first == 0xed ? 0x9f : 0xbf; /* no surrogate */
        return 2;
    }
    if (first < 0xf0 || first > 0xf4)
        return 0;
    *low = first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xf4 ? 0x8f : 0xbf; /* not beyond U+10FFFF */
    return 3;
}

static bool take_utf8(struct scan *s, uint8_t first)
{
    uint8_t low, high, byte;
    size_t more = sequence_of(first, &low, &high);
    if (more == 0)
        return flawed(s, "not UTF-8");
    for (size_t i = 0; i < more; i++, low = 0x80, high = 0xbf)
        if (!ps_take_any(&s->in, &byte) || byte < low || byte > high)
            return flawed(s, "not UTF-8");
    return true;
}

/* The four digits of \u. */
static bool take_unit(struct ps_cursor *c, uint32_t *out)
{
    struct ps_span digits;
    struct ps_cursor d;
    uint64_t value = 0;
    if (!ps_take_bytes(c, 4, &digits))
        return false;
    d = ps_cursor_over(digits);
    if (!ps_take_hex(&d, &value) || !ps_cursor_done(&d))
        return false;
    *out = (uint32_t) value;
    return true;
}

/* What follows a backslash, as a code point. */
static bool take_escape(struct ps_cursor *c, uint32_t *out, const char **why)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    uint8_t byte = 0;
    uint32_t low = 0;
    *why = "no such escape";
    if (!ps_take_any(c, &byte))
        return false;
    const char *letter = byte != 0 ? strchr(letters, byte) : NULL;
    if (letter != NULL) {
        *out = (uint8_t) values[letter - letters];
        return true;
    }
    if (byte != 'u' || !take_unit(c, out))
        return false;
    *why = "an escaped NUL";
    if (*out == 0)
        return false;
    *why = "a lone surrogate";
    if (*out < 0xd800 || *out > 0xdfff)
        return true;
    if (*out > 0xdbff || !ps_take_text(c, "\\u") || !take_unit(c, &low) || low < 0xdc00 || low > 0xdfff)
        return false;
    *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* The next opening quote has been seen. *out is the text between the quotes as it is written. */
static bool take_string(struct scan *s, struct ps_span *out)
{
    struct ps_cursor *c = &s->in;
    size_t begin = c->at;
    uint32_t escaped;
    uint8_t byte;
    const char *why;
    for (skip_plain(c); ps_take_any(c, &byte); skip_plain(c)) {
        if (byte == '"') {
            *out = ps_span_of(c->in.data + begin, c->at - 1 - begin);
            return true;
        }
        if (byte < 0x20)
            return flawed(s, "a control character in a string");
        if (byte == '\\' && !take_escape(c, &escaped, &why))
            return flawed(s, why);
        if (byte >= 0x80 && !take_utf8(s, byte))
            return false;
    }
    return flawed(s, "a string does not end");
}

/* As long as the JSON library takes a number for: 63 characters in all. */
enum { FRACTION_DIGITS = 30, EXPONENT_DIGITS = 3 };

static bool take_digits(struct ps_cursor *c, size_t most)
{
    uint8_t byte = 0;
    size_t begin = c->at;
    while (ps_peek_byte(c, &byte) && byte >= '0' && byte <= '9')
        c->at++;
    return c->at > begin && c->at - begin <= most;
}

/* Behind the whole part: ".5", "e-3". */
static bool take_fraction(struct scan *s)
{
    struct ps_cursor *c = &s->in;
    if (ps_take_byte(c, '.') && !take_digits(c, FRACTION_DIGITS))
        return flawed(s, "a fraction without digits, or with too many");
    if (!ps_take_byte(c, 'e') && !ps_take_byte(c, 'E'))
        return true;
    (void) (ps_take_byte(c, '+') || ps_take_byte(c, '-'));
    return take_digits(c, EXPONENT_DIGITS) || flawed(s, "an exponent without digits, or with too many");
}

static bool take_number(struct scan *s)
{
    struct ps_cursor *c = &s->in;
    uint64_t value = 0;
    uint8_t byte = 0;
    bool negative = ps_take_byte(c, '-');
    bool zero = ps_peek_byte(c, &byte) && byte == '0';
    size_t begin = c->at;
    if (!ps_take_u64(c, &value) || value > EXACT_MAX)
        return flawed(s, "not an integer of at most 2^53");
    if (zero && ((negative && !s->check->fractions) || c->at - begin > 1))
        return flawed(s, "a number with a zero too many");
    if (s->check->fractions)
        return take_fraction(s);
    if (ps_peek_byte(c, &byte) && (byte == '.' || byte == 'e' || byte == 'E'))
        return flawed(s, "a number that is no integer");
    return true;
}

/* The next code point of a key that has been checked: 0 at the end. */
static uint32_t next_of(struct ps_cursor *c)
{
    uint8_t byte = 0;
    uint32_t out = 0;
    const char *why;
    if (!ps_take_any(c, &byte))
        return 0;
    if (byte == '\\')
        return take_escape(c, &out, &why) ? out : 0;
    if (byte < 0x80)
        return byte;
    uint8_t low, high;
    size_t more = sequence_of(byte, &low, &high);
    out = more == 1 ? byte & 31U : more == 2 ? byte & 15U : byte & 7U;
    for (size_t i = 0; i < more && ps_take_any(c, &byte); i++)
        out = out << 6 | (byte & 63U);
    return out;
}

/* By what the keys mean, not how they are written: "a" and "\u0061" are the same. UTF-8 has the order of its code
 * points, so that bytes are compared until one of them begins an escape. */
static int compare_keys(const void *a, const void *b)
{
    const struct ps_span *key_a = a, *key_b = b;
    size_t least = key_a->len < key_b->len ? key_a->len : key_b->len, same = 0;
    while (same < least && key_a->data[same] == key_b->data[same] && key_a->data[same] != '\\')
        same++;
    if (same < least && key_a->data[same] != '\\' && key_b->data[same] != '\\')
        return key_a->data[same] < key_b->data[same] ? -1 : 1;
    if (same == key_a->len || same == key_b->len)
        return (key_a->len > same) - (key_b->len > same);
    struct ps_cursor in_a = ps_cursor_over(ps_span_of(key_a->data + same, key_a->len - same));
    struct ps_cursor in_b = ps_cursor_over(ps_span_of(key_b->data + same, key_b->len - same));
    for (;;) {
        uint32_t next_a = next_of(&in_a), next_b = next_of(&in_b);
        if (next_a != next_b)
            return next_a < next_b ? -1 : 1;
        if (next_a == 0)
            return 0;
    }
}

static bool add_key(struct scan *s, struct ps_span key)
{
    struct ps_json_check *k = s->check;
    if (k->count == k->room) {
        size_t room = k->room == 0 ? 64 : 2 * k->room;
        struct ps_span *keys = realloc(k->keys, room * sizeof *keys);
        if (keys == NULL)
            return flawed(s, ps_no_memory);
        k->keys = keys;
        k->room = room;
    }
    k->keys[k->count++] = key;
    return true;
}

/* The keys of the object that ends here. Few are compared with each other, many are sorted. */
static bool keys_differ(struct scan *s, size_t first)
{
    struct ps_span *keys = s->check->keys;
    size_t count = s->check->count - first;
    s->check->count = first;
    if (count > 12) {
        qsort(keys + first, count, sizeof *keys, compare_keys);
        for (size_t i = 1; i < count; i++)
            if (compare_keys(&keys[first + i - 1], &keys[first + i]) == 0)
                return flawed(s, "a key twice in an object");
        return true;
    }
    for (size_t i = 1; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (compare_keys(&keys[first + i], &keys[first + k]) == 0)
                return flawed(s, "a key twice in an object");
    return true;
}

static bool open_one(struct scan *s, bool object)
{
    if (s->depth == PS_JSON_DEPTH)
        return flawed(s, "nested too deep");
    s->open[s->depth].object = object;
    s->open[s->depth++].first_key = s->check->count;
    return true;
}

static bool close_one(struct scan *s)
{
    s->depth--;
    return !s->open[s->depth].object || keys_differ(s, s->open[s->depth].first_key);
}

static bool take_key(struct scan *s)
{
    struct ps_span key;
    skip_blanks(&s->in);
    if (!ps_take_byte(&s->in, '"'))
        return flawed(s, "no key where one must be");
    if (!take_string(s, &key) || !add_key(s, key))
        return false;
    skip_blanks(&s->in);
    return ps_take_byte(&s->in, ':') || flawed(s, "no colon behind a key");
}

/* Any value but the inside of an object or array: that of an opened one comes with the next turn of the loop. */
static bool take_scalar(struct scan *s, uint8_t first)
{
    struct ps_span text;
    struct ps_cursor *c = &s->in;
    if (first == '"')
        return ps_take_byte(c, '"') && take_string(s, &text);
    if (first == '-' || (first >= '0' && first <= '9'))
        return take_number(s);
    if (ps_take_text(c, "true") || ps_take_text(c, "false") || ps_take_text(c, "null"))
        return true;
    return flawed(s, "no value where one must be");
}

/* Begins one value. *opened: it is an object or array that is not empty, so that another value comes first. */
static bool begin_value(struct scan *s, bool *opened)
{
    uint8_t first = 0;
    skip_blanks(&s->in);
    if (!ps_peek_byte(&s->in, &first))
        return flawed(s, "it ends within a value");
    *opened = false;
    if (first != '{' && first != '[')
        return take_scalar(s, first);
    bool object = first == '{';
    if (!ps_take_any(&s->in, &first) || !open_one(s, object))
        return false;
    skip_blanks(&s->in);
    if (ps_take_byte(&s->in, object ? '}' : ']'))
        return close_one(s);
    *opened = true;
    return !object || take_key(s);
}

/* Behind a value: commas and ends, until another value must come or the outermost one has ended. */
static bool after_value(struct scan *s)
{
    while (s->depth > 0) {
        bool object = s->open[s->depth - 1].object;
        skip_blanks(&s->in);
        if (ps_take_byte(&s->in, ','))
            return !object || take_key(s);
        if (!ps_take_byte(&s->in, object ? '}' : ']'))
            return flawed(s, object ? "no comma or end of an object" : "no comma or end of an array");
        if (!close_one(s))
            return false;
    }
    return true;
}

bool ps_json_check(struct ps_json_check *check, struct ps_span text, struct ps_json_flaw *flaw)
{
    struct scan s = {.in = ps_cursor_over(text), .check = check, .flaw = flaw};
    bool opened = false;
    check->count = 0;
    do {
        if (!begin_value(&s, &opened))
            return false;
        if (!opened && !after_value(&s))
            return false;
    } while (s.depth > 0);
    skip_blanks(&s.in);
    return ps_cursor_done(&s.in) || flawed(&s, "something behind the value");
}

void ps_json_check_done(struct ps_json_check *check)
{
    free(check->keys);
    *check = (struct ps_json_check){0};
}
