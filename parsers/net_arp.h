/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_ARP_H
#define PS_NET_ARP_H

#include "parsers/parser.h"

struct ps_net_arp {
    uint64_t present;
    struct ps_span ip_address; /* "192.0.2.1" */
    uint64_t hw_type;          /* 0x1: Ethernet */
    uint64_t flags;            /* 0x2 known, 0x4 set by hand, 0x8 answered for others; 0: nobody answered */
    struct ps_span hw_address; /* absent on a link without addresses */
    struct ps_span mask;       /* "*" */
    struct ps_span device;     /* "*": any */
};

extern const struct ps_parser ps_parser_net_arp;

#endif
