/* SPDX-License-Identifier: Apache-2.0
 *
 * Why something was not read, in words, and what would change it.
 */
#ifndef PS_GAP_REASON_H
#define PS_GAP_REASON_H

#include "analysis/snapshot.h"

struct ps_gap_reason {
    const char *title, *because, *change;
    bool right;  /* the right to trace was missing: said once, before everything else */
    bool limits; /* limits of the run were reached: their names say which */
};

/* Static; never NULL. Equal rows have the same one. */
const struct ps_gap_reason *ps_gap_reason(const struct ps_snapshot *s, const struct ps_gap_row *row);

#endif
