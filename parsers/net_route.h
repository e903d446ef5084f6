/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_ROUTE_H
#define PS_NET_ROUTE_H

#include "parsers/parser.h"

struct ps_net_route {
    uint64_t present;
    struct ps_span iface;                 /* "*": none, as for a route that rejects */
    uint8_t destination[16], gateway[16]; /* the first four bytes, network order */
    uint64_t flags;                       /* 0x1 up, 0x2 through a gateway, 0x4 to a host, 0x200 reject */
    int64_t ref_count;
    uint64_t use;
    int64_t metric; /* larger than 2^31: printed as a negative number */
    uint8_t mask[16];
    int64_t mtu;
    uint64_t window, irtt;
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_net_route;

#endif
