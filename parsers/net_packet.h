/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_PACKET_H
#define PS_NET_PACKET_H

#include "parsers/parser.h"

struct ps_net_packet {
    uint64_t present;
    struct ps_span sk; /* zeros, a hash or an address: never a key */
    uint64_t ref_count;
    const char *type;   /* "RAW", "DGRAM", "PACKET"; absent when type_code is no known one */
    uint64_t type_code; /* present only then */
    uint64_t protocol;  /* of the frames that it wants, 0x3: of all */
    int64_t iface;      /* number of the interface; 0: all */
    uint64_t running;   /* 1: it gets frames now */
    uint64_t rmem;      /* bytes that wait to be read */
    uint64_t uid, inode;
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_net_packet;

#endif
