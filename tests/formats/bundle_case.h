/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of bundles share: the sample, its file, and the question what verify says.
 */
#ifndef PS_BUNDLE_CASE_H
#define PS_BUNDLE_CASE_H

#include "formats/verify.h"
#include "tests/formats/sample_bundle.h"

extern struct sample s;
extern struct ps_buffer file, minisig; /* of the honest sample */

void bundle_setup(void);
void bundle_teardown(void);

/* One report at a time: ps_verify_report_done. */
struct ps_verify_report *verify_as(struct ps_span bytes, const struct ps_verify_wants *wants);
enum ps_verify_verdict verdict_of(struct ps_span bytes, const struct ps_verify_wants *wants);
/* The key of the sample, and derive the records again. */
struct ps_verify_wants pinned(void);
/* The changed sample must get this verdict, and a finding must say `why`. */
void expect(enum ps_verify_verdict verdict, const char *why);

#endif
