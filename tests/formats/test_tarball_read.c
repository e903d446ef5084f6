/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tarball_read.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/formats/sample_bundle.h"

/* What reading to the end comes to. */
struct outcome {
    enum ps_source_step step;
    struct ps_flaw flaw;
    size_t members;
    uint64_t bytes;
};

static struct outcome read_file(struct ps_span file)
{
    struct outcome out = {0};
    struct ps_error err;
    struct ps_tarball_reader *r = ps_tarball_reader_new(sample_input, &file, &err);
    struct ps_member_source source = ps_tarball_reader_source(r);
    struct ps_member member;
    struct ps_span piece;
    while ((out.step = source.member(source.self, &member, &out.flaw, &err)) == PS_SOURCE_NEXT) {
        out.members++;
        while ((out.step = source.piece(source.self, &piece, &out.flaw, &err)) == PS_SOURCE_NEXT) {
            cr_assert_gt(piece.len, 0);
            out.bytes += piece.len;
        }
        if (out.step != PS_SOURCE_END)
            break;
    }
    struct ps_flaw again;
    cr_assert_eq(source.member(source.self, &member, &again, &err), out.step, "asked again it says the same");
    ps_tarball_reader_free(r);
    return out;
}

/* Three members in a tar. */
static void make_tar(struct ps_buffer *tar)
{
    static const char *const names[] = {"bagit.txt", "data/a", "data/b"};
    static const char text[700] = "x";
    for (size_t i = 0; i < 3; i++) {
        size_t size = i * 345;
        uint8_t header[512];
        cr_assert(ps_tarball_header(SAMPLE_ID, names[i], size, SAMPLE_TIME, header));
        ps_buffer_add(tar, header, sizeof header);
        ps_buffer_add(tar, text, size);
        while (tar->len % 512 != 0)
            ps_buffer_add_byte(tar, 0);
    }
    for (size_t i = 0; i < 1024; i++)
        ps_buffer_add_byte(tar, 0);
}

/* offsets in make_tar: headers at 0, 512, 1536; payload of data/a at 1024, its padding at 1369; of data/b at 2048 */
enum { HEADER_A = 512, PADDING_A = 1369, HEADER_B = 1536, END = 3072 };

static struct outcome read_tar(const struct ps_buffer *tar)
{
    struct ps_buffer file = {0};
    sample_gzip(ps_buffer_span(tar), &file);
    struct outcome out = read_file(ps_buffer_span(&file));
    ps_buffer_done(&file);
    return out;
}

/* The checksum of a header that was changed. */
static void fix_sum(uint8_t *header)
{
    unsigned sum = 0;
    char text[16];
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += header[i];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(header + 148, text, 7);
}

static void expect_malformed(const struct ps_buffer *tar, const char *why)
{
    struct outcome out = read_tar(tar);
    cr_assert_eq(out.step, PS_SOURCE_FLAW, "%s", why);
    cr_assert_eq(out.flaw.kind, PS_FLAW_MALFORMED, "%s: %s", why, out.flaw.why);
    cr_assert(strstr(out.flaw.why, why) != NULL, "%s: %s", why, out.flaw.why);
}

Test(tarball_read, honest)
{
    struct ps_buffer tar = {0};
    make_tar(&tar);
    cr_assert_eq(tar.len, END + 1024);
    struct outcome out = read_tar(&tar);
    cr_assert_eq(out.step, PS_SOURCE_END);
    cr_assert_eq(out.members, 3);
    cr_assert_eq(out.bytes, 3 * 345);
    ps_buffer_done(&tar);
}

