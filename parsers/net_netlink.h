/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_NETLINK_H
#define PS_NET_NETLINK_H

#include "parsers/parser.h"

struct ps_net_netlink {
    uint64_t present;
    struct ps_span sk;  /* zeros, a hash or an address: never a key */
    uint64_t protocol;  /* 0 route, 4 sock_diag, 9 audit, 12 netfilter, 15 kobject_uevent, 16 generic, ... */
    uint64_t port_id;   /* often the pid of the owner, but anybody's choice; 0: the kernel's end */
    uint64_t groups;    /* multicast groups, the first 32 of them */
    int64_t rmem, wmem; /* bytes that wait */
    uint64_t dump;      /* 1: a dump is under way */
    uint64_t ref_count, drops, inode;
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_net_netlink;

#endif
