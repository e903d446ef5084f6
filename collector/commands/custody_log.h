/* SPDX-License-Identifier: Apache-2.0
 *
 * The custody log of one bundle: the file, what is found in it and in the bundle, and how that is told.
 */
#ifndef PS_CUSTODY_LOG_H
#define PS_CUSTODY_LOG_H

#include <sys/types.h>

#include "collector/commands/bundle_input.h"
#include "formats/custody.h"

/* The text of BUNDLE.custody.ndjson, empty when there is none; its mode, untouched when there is none. */
PS_MUST_CHECK bool ps_custody_log_read(const char *bundle, struct ps_buffer *out, mode_t *mode, struct ps_error *err);
/* Replaces it as a whole: at any moment it is the old text or the new one, on the disk too. */
PS_MUST_CHECK bool ps_custody_log_write(const char *bundle, const struct ps_buffer *log, mode_t mode,
                                        struct ps_error *err);

struct ps_custody_found {
    enum ps_verify_verdict bundle_verdict; /* pinned by one of the teller's keys: PS_VERIFY_OK */
    char bundle[PS_BUNDLE_ID_LEN + 1];
    uint8_t sha256[PS_SHA256_LEN], acquisition[PS_SHA256_LEN];
    bool has_acquisition;
    struct ps_custody_result result;
};

/* Who reads along, and which keys are pinned. */
struct ps_custody_teller {
    const struct ps_public_key *keys;
    size_t key_count;
    bool json;
    struct ps_buffer *out; /* the lines of the log, as text or as members of a JSON array */
};

/* Looks into the bundle and the log; for a process that is enclosed. The bundle was loaded `again`. `teller` may be
 * NULL. False with *err only when the work itself failed. */
PS_MUST_CHECK bool ps_custody_inspect(struct ps_bundle_input *in, const struct ps_buffer *log,
                                      struct ps_custody_teller *teller, struct ps_custody_found *out,
                                      struct ps_error *err);
/* Everything, and the verdict of bundle and log together. `lines` is what the teller was told. */
enum ps_verify_verdict ps_custody_tell(const struct ps_custody_found *found, const char *name, bool json,
                                       const struct ps_buffer *lines, struct ps_buffer *out);

#endif
