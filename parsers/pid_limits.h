/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_LIMITS_H
#define PS_PID_LIMITS_H

#include "parsers/parser.h"

struct ps_pid_limits {
    uint64_t present;
    struct ps_span limit;      /* "Max open files" */
    struct ps_span soft, hard; /* digits or "unlimited" */
    struct ps_span units;      /* absent where the kernel names none */
};

extern const struct ps_parser ps_parser_pid_limits;

#endif
