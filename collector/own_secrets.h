/* SPDX-License-Identifier: Apache-2.0
 *
 * The credentials that procsnap itself uses: keys and tokens in its environment, what is secret in a presigned URL. They
 * stand in /proc like everything else, and whoever reads the evidence must not become able to write more of it. So the
 * builder overwrites them with asterisks wherever they are about to be stored (docs/BUNDLE.md section 3).
 */
#ifndef PS_OWN_SECRETS_H
#define PS_OWN_SECRETS_H

#include "formats/buffer.h"

/* A secret is looked for in pieces of that length, so that a part of a long one is found as well; what is shorter than the
 * least would be found everywhere. */
enum { PS_OWN_SECRET_PIECE = 64, PS_OWN_SECRET_LEAST = 16, PS_OWN_SECRET_PIECES = 256, PS_OWN_SECRET_PAIRS = 4096 };

/* Zero-initialised: there are none. */
struct ps_own_secrets {
    struct ps_span pieces[PS_OWN_SECRET_PIECES]; /* borrowed */
    size_t count;
    /* How far into the first PS_OWN_SECRET_LEAST bytes of a piece two bytes of that hash stand, counted from 1; 0: in
     * none. A search looks at one pair in about ten bytes (Wu and Manber, A fast algorithm for multi-pattern
     * searching, 1994): memory dumps are long, and a session token has twenty pieces. */
    uint8_t pairs[PS_OWN_SECRET_PAIRS];
};

/* One more; `text` is borrowed for as long as *secrets is used. Shorter than PS_OWN_SECRET_LEAST: ignored. False when it
 * has more pieces than there is room for. */
PS_MUST_CHECK bool ps_own_secrets_add(struct ps_own_secrets *secrets, struct ps_span text);
/* NULL, or nothing in it: nothing has to be looked for. */
bool ps_own_secrets_none(const struct ps_own_secrets *secrets);
/* Overwrites every occurrence; how many bytes that were. NULL: there are none. */
size_t ps_own_secrets_mask(const struct ps_own_secrets *secrets, uint8_t *data, size_t len);
/* Does any stand in there? */
bool ps_own_secrets_in(const struct ps_own_secrets *secrets, struct ps_span bytes);

#endif
