/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/ratchet.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"

/* Of K_0 = 00 01 .. 1f. */
static const char *const golden[] = {
    "53af184d6894086b3604573532968abbad81e9a869f2fb1850649ab5cd0f4a81",
    "e79d4cd1c83df41b049f54484ec74b5a371079e9441e221e83af6bcd3a0c92ac",
    "cb9c5e1455a4e2ce55babe32cdc2b6a481c55a92d0f4e7e092f5fb5e0c774d6a",
};

static struct ps_ratchet *golden_ratchet(void)
{
    struct ps_ratchet *r = NULL;
    struct ps_error err;
    uint8_t key[PS_SEED_LEN];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t) i;
    cr_assert(ps_ratchet_from_key(key, &r, &err), "%s", err.text);
    return r;
}

static struct ps_public_key public_key_of(const struct ps_ratchet *r)
{
    struct ps_signing_key *key = NULL;
    struct ps_error err;
    uint8_t seed[PS_SEED_LEN];
    ps_ratchet_seed(r, seed);
    cr_assert(ps_signing_key_from_seed(seed, &key, &err), "%s", err.text);
    struct ps_public_key out = *ps_signing_key_public(key);
    ps_signing_key_free(key);
    return out;
}

static void expect_key(const struct ps_public_key *key, const char *want)
{
    char text[2 * PS_PUBLIC_KEY_LEN + 1];
    ps_hex_text(ps_span_of(key->pk, sizeof key->pk), text);
    cr_assert_str_eq(text, want);
}

Test(ratchet, golden_keys)
{
    struct ps_ratchet *r = golden_ratchet();
    struct ps_public_key key;
    struct ps_error err;
    for (size_t i = 0; i < 3; i++) {
        key = public_key_of(r);
        expect_key(&key, golden[i]);
        cr_assert(ps_ratchet_next_key(r, &key, &err), "%s", err.text);
        if (i < 2)
            expect_key(&key, golden[i + 1]);
        ps_ratchet_evolve(r);
    }
    ps_ratchet_free(r);
    ps_ratchet_free(NULL);
}

Test(ratchet, knows_its_answer)
{
    struct ps_error err;
    cr_assert(ps_ratchet_selftest(&err), "%s", err.text);
}

/* The public key that is named in advance is that of the next step, with its id. */
Test(ratchet, next_key_is_the_key_of_the_next_step)
{
    struct ps_ratchet *r = NULL;
    struct ps_public_key named, key;
    struct ps_error err;
    cr_assert(ps_ratchet_new(&r, &err), "%s", err.text);
    for (int i = 0; i < 5; i++) {
        cr_assert(ps_ratchet_next_key(r, &named, &err), "%s", err.text);
        ps_ratchet_evolve(r);
        key = public_key_of(r);
        cr_assert(ps_public_key_equal(&named, &key));
    }
    ps_ratchet_free(r);
}

Test(ratchet, no_two_are_alike)
{
    struct ps_ratchet *a = NULL, *b = NULL;
    struct ps_error err;
    cr_assert(ps_ratchet_new(&a, &err) && ps_ratchet_new(&b, &err), "%s", err.text);
    struct ps_public_key one = public_key_of(a), other = public_key_of(b);
    cr_assert(memcmp(one.pk, other.pk, sizeof one.pk) != 0);
    ps_ratchet_free(a);
    ps_ratchet_free(b);
}

/* What is left of step 0 after evolving: neither its secret nor its seed stands anywhere in the state. */
Test(ratchet, evolving_overwrites_the_secret)
{
    struct ps_ratchet *r = golden_ratchet();
    uint8_t before[PS_SEED_LEN], seed[PS_SEED_LEN];
    memcpy(before, r, sizeof before);
    ps_ratchet_seed(r, seed);
    ps_ratchet_evolve(r);
    for (size_t i = 0; i + 8 <= sizeof before; i++) {
        cr_assert(memcmp((const uint8_t *) r + i, before + i, 8) != 0);
        cr_assert(memcmp((const uint8_t *) r + i, seed + i, 8) != 0);
    }
    ps_ratchet_free(r);
}

enum { NEEDLE = 16, MASK = 0x5a, DEEP = 64 << 10 };

/* Masked, so that what is looked for stands nowhere else. */
static void mask(const uint8_t *secret, uint8_t out[NEEDLE])
{
    for (size_t i = 0; i < NEEDLE; i++)
        out[i] = secret[i] ^ MASK;
}

/* Below the caller's frame: what those that it called have left behind. */
__attribute__((noinline, no_sanitize("address"))) static bool is_on_the_stack(const uint8_t needle[NEEDLE])
{
    volatile uint8_t here = 0;
    const volatile uint8_t *at = &here;
    for (size_t below = NEEDLE; below < DEEP; below++) {
        size_t same = 0;
        while (same < NEEDLE && (at[-(ptrdiff_t) below + (ptrdiff_t) same] ^ MASK) == needle[same])
            same++;
        if (same == NEEDLE)
            return true;
    }
    return false;
}

/* Whoever takes the process over after a snapshot finds nothing of it there; nor does what is forked inherit it. What is
 * looked for is known beforehand: looking at it would leave it there, too. */
Test(ratchet, leaves_nothing_on_the_stack)
{
    enum { K_0, SEED_0, K_1, SEED_1, NEEDLES };
    struct ps_ratchet *r = golden_ratchet(), *other = golden_ratchet();
    struct ps_public_key key;
    struct ps_error err;
    uint8_t needles[NEEDLES][NEEDLE], *seed = malloc(PS_SEED_LEN);
    for (int i = 0; i < NEEDLES; i += 2) {
        mask((const uint8_t *) other, needles[i]); /* its bytes are the secret */
        ps_ratchet_seed(other, seed);
        mask(seed, needles[i + 1]);
        ps_ratchet_evolve(other);
    }
    ps_ratchet_free(other);
    sodium_stackzero(DEEP);
    ps_ratchet_seed(r, seed);
    cr_expect(!is_on_the_stack(needles[SEED_0]), "the seed, taken");
    cr_assert(ps_ratchet_next_key(r, &key, &err), "%s", err.text);
    cr_expect(!is_on_the_stack(needles[SEED_1]), "the seed of the next step");
    ps_ratchet_evolve(r);
    for (int i = 0; i < NEEDLES; i++)
        cr_expect(!is_on_the_stack(needles[i]), "%d, evolved", i);
    ps_ratchet_free(r);
    free(seed);
}
