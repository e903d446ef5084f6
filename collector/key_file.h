/* SPDX-License-Identifier: Apache-2.0
 *
 * Files with secrets: the key that a bundle is signed with, from --sign-key or --sign-key-fd, and the identities that
 * open an encrypted one, from --identity. A key that somebody else can read or change signs nothing: whoever has it can
 * make the same evidence; and an identity that others can read keeps nothing secret.
 */
#ifndef PS_KEY_FILE_H
#define PS_KEY_FILE_H

#include "collector/options.h"
#include "formats/signing_key.h"

/* Reads the key that the options name, or makes one for this run (*ephemeral) when they name none. Opens, fstats and
 * reads, nothing else. *out is the caller's: ps_signing_key_free. */
PS_MUST_CHECK bool ps_key_file_open(const struct ps_options *o, struct ps_signing_key **out, bool *ephemeral,
                                    struct ps_error *err);
/* Adds the identities of the file to *ids, which are made when there are none. The caller's, also after a failure:
 * ps_age_identities_free. */
PS_MUST_CHECK bool ps_identity_file_read(const char *path, struct ps_age_identities **ids, struct ps_error *err);

#endif
