/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/base64.h"

/* 6 bits to a character. Arithmetic instead of a table: a key's text is encoded here too, and a table lookup would
 * leave a trace of it in the cache. */
static char digit_of(unsigned value)
{
    if (value < 26)
        return (char) ('A' + value);
    if (value < 52)
        return (char) ('a' + (value - 26));
    if (value < 62)
        return (char) ('0' + (value - 52));
    return value == 62 ? '+' : '/';
}

/* -1 when the character is not of the alphabet. */
static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

size_t ps_base64_len(size_t len)
{
    return len / 3 * 4 + (len % 3 != 0 ? 4 : 0);
}

void ps_base64_encode(struct ps_span bytes, char *out)
{
    size_t at = 0;
    for (; bytes.len - at >= 3; at += 3, out += 4) {
        const uint8_t *in = bytes.data + at;
        out[0] = digit_of(in[0] >> 2);
        out[1] = digit_of((in[0] & 3U) << 4 | in[1] >> 4);
        out[2] = digit_of((in[1] & 15U) << 2 | in[2] >> 6);
        out[3] = digit_of(in[2] & 63U);
    }
    if (at == bytes.len)
        return;

    bool two = bytes.len - at == 2;
    unsigned first = bytes.data[at];
    unsigned second = two ? bytes.data[at + 1] : 0;
    out[0] = digit_of(first >> 2);
    out[1] = digit_of((first & 3U) << 4 | second >> 4);
    out[2] = '=';
    out[3] = '=';
    if (two)
        out[2] = digit_of((second & 15U) << 2);
}

void ps_base64_add(struct ps_buffer *out, struct ps_span bytes)
{
    if (bytes.len > SIZE_MAX / 2) {
        out->failed = true;
        return;
    }
    size_t len = ps_base64_len(bytes.len);
    if (len == 0 || !ps_buffer_reserve(out, len))
        return;
    ps_base64_encode(bytes, (char *) out->data + out->len);
    out->len += len;
}

/* The only spelling of `len` bytes: right length, right padding, no bit set that the bytes do not use. */
static bool is_canonical(struct ps_span text, size_t len)
{
    if (len > SIZE_MAX / 2 || text.len != ps_base64_len(len))
        return false;
    if (len == 0)
        return true;

    size_t pad = (3 - len % 3) % 3;
    size_t digits = text.len - pad;
    for (size_t i = 0; i < digits; i++)
        if (value_of(text.data[i]) < 0)
            return false;
    for (size_t i = digits; i < text.len; i++)
        if (text.data[i] != '=')
            return false;
    unsigned last = (unsigned) value_of(text.data[digits - 1]);
    return (last & ((1U << 2 * pad) - 1)) == 0;
}

bool ps_base64_decode(struct ps_span text, uint8_t *out, size_t len)
{
    if (!is_canonical(text, len))
        return false;

    unsigned bits = 0, count = 0;
    for (size_t i = 0, at = 0; at < len; i++) {
        bits = bits << 6 | (unsigned) value_of(text.data[i]);
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        out[at++] = (uint8_t) (bits >> count);
        bits &= (1U << count) - 1;
    }
    return true;
}
