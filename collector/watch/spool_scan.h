/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies in the directory of a spool.
 */
#ifndef PS_SPOOL_SCAN_H
#define PS_SPOOL_SCAN_H

#include "collector/watch/spool.h"

/* Adds the whole, signed bundles; counts the rest; takes away what stands beside bundles that have gone. */
PS_MUST_CHECK bool ps_spool_scan(struct ps_spool *s, uint64_t now_us, struct ps_error *err);

#endif
