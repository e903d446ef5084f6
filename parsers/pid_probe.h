/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_PROBE_H
#define PS_PID_PROBE_H

#include "parsers/parser.h"

struct ps_pid_probe {
    uint64_t present;
    const char *line; /* "probe" or "hidden": what the row tells; each has the fields of its own */
    uint64_t last, tried, born, budget_us, took_us;
    uint64_t pid, starttime; /* starttime in ticks; absent where stat could not be opened */
    struct ps_span by;
};

extern const struct ps_parser ps_parser_pid_probe;

#endif
