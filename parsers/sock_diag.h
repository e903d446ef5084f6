/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_SOCK_DIAG_H
#define PS_SOCK_DIAG_H

#include "parsers/parser.h"

/* An IPv4 or IPv6 socket. */
struct ps_diag_inet {
    uint64_t present;
    const char *state;   /* absent when state_code is no known one */
    uint64_t state_code; /* present only then */
    uint8_t local_address[16], remote_address[16]; /* network order; IPv4 uses the first four bytes */
    uint64_t local_port, remote_port;
    uint64_t interface;                   /* index; 0: none */
    uint64_t timer, retrans, expires_ms;
    uint64_t rqueue, wqueue, uid;
    uint64_t inode; /* 0: no owner; the lower 32 bits of what /proc prints */
};

struct ps_diag_unix {
    uint64_t present;
    const char *type, *state;       /* "STREAM", "LISTEN" */
    uint64_t type_code, state_code; /* present when there is no name for it */
    uint64_t inode, peer;           /* peer: inode of the other end */
    struct ps_span name;            /* begins with NUL: abstract; a path is given without the NUL at its end */
    uint64_t file_inode, file_dev;  /* of the socket in the file system */
    uint64_t rqueue, wqueue, uid;   /* uid of who made it */
};

extern const struct ps_parser ps_parser_sock_diag_tcp;
extern const struct ps_parser ps_parser_sock_diag_tcp6;
extern const struct ps_parser ps_parser_sock_diag_udp;
extern const struct ps_parser ps_parser_sock_diag_udp6;
extern const struct ps_parser ps_parser_sock_diag_unix;

#endif
