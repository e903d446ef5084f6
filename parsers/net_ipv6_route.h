/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_IPV6_ROUTE_H
#define PS_NET_IPV6_ROUTE_H

#include "parsers/parser.h"

struct ps_net_ipv6_route {
    uint64_t present;
    uint8_t destination[16];
    uint64_t destination_prefix; /* bits, as source_prefix */
    uint8_t source[16];          /* for routes that depend on it, else :: with 0 bits */
    uint64_t source_prefix;
    uint8_t next_hop[16]; /* ::: on the link itself */
    uint64_t metric, ref_count, use;
    uint64_t flags;        /* 0x1 up, 0x2 through a gateway, 0x4 to a host, 0x200 reject, 0x80000000 own address */
    struct ps_span device; /* absent: none */
};

extern const struct ps_parser ps_parser_net_ipv6_route;

#endif
