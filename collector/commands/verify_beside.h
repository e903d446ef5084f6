/* SPDX-License-Identifier: Apache-2.0
 *
 * What others wrote about a bundle, outside of it: a log with head lines, a receipt. Opened before the process encloses
 * itself, looked into afterwards: both may be hostile.
 */
#ifndef PS_VERIFY_BESIDE_H
#define PS_VERIFY_BESIDE_H

#include "collector/commands/bundle_input.h"
#include "collector/commands/verify_request.h"
#include "formats/head_log.h"

struct ps_verify_beside {
    int heads; /* descriptor, or -1 */
    bool has_receipt, has_minisig, has_sshsig;
    struct ps_buffer receipt, minisig, sshsig; /* texts of FILE, FILE.minisig, FILE.sig */
};

/* False with *err: a file that the command line names cannot be read. The caller's in any case:
 * ps_verify_beside_done. */
PS_MUST_CHECK bool ps_verify_beside_open(const struct ps_verify_request *request, struct ps_verify_beside *out,
                                         struct ps_error *err);
/* Adds what they say to the report of one bundle, and to its verdict. */
PS_MUST_CHECK bool ps_verify_beside_check(const struct ps_verify_beside *beside,
                                          const struct ps_verify_request *request, struct ps_bundle_input *in,
                                          struct ps_verify_report *report, struct ps_error *err);
void ps_verify_beside_done(struct ps_verify_beside *beside);

#endif
