/* SPDX-License-Identifier: Apache-2.0
 *
 * The key that a bundle is signed with, from --sign-key or --sign-key-fd. A key that somebody else can read or change
 * signs nothing: whoever has it can make the same evidence.
 */
#ifndef PS_KEY_FILE_H
#define PS_KEY_FILE_H

#include "collector/options.h"
#include "formats/signing_key.h"

/* Reads the key that the options name, or makes one for this run (*ephemeral) when they name none. Opens, fstats and
 * reads, nothing else. *out is the caller's: ps_signing_key_free. */
PS_MUST_CHECK bool ps_key_file_open(const struct ps_options *o, struct ps_signing_key **out, bool *ephemeral,
                                    struct ps_error *err);

#endif
