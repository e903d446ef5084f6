/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_STATM_H
#define PS_PID_STATM_H

#include "parsers/parser.h"

struct ps_pid_statm {
    uint64_t present;
    uint64_t size, resident, shared, text, lib, data, dt; /* in pages */
};

extern const struct ps_parser ps_parser_pid_statm;

#endif
