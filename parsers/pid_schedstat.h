/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_SCHEDSTAT_H
#define PS_PID_SCHEDSTAT_H

#include "parsers/parser.h"

/* Of the main thread alone. */
struct ps_pid_schedstat {
    uint64_t present;
    uint64_t run_ns;     /* on a CPU */
    uint64_t wait_ns;    /* ready to run, no CPU free */
    uint64_t timeslices; /* turns on a CPU */
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_pid_schedstat;

#endif
