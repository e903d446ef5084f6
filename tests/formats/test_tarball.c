/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tarball.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"
#include "tests/formats/sample_bundle.h"

/* Takes everything until `room` is used up. */
struct sink {
    struct ps_buffer bytes;
    size_t calls, shortest, room;
};

static bool to_sink(void *context, const void *data, size_t len, struct ps_error *err)
{
    struct sink *s = context;
    if (s->room > 0 && s->bytes.len + len > s->room)
        return ps_fail(err, 0, "the sink is full");
    /* The last piece may be short: the one before counts. */
    if (s->calls > 0 && (s->calls == 1 || s->bytes.len % (64 << 10) < s->shortest))
        s->shortest = s->bytes.len % (64 << 10);
    s->calls++;
    ps_buffer_add(&s->bytes, data, len);
    return true;
}

static struct ps_tarball *open_tarball(struct sink *s, int level)
{
    struct ps_error err;
    struct ps_tarball *t = ps_tarball_new(SAMPLE_ID, SAMPLE_TIME, level, to_sink, s, &err);
    cr_assert(t != NULL, "%s", err.text);
    return t;
}

static void add(struct ps_tarball *t, const char *name, struct ps_span bytes)
{
    struct ps_error err;
    cr_assert(ps_tarball_add(t, name, bytes, &err), "%s", err.text);
}

static void finish(struct ps_tarball *t)
{
    struct ps_error err;
    cr_assert(ps_tarball_finish(t, &err), "%s", err.text);
}

/* A name of that length; with slashes every `step` bytes when step > 0. */
static void make_name(char *name, size_t len, size_t step)
{
    for (size_t i = 0; i < len; i++)
        name[i] = step > 0 && i % step == step - 1 && i + 1 < len ? '/' : (char) ('a' + i % 26);
    name[len] = '\0';
}

/* True when libarchive writes such an entry; then its header is in `header`. */
static bool libarchive_header(const char *name, size_t size, int64_t mtime, uint8_t header[512])
{
    struct sink s = {0};
    struct ps_error err;
    static uint8_t payload[9 << 20];
    struct ps_tarball *t = ps_tarball_new(SAMPLE_ID, mtime, 1, to_sink, &s, &err);
    cr_assert(t != NULL, "%s", err.text);
    bool added = ps_tarball_add(t, name, ps_span_of(payload, size), &err);
    if (added) {
        struct ps_buffer tar = {0};
        finish(t);
        sample_gunzip(ps_buffer_span(&s.bytes), &tar);
        memcpy(header, tar.data, 512);
        ps_buffer_done(&tar);
    }
    ps_tarball_free(t);
    ps_buffer_done(&s.bytes);
    return added;
}

static void compare_headers(const char *name, size_t size, int64_t mtime)
{
    uint8_t theirs[512], ours[512];
    bool fits = ps_tarball_header(SAMPLE_ID, name, size, mtime, ours);
    bool taken = libarchive_header(name, size, mtime, theirs);
    cr_assert_eq(fits, taken, "%s: %d, libarchive %d", name, fits, taken);
    cr_assert(!fits || memcmp(ours, theirs, 512) == 0, "%s: another header", name);
}

Test(tarball, header_is_the_one_of_libarchive)
{
    char name[400];
    for (size_t len = 1; len < 240; len++) {
        for (size_t step = 0; step < 110; step += 1 + step * 2) {
            make_name(name, len, step);
            compare_headers(name, len * 37 % 1500, SAMPLE_TIME);
        }
    }
    compare_headers("a", 9 << 20, 0);
    compare_headers("a", 0, 077777777777);
    compare_headers("data/x", 0777777, 1);
}

Test(tarball, header_refuses_what_does_not_fit)
{
    uint8_t header[512] = {1};
    char name[400];
    make_name(name, 300, 50);
    cr_assert(!ps_tarball_header(SAMPLE_ID, name, 0, 0, header));
    cr_assert(!ps_tarball_header(SAMPLE_ID, "", 0, 0, header));
    cr_assert(!ps_tarball_header("", "a", 0, 0, header));
    cr_assert(!ps_tarball_header(SAMPLE_ID, "a", UINT64_C(1) << 33, 0, header));
    cr_assert(!ps_tarball_header(SAMPLE_ID, "a", 0, -1, header));
    cr_assert_eq(header[0], 1);
    cr_assert(ps_tarball_header(SAMPLE_ID, "a", (UINT64_C(1) << 33) - 1, 0, header));
}

/* Bytes that deflate cannot shrink. */
static uint8_t *noise(size_t len)
{
    uint8_t *bytes = malloc(len);
    uint64_t state = 88172645463325252;
    cr_assert(bytes != NULL);
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (uint8_t) (state >> 32);
    }
    return bytes;
}

