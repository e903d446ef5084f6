/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_IGMP6_H
#define PS_NET_IGMP6_H

#include "parsers/parser.h"

/* An IPv6 multicast group that was joined on an interface. */
struct ps_net_igmp6 {
    uint64_t present;
    uint64_t ifindex;
    struct ps_span device;
    uint8_t group[16];
    uint64_t users;
    uint64_t flags;      /* 0x1 its timer runs, 0x4 the driver knows it, 0x8 never reported */
    int64_t timer;       /* ticks until the next report */
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_net_igmp6;

#endif
