/* SPDX-License-Identifier: Apache-2.0
 *
 * The hashes of a file that is to be sent, from one pass over it: of all of it, and of its parts when it is too long
 * for one request.
 */
#ifndef PS_BODY_DIGEST_H
#define PS_BODY_DIGEST_H

#include <time.h>

#include "formats/digest.h"
#include "formats/error.h"

enum { PS_MD5_LEN = 16, PS_PARTS_MAX = 10000 };
#define PS_PART_LEAST (UINT64_C(5) << 20)
#define PS_PART_MOST  (UINT64_C(5) << 30)

/* MD5 because S3 wants it beside a lock (Content-MD5); nothing is trusted for it. */
struct ps_body_hash {
    uint8_t md5[PS_MD5_LEN], sha256[PS_SHA256_LEN];
};

struct ps_body_digest {
    uint64_t size;
    struct timespec changed; /* mtime, by which a change is seen afterwards */
    struct ps_body_hash whole;
    uint64_t part_size; /* 0: it goes in one */
    size_t part_count;
    struct ps_body_hash *parts; /* owned */
};

void ps_body_hash_of(struct ps_span bytes, struct ps_body_hash *out);
/* Reads the file by pread, as long as fstat says that it is; it goes in parts when it is longer than `parts_above`.
 * False with *err. The caller calls ps_body_digest_done. */
PS_MUST_CHECK bool ps_body_digest(int fd, uint64_t parts_above, struct ps_body_digest *out, struct ps_error *err);
/* Is the file another one since? */
bool ps_body_changed(int fd, const struct ps_body_digest *digest);
/* The length of part `index`, from 0. */
uint64_t ps_body_part_len(const struct ps_body_digest *digest, size_t index);
void ps_body_digest_done(struct ps_body_digest *digest);

#endif
