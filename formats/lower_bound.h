/* SPDX-License-Identifier: Apache-2.0
 *
 * Where something stands, or would stand, in sorted rows.
 */
#ifndef PS_LOWER_BOUND_H
#define PS_LOWER_BOUND_H

#include <stddef.h>

/* The arguments of bsearch; the index of the first row that does not come before *wanted, `count` when all do. With the
 * later keys of *wanted at 0, the first of all rows that share the earlier ones. */
size_t ps_lower_bound(const void *wanted, const void *rows, size_t count, size_t size,
                      int (*order)(const void *, const void *));

#endif
