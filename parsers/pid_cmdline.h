/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_CMDLINE_H
#define PS_PID_CMDLINE_H

#include "parsers/parser.h"

struct ps_pid_cmdline {
    uint64_t present;
    struct ps_span args;   /* the whole file: arguments, each ended by NUL */
    uint64_t unterminated; /* 1, and present, only when the last byte is not NUL */
};

extern const struct ps_parser ps_parser_pid_cmdline;

#endif