Test(tarball_read, headers_that_others_would_accept)
{
    static const struct {
        size_t at;
        const char *bytes;
        size_t len;
        const char *why;
    } changes[] = {
        {156, "2", 1, "regular file"},
        {156, "1", 1, "regular file"},
        {156, "5", 1, "regular file"},
        {156, "x", 1, "regular file"},
        {156, "g", 1, "regular file"},
        {156, "S", 1, "regular file"},
        {156, "L", 1, "regular file"},
        {156, "\0", 1, "regular file"},
        {156, "7", 1, "regular file"},
        {100, "000644 ", 7, "tar header"},
        {108, "001000 ", 7, "tar header"},
        {116, "001000 ", 7, "tar header"},
        {136, "00000000001 ", 12, "tar header"},
        {124, "0000000531 ", 11, "tar header"},
        {124, "\x80\0\0\0\0\0\0\0\0\0\x01\x59", 12, "tar header"},
        {257, "ustar  \0", 8, "tar header"},
        {265, "root", 4, "tar header"},
        {157, "/etc/passwd", 11, "tar header"},
        {500, "x", 1, "tar header"},
        {329, "000001 ", 7, "tar header"},
        {345, "p", 1, "top directory"},
        {0, "x", 1, "top directory"},
        {0, "/", 1, "top directory"},
        {0, "../", 3, "top directory"},
        {0, "procsnap-20261122t001500z-0123abce", 34, "top directory"},
        {35, "../a", 5, ".."},
        {35, "data//a", 8, "empty"},
        {35, "data/\\a", 8, ""},
        {35, "data/\x1b", 7, ""},
        {35, "/data/a", 8, ""},
        {35, "data/a/", 8, ""},
        {35, "data/=41", 9, ""},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct ps_buffer tar = {0};
        make_tar(&tar);
        memcpy(tar.data + HEADER_A + changes[i].at, changes[i].bytes, changes[i].len);
        fix_sum(tar.data + HEADER_A);
        expect_malformed(&tar, changes[i].why);
        ps_buffer_done(&tar);
    }
}

Test(tarball_read, no_byte_of_a_header_is_free)
{
    for (size_t at = 0; at < 512; at++) {
        struct ps_buffer tar = {0};
        make_tar(&tar);
        tar.data[HEADER_B + at] ^= 1;
        struct outcome out = read_tar(&tar);
        cr_assert_eq(out.step, PS_SOURCE_FLAW, "byte %zu", at);
        ps_buffer_done(&tar);
    }
}

Test(tarball_read, first_member_decides_the_top_directory)
{
    struct ps_buffer tar = {0};
    uint8_t header[512];
    cr_assert(ps_tarball_header("somewhere", "bagit.txt", 0, SAMPLE_TIME, header));
    ps_buffer_add(&tar, header, sizeof header);
    expect_malformed(&tar, "top directory");
    ps_buffer_clear(&tar, SIZE_MAX);
    /* 30 February: no such moment, so no such mtime. */
    cr_assert(ps_tarball_header("procsnap-20260230t001500z-0123abcd", "bagit.txt", 0, SAMPLE_TIME, header));
    ps_buffer_add(&tar, header, sizeof header);
    expect_malformed(&tar, "top directory");
    ps_buffer_done(&tar);
}

Test(tarball_read, padding_and_end)
{
    struct ps_buffer tar = {0};
    make_tar(&tar);
    tar.data[PADDING_A] = 1;
    expect_malformed(&tar, "padding");
    tar.data[PADDING_A] = 0;
    tar.data[END + 512] = 1;
    expect_malformed(&tar, "lone zero block");
    tar.data[END + 512] = 0;
    for (size_t i = 0; i < 512; i++)
        ps_buffer_add_byte(&tar, 0);
    expect_malformed(&tar, "behind the end of the tar");
    tar.len -= 511;
    expect_malformed(&tar, "behind the end of the tar");
    ps_buffer_done(&tar);
}

/* A second archive behind the first one, which tar passes over without a word. */
Test(tarball_read, hidden_archives)
{
    struct ps_buffer tar = {0}, twice = {0}, file = {0}, two = {0};
    make_tar(&tar);
    ps_buffer_add_span(&twice, ps_buffer_span(&tar));
    ps_buffer_add_span(&twice, ps_buffer_span(&tar));
    expect_malformed(&twice, "behind the end of the tar");

    sample_gzip(ps_buffer_span(&tar), &file);
    ps_buffer_add_span(&two, ps_buffer_span(&file));
    ps_buffer_add_span(&two, ps_buffer_span(&file));
    struct outcome out = read_file(ps_buffer_span(&two));
    cr_assert_eq(out.flaw.kind, PS_FLAW_MALFORMED);
    cr_assert_str_eq(out.flaw.why, "there are bytes behind the end of the gzip member");
    ps_buffer_add_byte(&file, 0);
    out = read_file(ps_buffer_span(&file));
    cr_assert_str_eq(out.flaw.why, "there are bytes behind the end of the gzip member");
    ps_buffer_done(&tar);
    ps_buffer_done(&twice);
    ps_buffer_done(&file);
    ps_buffer_done(&two);
}

