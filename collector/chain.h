/* SPDX-License-Identifier: Apache-2.0
 *
 * The chain of snapshots of one watch (docs/BUNDLE.md section 11): who holds its secret, and what one snapshot is given
 * of it.
 *
 * The secret K_i lies in one page of the process that made the chain; that page is not inherited by what it forks
 * (MADV_DONTFORK), not dumped and not swapped. The seed of one snapshot's key goes through a pipe that the builder
 * alone reads: readers and prober close every descriptor before they open anything, and the conductor never reads. So
 * no process that looks at evidence has held either. What remains: a reader that was taken over and may trace
 * (CAP_SYS_PTRACE, or the same user without Yama) can read the memory of any process, ours too.
 */
#ifndef PS_CHAIN_H
#define PS_CHAIN_H

#include "formats/digest.h"
#include "formats/ratchet.h"

enum { PS_CHAIN_ID_LEN = 32 };

/* A random id, 32 hex digits. */
void ps_chain_id_make(char out[PS_CHAIN_ID_LEN + 1]);

/* For the one who makes a chain, and nobody that was forked from it. */
struct ps_chain {
    char id[PS_CHAIN_ID_LEN + 1];
    uint64_t seq; /* of the snapshot to come */
    bool has_prev;
    uint8_t prev_root[PS_SHA256_LEN];
    struct ps_ratchet *ratchet;
};

/* What the options of one snapshot point at. Plain data but for the descriptor, so that it passes through a fork. */
struct ps_chain_link {
    char id[PS_CHAIN_ID_LEN + 1];
    uint64_t seq;
    bool has_prev;
    uint8_t prev_root[PS_SHA256_LEN];
    struct ps_public_key next_key;
    int seed_fd;         /* a pipe that holds the seed of this snapshot's key, once */
    const char *reason;  /* borrowed: "schedule", "trigger", "start", "restart", "final" */
    uint64_t interval_s; /* 0: none */
};

/* Step 0 of a new chain, after the self-test of its keys. `prev_root` of a chain that ended without its last snapshot,
 * as a claim, or NULL. The caller owns what is in *out: ps_chain_end. */
PS_MUST_CHECK bool ps_chain_begin(const uint8_t *prev_root, struct ps_chain *out, struct ps_error *err);
/* The link of the snapshot to come. Any number of times for one seq, as long as nobody may have sealed it. The caller
 * owns the pipe: ps_chain_link_close, when the snapshot is over or its process was forked. */
PS_MUST_CHECK bool ps_chain_link_make(const struct ps_chain *chain, const char *reason, uint64_t interval_s,
                                      struct ps_chain_link *out, struct ps_error *err);
/* NULL is fine, twice is fine. */
void ps_chain_link_close(struct ps_chain_link *link);
/* The snapshot was sealed with this root: its secret is overwritten. When it is not known whether one was sealed, the
 * chain must be ended and another one begun: two bundles of one seq are a fork. */
void ps_chain_sealed(struct ps_chain *chain, const uint8_t root[PS_SHA256_LEN]);
/* Wipes. Also for a chain that was never begun (all zero). */
void ps_chain_end(struct ps_chain *chain);

/* For the builder: takes the seed out of the pipe and makes the key of it. The caller owns *out. */
PS_MUST_CHECK bool ps_chain_link_key(const struct ps_chain_link *link, struct ps_signing_key **out,
                                     struct ps_error *err);

#endif
