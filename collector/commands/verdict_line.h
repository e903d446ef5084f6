/* SPDX-License-Identifier: Apache-2.0
 *
 * The verdict before anything that a bundle says: whoever reads further has seen it first.
 */
#ifndef PS_VERDICT_LINE_H
#define PS_VERDICT_LINE_H

#include "collector/commands/bundle_input.h"

/* Verifies without a pinned key and prints one line, or two. False with *err when nothing could be found out.
 * ps_verify_report_done(report) in any case. */
PS_MUST_CHECK bool ps_print_verdict(struct ps_bundle_input *in, int fd, struct ps_verify_report *report,
                                    struct ps_error *err);
/* PS_EXIT_OK for what can be trusted as far as that goes, the exit status of verify for what cannot. */
int ps_verdict_exit(enum ps_verify_verdict verdict);
/* False with *err where nobody could look into the bundle, and nothing further can be done with it. */
PS_MUST_CHECK bool ps_verdict_is_open(const struct ps_verify_report *report, struct ps_error *err);

#endif