Test(tarball_read, gzip_header_and_trailer)
{
    struct ps_buffer tar = {0}, file = {0};
    make_tar(&tar);
    sample_gzip(ps_buffer_span(&tar), &file);
    for (size_t at = 0; at < 10; at++) {
        file.data[at] ^= 1;
        struct outcome out = read_file(ps_buffer_span(&file));
        cr_assert_eq(out.flaw.kind, PS_FLAW_MALFORMED, "byte %zu", at);
        cr_assert_eq(out.members, 0);
        file.data[at] ^= 1;
    }
    for (size_t at = file.len - 8; at < file.len; at++) {
        file.data[at] ^= 1;
        struct outcome out = read_file(ps_buffer_span(&file));
        cr_assert_eq(out.step, PS_SOURCE_FLAW);
        cr_assert_eq(out.flaw.kind, PS_FLAW_DAMAGED, "byte %zu", at);
        cr_assert_eq(out.members, 3, "what is there was read");
        file.data[at] ^= 1;
    }
    ps_buffer_done(&tar);
    ps_buffer_done(&file);
}

Test(tarball_read, cut_short_anywhere)
{
    struct ps_buffer tar = {0}, file = {0};
    make_tar(&tar);
    sample_gzip(ps_buffer_span(&tar), &file);
    for (size_t len = 0; len < file.len; len++) {
        struct outcome out = read_file(ps_span_of(file.data, len));
        cr_assert_eq(out.step, PS_SOURCE_FLAW);
        cr_assert_eq(out.flaw.kind, PS_FLAW_CUT_SHORT, "%zu bytes: %s", len, out.flaw.why);
    }
    for (size_t len = tar.len; len-- > 0;) {
        tar.len = len;
        struct outcome out = read_tar(&tar);
        cr_assert_eq(out.step, PS_SOURCE_FLAW);
        cr_assert_eq(out.flaw.kind, PS_FLAW_CUT_SHORT, "%zu bytes of tar: %s", len, out.flaw.why);
    }
    ps_buffer_done(&tar);
    ps_buffer_done(&file);
}

static bool broken_input(void *context, void *out, size_t room, size_t *got, struct ps_error *err)
{
    (void) context;
    (void) out;
    (void) room;
    (void) got;
    return ps_fail(err, 0, "the disk is gone");
}

Test(tarball_read, own_failure_is_not_a_flaw)
{
    struct ps_error err = {0};
    struct ps_member member;
    struct ps_flaw flaw;
    struct ps_tarball_reader *r = ps_tarball_reader_new(broken_input, NULL, &err);
    struct ps_member_source source = ps_tarball_reader_source(r);
    cr_assert_eq(source.member(source.self, &member, &flaw, &err), PS_SOURCE_FAILED);
    cr_assert_str_eq(err.text, "the disk is gone");
    ps_tarball_reader_free(r);
    ps_tarball_reader_free(NULL);
}

/* Deflate's most: a thousand times. Read in pieces, it costs time alone. */
Test(tarball_read, bomb)
{
    struct ps_buffer tar = {0};
    enum { SIZE = 64 << 20 };
    uint8_t header[512];
    cr_assert(ps_tarball_header(SAMPLE_ID, "data/zeros", SIZE, SAMPLE_TIME, header));
    ps_buffer_add(&tar, header, sizeof header);
    cr_assert(ps_buffer_reserve(&tar, SIZE + 1024));
    memset(tar.data + tar.len, 0, SIZE + 1024);
    tar.len += SIZE + 1024;
    struct outcome out = read_tar(&tar);
    cr_assert_eq(out.step, PS_SOURCE_END);
    cr_assert_eq(out.bytes, SIZE);
    ps_buffer_done(&tar);
}
