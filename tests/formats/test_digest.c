/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/digest.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *hex_of(const uint8_t *bytes, size_t len)
{
    static char text[2 * 64 + 1];
    ps_hex_text(ps_span_of(bytes, len), text);
    return text;
}

/* FIPS 180-4 and RFC 7693 appendix A. */
Test(digest, known_answers)
{
    uint8_t out[64];
    ps_sha256_of(ps_span_text("abc"), out);
    cr_assert_str_eq(hex_of(out, PS_SHA256_LEN), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ps_blake2b512_of(ps_span_text("abc"), out);
    cr_assert_str_eq(hex_of(out, PS_BLAKE2B512_LEN), "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                 "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    ps_sha512_of(ps_span_text("abc"), out);
    cr_assert_str_eq(hex_of(out, PS_SHA512_LEN), "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

Test(digest, no_bytes_without_an_address)
{
    uint8_t out[64];
    ps_sha256_of(ps_span_of(NULL, 0), out);
    cr_assert_str_eq(hex_of(out, PS_SHA256_LEN), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ps_blake2b512_of(ps_span_of(NULL, 0), out);
    cr_assert_str_eq(hex_of(out, 8), "786a02f742015903");
    ps_sha512_of(ps_span_of(NULL, 0), out);
    cr_assert_str_eq(hex_of(out, 8), "cf83e1357eefb8bd");
}

/* A million times "a", in pieces of every length up to 200. */
Test(digest, pieces_do_not_matter)
{
    uint8_t as[200], out[64];
    struct ps_sha256 sha256;
    struct ps_blake2b512 blake, whole;
    memset(as, 'a', sizeof as);
    ps_sha256_init(&sha256);
    ps_blake2b512_init(&blake);
    ps_blake2b512_init(&whole);

    for (size_t left = 1000000, piece = 0; left > 0; left -= piece) {
        piece = piece % sizeof as + 1;
        if (piece > left)
            piece = left;
        ps_sha256_update(&sha256, ps_span_of(as, piece));
        ps_blake2b512_update(&blake, ps_span_of(as, piece));
    }
    for (size_t i = 0; i < 1000000; i += sizeof as)
        ps_blake2b512_update(&whole, ps_span_of(as, sizeof as));

    ps_sha256_final(&sha256, out);
    cr_assert_str_eq(hex_of(out, PS_SHA256_LEN), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    uint8_t again[64];
    ps_blake2b512_final(&blake, out);
    ps_blake2b512_final(&whole, again);
    cr_assert(memcmp(out, again, sizeof out) == 0);
}

/* States are values: a copy goes its own way, and any address will do. */
Test(digest, states_can_be_copied_and_misaligned)
{
    uint8_t *room = malloc(sizeof(struct ps_blake2b512) + 1);
    uint8_t out[64], other[64];
    cr_assert(room != NULL);
    struct ps_blake2b512 *odd = (struct ps_blake2b512 *) (room + 1);
    ps_blake2b512_init(odd);
    ps_blake2b512_update(odd, ps_span_text("a"));
    struct ps_blake2b512 copy = *odd;
    ps_blake2b512_update(odd, ps_span_text("bc"));
    ps_blake2b512_update(&copy, ps_span_text("xy"));
    ps_blake2b512_final(odd, out);
    ps_blake2b512_final(&copy, other);
    cr_assert_str_eq(hex_of(out, 8), "ba80a53f981c4d0d");
    cr_assert(memcmp(out, other, sizeof out) != 0);
    free(room);
}

Test(hex, one_spelling)
{
    uint8_t out[2] = {1, 2};
    cr_assert(ps_hex_decode(ps_span_text("00ff"), out, 2));
    cr_assert_eq(out[0], 0);
    cr_assert_eq(out[1], 0xff);

    static const char *const wrong[] = {"", "00", "00f", "00ff0", "00FF", "00fg", "0x0f", " 0ff", "00f\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(!ps_hex_decode(ps_span_text(wrong[i]), out, 2), "%s", wrong[i]);
        cr_assert_eq(out[1], 0xff, "untouched");
    }

    struct ps_buffer text = {0};
    ps_hex_add(&text, ps_span_of("\x00\x9a\xff", 3));
    cr_assert(ps_span_is(ps_buffer_span(&text), "009aff"));
    ps_buffer_done(&text);
}
