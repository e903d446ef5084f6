/* SPDX-License-Identifier: Apache-2.0
 *
 * The custody log beside a bundle (docs/BUNDLE.md section 14): who held it, what was done, since when; each line is
 * signed, each line bound to the one before. Line 1 is bound to the acquisition, which is the one line of custody.ndjson in the
 * bundle. The signature is that of the line without the signature:
 *
 *   {"time":"..","who":"..","action":"..","bundle":"<id>","bundle_sha256":"<hex>","prev_line_sha256":"<hex>",
 *    "pk":"RW..","minisig":"<four lines>"}
 */
#ifndef PS_CUSTODY_H
#define PS_CUSTODY_H

#include "formats/digest.h"
#include "formats/signing_key.h"
#include "formats/verify.h"

enum { PS_CUSTODY_LOG_MAX = 64 << 20, PS_CUSTODY_TEXT_MAX = 2000 };

struct ps_custody_line {
    uint64_t number; /* from 1 */
    int64_t time;    /* seconds since the epoch */
    const char *who, *action; /* UTF-8, at most PS_CUSTODY_TEXT_MAX bytes */
    const char *bundle;       /* id */
    const char *file;         /* base name of the log, for the trusted comment */
    const uint8_t *sha256;    /* of the bundle file */
    const uint8_t *prev;      /* SHA-256 of the line before with its LF */
};

/* Appends the line. False with *err: a text that cannot stand there, no memory. */
PS_MUST_CHECK bool ps_custody_sign(const struct ps_custody_line *line, const struct ps_signing_key *key,
                                   struct ps_buffer *out, struct ps_error *err);

/* One line of a log as it was found. Texts are borrowed for the call; NULL where the line is none. */
struct ps_custody_seen {
    uint64_t number;
    enum ps_verify_verdict weight; /* PS_VERIFY_OK: nothing is wrong with it, or `what` is a note */
    const char *what;              /* static text, a clause, or NULL */
    const char *time, *who, *action;
    const struct ps_public_key *key;
    bool pinned;
};

struct ps_custody_wants {
    const char *bundle;         /* id */
    const uint8_t *sha256;      /* of the bundle file */
    const uint8_t *acquisition; /* SHA-256 of custody.ndjson in it; NULL: the bundle is not whole */
    const struct ps_public_key *keys;
    size_t key_count;
    void (*line)(void *context, const struct ps_custody_seen *line); /* or NULL */
    void *context;
};

struct ps_custody_result {
    enum ps_verify_verdict worst; /* PS_VERIFY_OK when nothing is wrong, whoever signed */
    uint64_t lines;
    bool all_pinned;
    uint8_t last[PS_SHA256_LEN]; /* what the next line must name; meaningless without lines */
};

/* False: no memory. */
PS_MUST_CHECK bool ps_custody_verify(struct ps_span log, const struct ps_custody_wants *wants,
                                     struct ps_custody_result *out);

#endif
