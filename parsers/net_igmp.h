/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_IGMP_H
#define PS_NET_IGMP_H

#include "parsers/parser.h"

/* An interface, or a group that was joined on the interface of the row before it. */
struct ps_net_igmp {
    uint64_t present;
    uint64_t ifindex;
    struct ps_span device;
    uint64_t count;         /* groups that follow */
    struct ps_span querier; /* "V3": the version that is spoken there */
    uint8_t group[16];      /* the first four bytes, network order */
    uint64_t users, timer_running, timer;
    uint64_t reporter;
};

extern const struct ps_parser ps_parser_net_igmp;

#endif
