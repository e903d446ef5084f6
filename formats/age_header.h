/* SPDX-License-Identifier: Apache-2.0
 *
 * The header of an age file (C2SP age.md), strictly: one spelling, every byte of it accounted for.
 */
#ifndef PS_AGE_HEADER_H
#define PS_AGE_HEADER_H

#include "formats/age_crypt.h"

/* A longer header, or one with more stanzas, is refused: there is no end to what could be tried. */
enum { PS_AGE_HEADER_MAX = 64 << 10, PS_AGE_STANZAS_MAX = 256 };

struct ps_age_x25519 {
    uint8_t share[PS_AGE_KEY_LEN], body[PS_AGE_BODY];
};

struct ps_age_header {
    size_t stanzas; /* of all kinds */
    size_t x25519;  /* of them, and what they hold */
    struct ps_age_x25519 list[PS_AGE_STANZAS_MAX];
    bool passphrase;   /* the one stanza is for a passphrase */
    size_t signed_len; /* up to "---" */
    uint8_t mac[PS_AGE_MAC];
    size_t len; /* the payload's nonce follows */
};

/* What is said of most that is wrong with one. */
extern const char ps_age_header_malformed[];
/* NULL when `text` begins with a header, else what is wrong with it; *cut: it is only that it ends too early. */
const char *ps_age_header_read(struct ps_span text, struct ps_age_header *out, bool *cut);

#endif
