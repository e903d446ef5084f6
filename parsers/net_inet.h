/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_INET_H
#define PS_NET_INET_H

#include "parsers/parser.h"

/* A row of net/tcp, udp, udplite, raw, icmp and their siblings for IPv6. */
struct ps_net_inet {
    uint64_t present;
    int64_t sl;                                    /* row number; for udp the hash bucket */
    uint8_t local_address[16], remote_address[16]; /* network order; IPv4 uses the first four bytes */
    uint64_t local_port, remote_port;              /* of raw, the first is the field `protocol`; of icmp, `ident` */
    const char *state;                             /* absent when state_code is no known one */
    uint64_t state_code;                           /* present only then */
    uint64_t tx_queue, rx_queue;
    uint64_t timer_active, tm_when; /* tm_when in ticks of 10 ms */
    uint64_t retrnsmt, uid;
    int64_t timeout;
    uint64_t inode; /* 0: no owner (TIME_WAIT, SYN_RECV, orphaned, not yet accepted) */
    int64_t ref_count;
    struct ps_span pointer; /* zeros, a hash or an address: never a key */
    /* Only tcp; not for TIME_WAIT and SYN_RECV. rto in ticks of 10 ms; ack is quick acks * 2 + pingpong. */
    uint64_t rto, ato, ack, snd_cwnd;
    int64_t snd_ssthresh;
    uint64_t drops;      /* all but tcp */
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_net_tcp;
extern const struct ps_parser ps_parser_net_tcp6;
extern const struct ps_parser ps_parser_net_udp;
extern const struct ps_parser ps_parser_net_udp6;
extern const struct ps_parser ps_parser_net_udplite;
extern const struct ps_parser ps_parser_net_udplite6;
extern const struct ps_parser ps_parser_net_raw;
extern const struct ps_parser ps_parser_net_raw6;
extern const struct ps_parser ps_parser_net_icmp;
extern const struct ps_parser ps_parser_net_icmp6;

#endif
