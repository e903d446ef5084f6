/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle as commands name it: a file with its signature beside it, an extracted directory, or standard input.
 */
#ifndef PS_BUNDLE_INPUT_H
#define PS_BUNDLE_INPUT_H

#include "formats/bundle_dir.h"
#include "formats/verify.h"

struct ps_bundle_input {
    const char *name; /* borrowed: what the command line said */
    const struct ps_age_identities *identities; /* borrowed: what opens it where it is encrypted, or NULL */
    int fd;
    bool directory;
    int minisig_fd; /* of <name>.minisig, from open to load; -1: there is none */
    bool has_minisig;
    struct ps_buffer minisig;                 /* the text of <name>.minisig */
    struct ps_bundle_dir *members_dir;        /* of the last ps_bundle_input_members */
    struct ps_tarball_reader *members_reader; /* likewise */
};

/* False with *err when the command line named no bundle. */
PS_MUST_CHECK bool ps_bundle_input_named(const char *name, struct ps_error *err);
/* Opens the bundle and the signature beside it for `use`, prints what fails, closes, and frees the identities. The exit
 * status: that of `use`, or that of a wrong command line when there is nothing of that name, or it cannot be opened. */
int ps_bundle_input_run(const char *name, struct ps_age_identities *identities,
                        int (*use)(struct ps_bundle_input *in, const void *request, struct ps_error *err),
                        const void *request);
/* --identity, of all commands that read bundles. */
#define PS_IDENTITY_FLAG                                                                                               \
    {                                                                                                                  \
        "identity", "FILE",                                                                                            \
            "opens a bundle that is encrypted: the identity file of one of its\n"                                      \
            "recipients (procsnap keygen --age, age-keygen); may be repeated",                                         \
            0                                                                                                          \
    }
/* Reads the signature beside it. `again`: the bundle will be read twice, so that a pipe is copied into memory. False
 * with *err: reading failed, or memory ran out. */
PS_MUST_CHECK bool ps_bundle_input_load(struct ps_bundle_input *in, bool again, struct ps_error *err);
/* Nothing of the bundle has been parsed so far. From here on this process can read it, print, and make new files below
 * the directory `out`, which is borrowed, or -1 for none; nothing else. A kernel that knows no sandbox is no reason not
 * to look at evidence. */
void ps_bundle_input_enclose(const struct ps_bundle_input *in, int out);
/* `wants` without its minisig, which comes from here. */
PS_MUST_CHECK bool ps_bundle_input_verify(struct ps_bundle_input *in, const struct ps_verify_wants *wants,
                                          struct ps_verify_report *report, struct ps_error *err);
/* Its members, from the beginning, as often as it was loaded `again`. *out lives until the next call, or until `use`
 * returns. */
PS_MUST_CHECK bool ps_bundle_input_members(struct ps_bundle_input *in, struct ps_member_source *out,
                                           struct ps_error *err);

/* Of the file itself, as it lies there; for one that was loaded `again` and is no directory. */
PS_MUST_CHECK bool ps_bundle_input_hash(struct ps_bundle_input *in, uint8_t sha256[PS_SHA256_LEN], uint64_t *size,
                                        struct ps_error *err);
/* One of many, below a directory that is open: a file or an extracted directory; no link is followed, nothing hangs.
 * Loaded already. The caller's in any case: ps_bundle_input_done. `name` is borrowed. */
PS_MUST_CHECK bool ps_bundle_input_at(int dir, const char *name, const struct ps_age_identities *identities,
                                      struct ps_bundle_input *out, struct ps_error *err);
void ps_bundle_input_done(struct ps_bundle_input *in);

#endif
