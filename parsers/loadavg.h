/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_LOADAVG_H
#define PS_LOADAVG_H

#include "parsers/parser.h"

struct ps_loadavg {
    uint64_t present;
    struct ps_span load1, load5, load15; /* as printed, "0.42": no float */
    uint64_t runnable, entities;         /* scheduling entities running now, and in all */
    uint64_t last_pid;                   /* the pid given last in the reader's pid namespace */
};

extern const struct ps_parser ps_parser_loadavg;

#endif
