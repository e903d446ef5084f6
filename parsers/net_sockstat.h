/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_SOCKSTAT_H
#define PS_NET_SOCKSTAT_H

#include "parsers/parser.h"

/* A line of net/sockstat or sockstat6: how many sockets of a protocol there are. */
struct ps_net_sockstat {
    uint64_t present;
    struct ps_span protocol;   /* "sockets" (all together), "TCP", "UDP6", "FRAG" */
    int64_t used, inuse;       /* inuse: in this network namespace */
    int64_t orphan, tw, alloc; /* without an owner, TIME_WAIT, allocated: orphan, alloc and mem of the whole machine */
    int64_t mem;               /* pages */
    int64_t memory;            /* bytes, of fragments that wait for the rest */
};

extern const struct ps_parser ps_parser_net_sockstat;
extern const struct ps_parser ps_parser_net_sockstat6;

#endif
