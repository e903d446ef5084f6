/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_PTYPE_H
#define PS_NET_PTYPE_H

#include "parsers/parser.h"

/* A function of the kernel that gets frames. */
struct ps_net_ptype {
    uint64_t present;
    struct ps_span type;     /* "ALL", or the protocol in hex: "0800" */
    struct ps_span device;   /* absent: frames of all interfaces */
    struct ps_span function; /* "packet_rcv", "tpacket_rcv": a packet socket; "name [module]" */
};

extern const struct ps_parser ps_parser_net_ptype;

#endif
