/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes that grow. A failed allocation is remembered in `failed` and turns every later append into nothing, so that a
 * caller appends freely and asks once at the end. Zero-initialised is empty and valid.
 */
#ifndef PS_BUFFER_H
#define PS_BUFFER_H

#include <string.h>

#include "parsers/cursor.h"

struct ps_buffer {
    uint8_t *data; /* owned */
    size_t len, room;
    bool failed;
};

/* Makes room for `more` further bytes; false (and failed) when memory is out. */
bool ps_buffer_grow(struct ps_buffer *b, size_t more);
static inline bool ps_buffer_reserve(struct ps_buffer *b, size_t more)
{
    return more <= b->room - b->len && !b->failed ? true : ps_buffer_grow(b, more);
}

/* The first and the last `size` bytes; size is a constant, so this is a few moves of the processor. */
static inline void ps_copy_ends(uint8_t *to, const uint8_t *from, size_t len, size_t size)
{
    uint8_t first[16];
    uint8_t last[16];

    memcpy(first, from, size);
    memcpy(last, from + len - size, size);
    memcpy(to, first, size);
    memcpy(to + len - size, last, size);
}

/* memcpy for what is mostly short: names, words, numbers. There the call costs more than the bytes do, and musl's
 * begins a string instruction for each. */
static inline void ps_copy_short(uint8_t *to, const void *from, size_t len)
{
    if (len > 32)
        memcpy(to, from, len);
    else if (len >= 16)
        ps_copy_ends(to, from, len, 16);
    else if (len >= 8)
        ps_copy_ends(to, from, len, 8);
    else if (len >= 4)
        ps_copy_ends(to, from, len, 4);
    else
        for (size_t i = 0; i < len; i++)
            to[i] = ((const uint8_t *) from)[i];
}

void ps_buffer_add(struct ps_buffer *b, const void *data, size_t len);
void ps_buffer_add_span(struct ps_buffer *b, struct ps_span s);
void ps_buffer_add_text(struct ps_buffer *b, const char *text);
void ps_buffer_add_byte(struct ps_buffer *b, uint8_t byte);
void ps_buffer_add_u64(struct ps_buffer *b, uint64_t value);
void ps_buffer_add_i64(struct ps_buffer *b, int64_t value);
/* Lowercase hex without leading zeros, at least `digits` long. */
void ps_buffer_add_hex(struct ps_buffer *b, uint64_t value, unsigned digits);
void ps_buffer_addf(struct ps_buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Writes the digits, no sign, no NUL, at most PS_U64_DIGITS of them; returns how many. */
enum { PS_U64_DIGITS = 20 };
size_t ps_u64_digits(uint8_t *out, uint64_t value);
/* Drops the first `count` bytes (at most len). */
void ps_buffer_drop(struct ps_buffer *b, size_t count);
/* Empty, keeps the room unless it is larger than `keep` bytes. A failure stays remembered. */
void ps_buffer_clear(struct ps_buffer *b, size_t keep);
void ps_buffer_done(struct ps_buffer *b);
struct ps_span ps_buffer_span(const struct ps_buffer *b);

#endif
