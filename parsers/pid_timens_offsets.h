/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_TIMENS_OFFSETS_H
#define PS_PID_TIMENS_OFFSETS_H

#include "parsers/parser.h"

/* What the time namespace that its children get adds to a clock of the machine. */
struct ps_pid_timens_offsets {
    uint64_t present;
    struct ps_span clock; /* "monotonic", "boottime" */
    int64_t seconds;
    uint64_t nanoseconds; /* always added, also to negative seconds */
    struct ps_span more;  /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_pid_timens_offsets;

#endif
