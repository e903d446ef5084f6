/* SPDX-License-Identifier: Apache-2.0
 *
 * Failures of our own work (disk full, key unreadable, out of memory), never of the evidence. Fixed size, so that a
 * failure can be told when memory is out. Functions that can fail take it last, leave it alone on success, and return
 * false; the text says what failed, on what, why, and what to do next. Only main prints it.
 */
#ifndef PS_ERROR_H
#define PS_ERROR_H

#include "parsers/cursor.h"

struct ps_error {
    int sys_errno; /* 0 when no system call was at fault */
    char text[512];
};

/* Fills *err and returns false. With sys_errno, ": <strerror>" is added. */
bool ps_fail(struct ps_error *err, int sys_errno, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "<doing>: " before the text and returns false. */
bool ps_fail_in(struct ps_error *err, const char *doing);

#endif
