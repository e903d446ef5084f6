/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_ENVIRON_H
#define PS_PID_ENVIRON_H

#include "parsers/parser.h"

struct ps_pid_environ {
    uint64_t present;
    struct ps_span entry;  /* without its NUL; need not hold a '=', may be empty */
    uint64_t unterminated; /* 1, and present, only when no NUL ends it */
};

extern const struct ps_parser ps_parser_pid_environ;

#endif
