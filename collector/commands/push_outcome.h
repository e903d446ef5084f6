/* SPDX-License-Identifier: Apache-2.0
 *
 * What became of one file that was pushed, told to people, to programs, and to the file of receipts.
 */
#ifndef PS_PUSH_OUTCOME_H
#define PS_PUSH_OUTCOME_H

#include "collector/delivery/delivery.h"

enum { PS_EXIT_NOT_DELIVERED = 4 };

struct ps_push_outcome {
    const char *path, *dest;
    int status; /* the exit status that it is worth */
    enum ps_delivered end;
    struct ps_buffer receipt; /* a line, or empty */
    struct ps_span unsent;    /* the text of a signature that was not sent, or empty */
    struct ps_error err;      /* without text: there is nothing to say */
};

void ps_push_outcome_print(const struct ps_push_outcome *o, bool json);
/* The receipt into the file `name` that is open as `receipts` (below 0: none is wanted), and onto the disk; where that
 * fails it is printed, and false returned. What is there probably gets none: whoever counts lines counts bundles. */
PS_MUST_CHECK bool ps_push_outcome_keep(const struct ps_push_outcome *o, const char *name, int receipts);

#endif
