/* SPDX-License-Identifier: Apache-2.0
 *
 * The file around a tar.gz: hashed as it comes, and decrypted where its first bytes say that it is an age file.
 */
#ifndef PS_OUTER_INPUT_H
#define PS_OUTER_INPUT_H

#include "formats/age_crypt.h"
#include "formats/age_read.h"

/* Private to tarball_read.c, gzip_read.c and outer_input.c. Set input, context and identities, zero the rest. */
struct ps_outer_input {
    ps_input *input;
    void *context;
    const struct ps_age_identities *ids; /* or NULL */
    struct ps_age_reader *age;           /* NULL: not encrypted, or nothing was read yet */
    struct ps_blake2b512 digest;         /* of the file */
    uint64_t bytes_in;
    bool begun, ended;
    uint8_t first[sizeof PS_AGE_MAGIC - 1]; /* read to know what the file is */
    size_t first_at, first_len;             /* of it [first_at, first_len) is not taken yet */
};

/* NEXT with up to `room` bytes in *got, at least one; END. */
enum ps_source_step ps_outer_read(struct ps_outer_input *o, void *out, size_t room, size_t *got, struct ps_flaw *flaw,
                                  struct ps_error *err);
/* Reads what is left of the file into `scratch`, for the digest. */
PS_MUST_CHECK bool ps_outer_drain(struct ps_outer_input *o, void *scratch, size_t room, struct ps_error *err);
void ps_outer_done(struct ps_outer_input *o);

#endif
