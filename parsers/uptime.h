/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_UPTIME_H
#define PS_UPTIME_H

#include "parsers/parser.h"

struct ps_uptime {
    uint64_t present;
    uint64_t uptime_cs; /* hundredths of a second since boot, time in suspend included */
    uint64_t idle_cs;   /* hundredths of a second that all CPUs together were idle */
};

extern const struct ps_parser ps_parser_uptime;

#endif
