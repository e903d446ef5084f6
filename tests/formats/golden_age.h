/* SPDX-License-Identifier: Apache-2.0
 *
 * The identity of the bytes 00 01 .. 1f, and "hello\n" as age 1.1.1 encrypted it to its recipient.
 */
#ifndef PS_GOLDEN_AGE_H
#define PS_GOLDEN_AGE_H

#include "formats/age_read.h"
#include "formats/age_write.h"

#include <stdlib.h>

#define GOLDEN_IDENTITY  "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG"
#define GOLDEN_RECIPIENT "age13aqvttdk3ujkyjh9kg2w5an6dmy5mq5a84a4uxk3hfhnugfc9p0sy5p2wh"
#define GOLDEN_AGE_TEXT  "hello\n"
/* Its last byte is that of the string, which has no NUL of its own. */
#define GOLDEN_AGE_FILE \
    "age-encryption.org/v1\n" \
    "-> X25519 VJe/L+X6CDII5tktuow3WBDzh8KW/BU/SJvxciyOhCw\n" \
    "PVhPKcUK4a1DE9SrDj6p+Quhg5udXEsSmQIH9XqXkvk\n" \
    "--- 8F+6KnF7hCzHzMUlpRwyGOdMk7mmcli32n+6CAJj6ps\n" \
    "\262\071\067\002\366\127\371\374\060\302\365\164\327\370\304\056\320\167\103" \
    "\135\236\167\227\017\156\160\332\014\266\336\362\312\117\332\333\211\177\140"

/* Freed by the caller. */
static inline struct ps_age_identities *golden_identities(void)
{
    struct ps_error err;
    struct ps_age_identities *ids = ps_age_identities_new(&err);
    if (ids == NULL || !ps_age_identities_read(ids, ps_span_text(GOLDEN_IDENTITY), &err))
        abort();
    return ids;
}

#endif
