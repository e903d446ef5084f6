/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_SHOW_LEFT_OUT_H
#define PS_SHOW_LEFT_OUT_H

#include "analysis/snapshot.h"

/* Where text stands behind a label in the view of gaps. */
enum { PS_GAP_INDENT = 12 };
/* "  label     text", broken between words (show_gaps.c). */
void ps_show_gap_text(struct ps_buffer *out, const char *label, const char *text, size_t columns);

/* What was never planned, and so left no gap. */
void ps_show_left_out(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);

#endif
