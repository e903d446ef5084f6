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
    int fd;
    bool directory;
    bool has_minisig;
    struct ps_buffer minisig;                 /* the text of <name>.minisig */
    struct ps_bundle_dir *members_dir;        /* of the last ps_bundle_input_members */
    struct ps_tarball_reader *members_reader; /* likewise */
};

/* `again`: the bundle will be read twice, so that a pipe is copied into memory first. False with *err: nothing there,
 * or not readable. ps_bundle_input_done in any case. */
PS_MUST_CHECK bool ps_bundle_input_open(const char *name, bool again, struct ps_bundle_input *out,
                                        struct ps_error *err);
/* `wants` without its minisig, which comes from here. */
PS_MUST_CHECK bool ps_bundle_input_verify(struct ps_bundle_input *in, const struct ps_verify_wants *wants,
                                          struct ps_verify_report *report, struct ps_error *err);
/* Back to the beginning, for the second reading. */
PS_MUST_CHECK bool ps_bundle_input_rewind(struct ps_bundle_input *in, struct ps_error *err);
/* Its members, from the beginning, as often as it was opened `again`. *out lives until the next call, or until
 * ps_bundle_input_done. */
PS_MUST_CHECK bool ps_bundle_input_members(struct ps_bundle_input *in, struct ps_member_source *out,
                                           struct ps_error *err);
void ps_bundle_input_done(struct ps_bundle_input *in);

#endif
