/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_COMM_H
#define PS_PID_COMM_H

#include "parsers/parser.h"

struct ps_pid_comm {
    uint64_t present;
    struct ps_span comm; /* any byte but NUL, newlines too; may be empty */
};

extern const struct ps_parser ps_parser_pid_comm;

#endif
