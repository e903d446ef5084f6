/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_STAT_H
#define PS_STAT_H

#include "parsers/parser.h"

struct ps_stat {
    uint64_t present;
    struct ps_span cpu; /* the lines "cpu ...", "cpu0 ...": ticks of 10 ms by mode */
    uint64_t intr;      /* interrupts since boot, all lines together */
    uint64_t ctxt;      /* context switches since boot */
    uint64_t btime;     /* wall time of boot, seconds since 1970: wall clock minus uptime, moves with the clock */
    uint64_t processes; /* forks since boot */
    uint64_t procs_running, procs_blocked;
    uint64_t softirq; /* soft interrupts since boot, all kinds together */
};

extern const struct ps_parser ps_parser_stat;

#endif
