/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/ratchet.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum { SIGN = 1, EVOLVE = 2, STACK_OF_KDF = 4096 };

struct ps_ratchet {
    uint8_t key[crypto_kdf_KEYBYTES];
};

_Static_assert(crypto_kdf_KEYBYTES == PS_SEED_LEN, "one length of secrets");

static const char contexts[][crypto_kdf_CONTEXTBYTES + 1] = {[SIGN] = "pvsign__", [EVOLVE] = "pvevolve"};

/* Lengths are right by their types, and nothing else can fail. libsodium leaves what it derived on the stack, where it
 * would outlive its step, and be inherited by whatever is forked. */
static void derive(const struct ps_ratchet *from, unsigned subkey, uint8_t out[PS_SEED_LEN])
{
    (void) crypto_kdf_derive_from_key(out, PS_SEED_LEN, subkey, contexts[subkey], from->key);
    sodium_stackzero(STACK_OF_KDF);
}

static struct ps_ratchet *ratchet_room(struct ps_error *err)
{
    struct ps_ratchet *ratchet = NULL;
    if (sodium_init() < 0)
        ps_fail(err, 0, "cannot start libsodium: no source of random bytes");
    else if ((ratchet = sodium_malloc(sizeof *ratchet)) == NULL)
        ps_fail(err, ENOMEM, "no locked memory for the keys of a chain");
    return ratchet;
}

bool ps_ratchet_new(struct ps_ratchet **out, struct ps_error *err)
{
    struct ps_ratchet *ratchet = ratchet_room(err);
    if (ratchet == NULL)
        return false;
    randombytes_buf(ratchet->key, sizeof ratchet->key);
    *out = ratchet;
    return true;
}

bool ps_ratchet_from_key(const uint8_t key[PS_SEED_LEN], struct ps_ratchet **out, struct ps_error *err)
{
    struct ps_ratchet *ratchet = ratchet_room(err);
    if (ratchet == NULL)
        return false;
    memcpy(ratchet->key, key, sizeof ratchet->key);
    *out = ratchet;
    return true;
}

void ps_ratchet_seed(const struct ps_ratchet *ratchet, uint8_t out[PS_SEED_LEN])
{
    derive(ratchet, SIGN, out);
}

bool ps_ratchet_next_key(const struct ps_ratchet *ratchet, struct ps_public_key *out, struct ps_error *err)
{
    struct ps_ratchet *next = ratchet_room(err);
    struct ps_signing_key *key = NULL;
    if (next == NULL)
        return false;
    derive(ratchet, EVOLVE, next->key);
    ps_ratchet_seed(next, next->key); /* in place: the seed is needed, K_{i+1} not yet */
    bool made = ps_signing_key_from_seed(next->key, &key, err);
    if (made)
        *out = *ps_signing_key_public(key);
    ps_signing_key_free(key);
    ps_ratchet_free(next);
    return made;
}

void ps_ratchet_evolve(struct ps_ratchet *ratchet)
{
    derive(ratchet, EVOLVE, ratchet->key);
}

bool ps_ratchet_selftest(struct ps_error *err)
{
    static const uint8_t want[PS_PUBLIC_KEY_LEN] = {0xcb, 0x9c, 0x5e, 0x14, 0x55, 0xa4, 0xe2, 0xce, 0x55, 0xba, 0xbe,
                                                    0x32, 0xcd, 0xc2, 0xb6, 0xa4, 0x81, 0xc5, 0x5a, 0x92, 0xd0, 0xf4,
                                                    0xe7, 0xe0, 0x92, 0xf5, 0xfb, 0x5e, 0x0c, 0x77, 0x4d, 0x6a};
    struct ps_ratchet *ratchet;
    struct ps_public_key key;
    uint8_t first[PS_SEED_LEN];

    for (size_t i = 0; i < sizeof first; i++)
        first[i] = (uint8_t) i;
    if (!ps_ratchet_from_key(first, &ratchet, err))
        return false;
    ps_ratchet_evolve(ratchet);
    bool named = ps_ratchet_next_key(ratchet, &key, err);
    ps_ratchet_free(ratchet);
    return named && (memcmp(key.pk, want, sizeof want) == 0 ||
                     ps_fail(err, 0, "self-test of the key ratchet failed: this executable does not work as it was "
                                     "built to; take a fresh copy and compare its SHA-256"));
}

void ps_ratchet_free(struct ps_ratchet *ratchet)
{
    sodium_free(ratchet);
}
