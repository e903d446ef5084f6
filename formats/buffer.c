/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 512 };

bool ps_buffer_grow(struct ps_buffer *b, size_t more)
{
    size_t room = b->room < FIRST_ROOM ? FIRST_ROOM : b->room;

    if (b->failed || more > SIZE_MAX / 2 - b->len) {
        b->failed = true;
        return false;
    }
    while (room < b->len + more)
        room *= 2;
    uint8_t *data = realloc(b->data, room);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->room = room;
    return true;
}

void ps_buffer_add(struct ps_buffer *b, const void *data, size_t len)
{
    if (len == 0 || !ps_buffer_reserve(b, len))
        return;
    ps_copy_short(b->data + b->len, data, len);
    b->len += len;
}

void ps_buffer_add_span(struct ps_buffer *b, struct ps_span s)
{
    ps_buffer_add(b, s.data, s.len);
}

void ps_buffer_add_text(struct ps_buffer *b, const char *text)
{
    ps_buffer_add(b, text, strlen(text));
}

void ps_buffer_add_byte(struct ps_buffer *b, uint8_t byte)
{
    if (!ps_buffer_reserve(b, 1))
        return;
    b->data[b->len++] = byte;
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                            "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

static size_t digit_count(uint64_t value)
{
    size_t count = 1;

    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

size_t ps_u64_digits(uint8_t *out, uint64_t value)
{
    size_t count = digit_count(value);
    size_t at = count;

    while (value >= 100) {
        at -= 2;
        memcpy(out + at, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10)
        memcpy(out, pairs + value * 2, 2);
    else
        out[0] = (uint8_t) ('0' + value);
    return count;
}

void ps_buffer_add_u64(struct ps_buffer *b, uint64_t value)
{
    if (!ps_buffer_reserve(b, PS_U64_DIGITS))
        return;
    b->len += ps_u64_digits(b->data + b->len, value);
}

void ps_buffer_add_i64(struct ps_buffer *b, int64_t value)
{
    if (!ps_buffer_reserve(b, PS_U64_DIGITS + 1))
        return;
    if (value < 0)
        b->data[b->len++] = '-';
    b->len += ps_u64_digits(b->data + b->len, value < 0 ? 0 - (uint64_t) value : (uint64_t) value);
}

void ps_buffer_add_hex(struct ps_buffer *b, uint64_t value, unsigned digits)
{
    unsigned count = 1;

    while (count < 16 && value >> (4 * count) != 0)
        count++;
    if (count < digits)
        count = digits;
    if (!ps_buffer_reserve(b, count))
        return;
    for (unsigned i = count; i > 0; i--) {
        b->data[b->len + i - 1] = (uint8_t) "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    b->len += count;
}

void ps_buffer_addf(struct ps_buffer *b, const char *fmt, ...)
{
    va_list args;
    va_list again;

    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0) {
        b->failed = true;
    } else if (ps_buffer_reserve(b, (size_t) len + 1)) {
        (void) vsnprintf((char *) b->data + b->len, (size_t) len + 1, fmt, again);
        b->len += (size_t) len;
    }
    va_end(again);
}

void ps_buffer_drop(struct ps_buffer *b, size_t count)
{
    if (count >= b->len) {
        b->len = 0;
        return;
    }
    memmove(b->data, b->data + count, b->len - count);
    b->len -= count;
}

void ps_buffer_clear(struct ps_buffer *b, size_t keep)
{
    b->len = 0;
    if (b->room <= keep)
        return;
    free(b->data);
    b->data = NULL;
    b->room = 0;
}

void ps_buffer_done(struct ps_buffer *b)
{
    free(b->data);
    *b = (struct ps_buffer){0};
}

struct ps_span ps_buffer_span(const struct ps_buffer *b)
{
    return ps_span_of(b->data, b->len);
}
