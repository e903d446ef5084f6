/* SPDX-License-Identifier: Apache-2.0
 *
 * The verdict before anything that a bundle says: whoever reads further has seen it first.
 */
#ifndef PS_VERDICT_LINE_H
#define PS_VERDICT_LINE_H

#include "collector/commands/bundle_input.h"

/* Verifies without a pinned key and prints one line, or two. PS_EXIT_OK for what can be trusted as far as that goes,
 * the exit status of verify for what cannot, PS_EXIT_FAILED with *err when nothing could be found out. */
int ps_print_verdict(struct ps_bundle_input *in, int fd, struct ps_error *err);

#endif
