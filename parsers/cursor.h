/* SPDX-License-Identifier: Apache-2.0
 *
 * A cursor over bytes that belong to somebody else. The only pointer arithmetic over input in the project: every
 * parser reads through these verbs. take_* moves the cursor and returns false, without moving, when the input does
 * not have what was asked for. Nothing here allocates, keeps a pointer of its own or depends on a locale.
 */
#ifndef PS_CURSOR_H
#define PS_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PS_MUST_CHECK __attribute__((warn_unused_result))
#else
#define PS_MUST_CHECK
#endif

struct ps_span {
    const uint8_t *data;
    size_t len;
};

/* Invariant: at <= in.len. */
struct ps_cursor {
    struct ps_span in;
    size_t at;
};

struct ps_span ps_span_of(const void *data, size_t len);
/* The bytes of a C string without its NUL. */
struct ps_span ps_span_text(const char *text);
bool ps_span_is(struct ps_span s, const char *text);
bool ps_span_equal(struct ps_span a, struct ps_span b);
bool ps_span_starts(struct ps_span s, const char *prefix);
bool ps_span_ends(struct ps_span s, const char *suffix);
/* Makes *s reach over the byte behind it and over `next`, when that is where next lies; false, unchanged, when not. */
bool ps_span_join(struct ps_span *s, struct ps_span next);

struct ps_cursor ps_cursor_over(struct ps_span in);
bool ps_cursor_done(const struct ps_cursor *c);
size_t ps_cursor_left(const struct ps_cursor *c);
struct ps_span ps_cursor_rest(const struct ps_cursor *c);
/* The bytes from the position `since` (at most at) to where the cursor stands. */
struct ps_span ps_cursor_passed(const struct ps_cursor *c, size_t since);
/* At the start of the input or right behind a newline. */
bool ps_at_line_start(const struct ps_cursor *c);

/* The next byte without moving; false at the end. */
PS_MUST_CHECK bool ps_peek_byte(const struct ps_cursor *c, uint8_t *out);
PS_MUST_CHECK bool ps_take_byte(struct ps_cursor *c, uint8_t want);
PS_MUST_CHECK bool ps_take_any(struct ps_cursor *c, uint8_t *out);
PS_MUST_CHECK bool ps_take_text(struct ps_cursor *c, const char *want);
PS_MUST_CHECK bool ps_take_bytes(struct ps_cursor *c, size_t count, struct ps_span *out);

/* Numbers: at least one digit, no sign for u64/hex/octal, one optional '-' for i64. Overflow is a failure: the value
 * is never clamped or wrapped. Hex digits of both cases, no 0x. */
PS_MUST_CHECK bool ps_take_u64(struct ps_cursor *c, uint64_t *out);
PS_MUST_CHECK bool ps_take_i64(struct ps_cursor *c, int64_t *out);
PS_MUST_CHECK bool ps_take_hex(struct ps_cursor *c, uint64_t *out);
PS_MUST_CHECK bool ps_take_octal(struct ps_cursor *c, uint64_t *out);

/* The bytes before `stop`, which is consumed but not part of *out; false, unmoved, when `stop` does not occur. */
PS_MUST_CHECK bool ps_take_until(struct ps_cursor *c, uint8_t stop, struct ps_span *out);
/* The same with the last occurrence of `stop`. */
PS_MUST_CHECK bool ps_take_until_last(struct ps_cursor *c, uint8_t stop, struct ps_span *out);
/* One or more bytes up to a blank, a tab, a newline or the end; none of these is consumed. */
PS_MUST_CHECK bool ps_take_word(struct ps_cursor *c, struct ps_span *out);
/* A line without its newline; the last line may lack one. False only at the end of input. */
PS_MUST_CHECK bool ps_take_line(struct ps_cursor *c, struct ps_span *out);
/* The same for strings that each end in NUL (argv, environ). */
PS_MUST_CHECK bool ps_take_string(struct ps_cursor *c, struct ps_span *out);

/* How many bytes equal to `byte` were skipped. */
size_t ps_skip_run(struct ps_cursor *c, uint8_t byte);
void ps_skip_rest(struct ps_cursor *c);

#endif
