/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_WCHAN_H
#define PS_PID_WCHAN_H

#include "parsers/parser.h"

struct ps_pid_wchan {
    uint64_t present;
    struct ps_span wchan; /* the kernel function that it sleeps in; "0": running, or no right to know */
};

extern const struct ps_parser ps_parser_pid_wchan;

#endif
