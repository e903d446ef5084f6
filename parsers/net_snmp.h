/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_SNMP_H
#define PS_NET_SNMP_H

#include "parsers/parser.h"

/* Two lines of net/snmp or net/netstat: the counters of a protocol since the network namespace was made. */
struct ps_net_snmp {
    uint64_t present;
    struct ps_span protocol; /* "Ip", "TcpExt" */
    struct ps_span counters; /* "InReceives", ... */
    struct ps_span values;   /* of each counter, in the same order; Tcp MaxConn can be -1 */
};

extern const struct ps_parser ps_parser_net_snmp;
extern const struct ps_parser ps_parser_net_netstat;

#endif
