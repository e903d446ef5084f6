/* SPDX-License-Identifier: Apache-2.0
 *
 * `verify` of a directory that holds bundles: each as if it were alone, then the chains that they form, then what a log
 * says of them.
 */
#ifndef PS_VERIFY_SERIES_H
#define PS_VERIFY_SERIES_H

#include "collector/commands/verify_request.h"
#include "formats/chain_walk.h"
#include "formats/head_log.h"

/* True for a directory that is no extracted bundle. */
bool ps_verify_is_series(const char *name);
/* The exit status of `verify`. Frees the identities. */
int ps_verify_series(const struct ps_verify_request *request);

/* What the whole directory says; see verify_series_text.c. */
struct ps_series_verdict {
    enum ps_verify_verdict verdict;
    const struct ps_series_report *report;
    const struct ps_head_log *log;        /* or NULL */
    uint64_t bundles, files_beside, foreign; /* files_beside: signatures, receipts, custody logs */
};
void ps_series_text(const struct ps_series_verdict *v, const char *name, struct ps_buffer *out);
void ps_series_json(const struct ps_series_verdict *v, const char *name, struct ps_buffer *out);

#endif