Test(tarball, stream)
{
    struct sink s = {0};
    struct ps_buffer tar = {0};
    enum { LEN = 3000001 };
    uint8_t *bytes = noise(LEN), header[512];
    struct ps_tarball *t = open_tarball(&s, 6);
    add(t, "data/noise", ps_span_of(bytes, LEN));
    add(t, "data/empty", ps_span_of(NULL, 0));
    finish(t);

    cr_assert_gt(s.calls, 40);
    cr_assert_eq(s.shortest, 0, "a piece of less than 64 KiB before the last one");
    cr_assert_eq(memcmp(s.bytes.data, ps_gzip_header, 10), 0);

    sample_gunzip(ps_buffer_span(&s.bytes), &tar);
    cr_assert_eq(ps_tarball_bytes_in(t), tar.len);
    cr_assert_eq(tar.len, 512 + (LEN + 511) / 512 * 512 + 512 + 1024, "exactly two zero blocks");
    cr_assert(ps_tarball_header(SAMPLE_ID, "data/noise", LEN, SAMPLE_TIME, header));
    cr_assert_eq(memcmp(tar.data, header, 512), 0);
    cr_assert_eq(memcmp(tar.data + 512, bytes, LEN), 0);
    for (size_t i = tar.len - 1024; i < tar.len; i++)
        cr_assert_eq(tar.data[i], 0);
    ps_tarball_free(t);
    ps_buffer_done(&tar);
    ps_buffer_done(&s.bytes);
    free(bytes);
}

Test(tarball, same_input_same_bytes)
{
    for (int level = 1; level <= 9; level++) {
        struct sink a = {0}, b = {0};
        for (int i = 0; i < 2; i++) {
            struct ps_tarball *t = open_tarball(i == 0 ? &a : &b, level);
            add(t, "data/a", ps_span_text("f stat 3\nabc\nf stat 3\nabc\n"));
            finish(t);
            ps_tarball_free(t);
        }
        cr_assert(ps_span_equal(ps_buffer_span(&a.bytes), ps_buffer_span(&b.bytes)));
        ps_buffer_done(&a.bytes);
        ps_buffer_done(&b.bytes);
    }
}

Test(tarball, in_pieces)
{
    struct sink whole = {0}, pieces = {0};
    struct ps_error err;
    struct ps_tarball *t = open_tarball(&whole, 1);
    add(t, "data/a", ps_span_text("0123456789"));
    finish(t);
    ps_tarball_free(t);

    t = open_tarball(&pieces, 1);
    cr_assert(ps_tarball_begin(t, "data/a", 10, &err));
    cr_assert(ps_tarball_piece(t, ps_span_text("0123"), &err));
    cr_assert(ps_tarball_piece(t, ps_span_text(""), &err));
    cr_assert(ps_tarball_piece(t, ps_span_text("456789"), &err));
    cr_assert(!ps_tarball_piece(t, ps_span_text("x"), &err), "too long");
    finish(t);
    cr_assert(ps_span_equal(ps_buffer_span(&whole.bytes), ps_buffer_span(&pieces.bytes)));
    ps_tarball_free(t);

    t = open_tarball(&pieces, 1);
    cr_assert(ps_tarball_begin(t, "data/a", 10, &err));
    cr_assert(ps_tarball_piece(t, ps_span_text("0123"), &err));
    cr_assert(!ps_tarball_finish(t, &err), "too short: no zeros may be made up");
    cr_assert(!ps_tarball_add(t, "data/b", ps_span_text(""), &err));
    ps_tarball_free(t);
    ps_buffer_done(&whole.bytes);
    ps_buffer_done(&pieces.bytes);
}

Test(tarball, failure_of_the_sink_is_told)
{
    struct sink s = {.room = 100000};
    struct ps_error err = {0};
    uint8_t *bytes = noise(1 << 20);
    struct ps_tarball *t = open_tarball(&s, 1);
    cr_assert(!ps_tarball_add(t, "data/noise", ps_span_of(bytes, 1 << 20), &err));
    cr_assert_str_eq(err.text, "the sink is full");
    cr_assert(!ps_tarball_add(t, "data/more", ps_span_text("x"), &err));
    cr_assert(!ps_tarball_finish(t, &err));
    size_t sunk = s.bytes.len;
    ps_tarball_free(t);
    cr_assert_eq(s.bytes.len, sunk, "nothing may follow a failure");
    ps_buffer_done(&s.bytes);
    free(bytes);
}

Test(tarball, freed_unfinished_it_writes_nothing_more)
{
    struct sink s = {0};
    struct ps_tarball *t = open_tarball(&s, 1);
    add(t, "data/a", ps_span_text("abc"));
    ps_tarball_free(t);
    cr_assert_eq(s.bytes.len, 0);
    ps_tarball_free(NULL);
}

Test(tarball, bad_arguments)
{
    struct sink s = {0};
    struct ps_error err;
    char name[400];
    cr_assert(ps_tarball_new("", 0, 1, to_sink, &s, &err) == NULL);
    cr_assert(ps_tarball_new(SAMPLE_ID, 0, 0, to_sink, &s, &err) == NULL);
    cr_assert(ps_tarball_new(SAMPLE_ID, 0, 10, to_sink, &s, &err) == NULL);
    struct ps_tarball *t = open_tarball(&s, 1);
    make_name(name, 390, 0);
    cr_assert(!ps_tarball_add(t, name, ps_span_text(""), &err));
    cr_assert(!ps_tarball_add(t, "", ps_span_text(""), &err));
    ps_tarball_free(t);
}
