/* SPDX-License-Identifier: Apache-2.0
 *
 * What the command line of `verify` asks for. All texts are borrowed from argv.
 */
#ifndef PS_VERIFY_REQUEST_H
#define PS_VERIFY_REQUEST_H

#include "formats/verify.h"

enum { PS_VERIFY_KEYS_MAX = 64 };

struct ps_verify_request {
    const char *bundle;
    struct ps_public_key keys[PS_VERIFY_KEYS_MAX]; /* more than one: for a series */
    size_t key_count;
    uint8_t root[PS_SHA256_LEN];
    uint64_t seq;
    bool has_root, has_seq, rederive, json;
    struct ps_age_identities *identities; /* owned by whoever runs the command, or NULL */
    const char *heads, *receipt; /* files, or NULL; procsnap alone has them */
    struct ps_public_key receipt_key;
    bool has_receipt_key;
};

/* A key of that option from the command line: 56 characters, or a file that `read` understands. `what` names the option
 * in errors. */
PS_MUST_CHECK bool ps_verify_key(const char *what, const char *value, struct ps_public_key *out, struct ps_error *err);

#endif
