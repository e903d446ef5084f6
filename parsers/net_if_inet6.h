/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_IF_INET6_H
#define PS_NET_IF_INET6_H

#include "parsers/parser.h"

/* An IPv6 address of this network namespace. */
struct ps_net_if_inet6 {
    uint64_t present;
    uint8_t address[16];
    uint64_t ifindex, prefix_length;
    uint64_t scope; /* 0x0 global, 0x10 host, 0x20 link, 0x40 site */
    uint64_t flags; /* 0x80 permanent, 0x40 tentative, 0x20 deprecated, 0x8 duplicate, 0x1 temporary */
    struct ps_span device;
};

extern const struct ps_parser ps_parser_net_if_inet6;

#endif
