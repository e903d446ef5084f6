/* SPDX-License-Identifier: Apache-2.0
 *
 * A receipt: what somebody wrote down when a bundle had arrived (docs/BUNDLE.md section 13). push and collect write one
 * after a delivery, the delivery script of a responder's machine writes one and signs it. One JSON object, or several, a
 * line for each; fields that are not known are passed over.
 */
#ifndef PS_RECEIPT_H
#define PS_RECEIPT_H

#include "formats/head_line.h"
#include "formats/verify.h"

enum { PS_RECEIPTS_MAX = 16 << 20 }; /* of a file */

struct ps_receipt_seen {
    char bundle[PS_BUNDLE_ID_LEN + 1];
    uint8_t root[PS_SHA256_LEN], sha256[PS_SHA256_LEN]; /* sha256: of the bundle file */
    struct ps_public_key pk;
    bool has_names; /* bundle, root and pk: who delivered a file without knowing what is in it says none of them */
    bool has_seq, has_size, has_head;
    const char *flaw; /* of the file that holds several, as the contradiction that it is; else NULL */
    uint64_t seq, size;
    struct ps_head head;    /* the head line that was seen */
    char claims[300];       /* where, when, what the other side answered: for people. Raw text, and nobody's proof */
    size_t claims_len;
};

/* NULL, or what is wrong with it: static text, a clause; ps_no_memory when that is the reason. */
const char *ps_receipt_read(struct ps_span text, struct ps_receipt_seen *out);
/* The one of this bundle, of one or several: by its id, or by `sha256` (of the file; NULL: there is none) where it names no
 * bundle. Of none, or of several that contradict each other: with `flaw`. */
const char *ps_receipt_find(struct ps_span text, const char *bundle, const uint8_t *sha256, struct ps_receipt_seen *out);
/* What the receipt says against what was verified: NULL, or the first contradiction. `sha256` and `size` of the bundle
 * file, or NULL and 0 where there is no file (an extracted directory). */
const char *ps_receipt_contradiction(const struct ps_receipt_seen *receipt, const struct ps_verify_report *report,
                                     const uint8_t *sha256, uint64_t size);

#endif
