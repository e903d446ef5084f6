/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void ps_chain_id_make(char out[PS_CHAIN_ID_LEN + 1])
{
    uint8_t random[PS_CHAIN_ID_LEN / 2];
    randombytes_buf(random, sizeof random);
    ps_hex_text(ps_span_of(random, sizeof random), out);
}

/* The page belongs to the secret alone: see ratchet.h. */
static bool keep_from_children(struct ps_ratchet *ratchet, struct ps_error *err)
{
    uintptr_t size = (uintptr_t) sysconf(_SC_PAGESIZE), at = (uintptr_t) ratchet;
    if (madvise((uint8_t *) ratchet - at % size, size, MADV_DONTFORK) == 0)
        return true;
    return ps_fail(err, errno, "this kernel cannot keep the secret of a chain from child processes (madvise)");
}

bool ps_chain_begin(const uint8_t *prev_root, struct ps_chain *out, struct ps_error *err)
{
    struct ps_chain chain = {.has_prev = prev_root != NULL};
    if (!ps_ratchet_selftest(err) || !ps_ratchet_new(&chain.ratchet, err))
        return false;
    if (!keep_from_children(chain.ratchet, err)) {
        ps_ratchet_free(chain.ratchet);
        return false;
    }
    ps_chain_id_make(chain.id);
    if (prev_root != NULL)
        memcpy(chain.prev_root, prev_root, sizeof chain.prev_root);
    *out = chain;
    return true;
}

/* Both ends closed on failure. */
static bool fill_pipe(const struct ps_ratchet *ratchet, int *out, struct ps_error *err)
{
    uint8_t seed[PS_SEED_LEN];
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return ps_fail(err, errno, "no pipe to hand the key of a snapshot over");
    ps_ratchet_seed(ratchet, seed);
    bool put = write(ends[1], seed, sizeof seed) == (ssize_t) sizeof seed;
    int why = errno;
    sodium_memzero(seed, sizeof seed);
    close(ends[1]);
    *out = ends[0];
    if (put)
        return true;
    close(ends[0]);
    return ps_fail(err, why, "cannot hand the key of a snapshot over");
}

bool ps_chain_link_make(const struct ps_chain *chain, const char *reason, uint64_t interval_s,
                        struct ps_chain_link *out, struct ps_error *err)
{
    struct ps_chain_link link = {.seq = chain->seq, .has_prev = chain->has_prev, .reason = reason,
                                 .interval_s = interval_s};
    if (!ps_ratchet_next_key(chain->ratchet, &link.next_key, err) || !fill_pipe(chain->ratchet, &link.seed_fd, err))
        return false;
    memcpy(link.id, chain->id, sizeof link.id);
    memcpy(link.prev_root, chain->prev_root, sizeof link.prev_root);
    *out = link;
    return true;
}

void ps_chain_link_close(struct ps_chain_link *link)
{
    if (link == NULL || link->seed_fd < 0)
        return;
    close(link->seed_fd);
    link->seed_fd = -1;
}

void ps_chain_sealed(struct ps_chain *chain, const uint8_t root[PS_SHA256_LEN])
{
    ps_ratchet_evolve(chain->ratchet);
    chain->seq++;
    chain->has_prev = true;
    memcpy(chain->prev_root, root, sizeof chain->prev_root);
}

void ps_chain_end(struct ps_chain *chain)
{
    ps_ratchet_free(chain->ratchet);
    *chain = (struct ps_chain){0};
}

bool ps_chain_link_key(const struct ps_chain_link *link, struct ps_signing_key **out, struct ps_error *err)
{
    uint8_t seed[PS_SEED_LEN];
    ssize_t got = read(link->seed_fd, seed, sizeof seed); /* one write, so one read */
    int why = got < 0 ? errno : 0;
    bool ok = got == (ssize_t) sizeof seed
                  ? ps_signing_key_from_seed(seed, out, err)
                  : ps_fail(err, why, "the key of this snapshot of the chain was not handed over");
    sodium_memzero(seed, sizeof seed);
    return ok;
}
