/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_SNMP6_H
#define PS_NET_SNMP6_H

#include "parsers/parser.h"

/* A counter of IPv6 since the network namespace was made. */
struct ps_net_snmp6 {
    uint64_t present;
    struct ps_span counter; /* "Ip6InReceives" */
    uint64_t value;
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_net_snmp6;

#endif
