/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_UNIX_H
#define PS_NET_UNIX_H

#include "parsers/parser.h"

struct ps_net_unix {
    uint64_t present;
    struct ps_span num;                  /* zeros, a hash or an address: never a key */
    uint64_t ref_count, protocol, flags; /* flags 0x10000: listening */
    const char *type;                    /* "STREAM"; absent when type_code is no known one */
    uint64_t type_code;                  /* present only then */
    const char *state;                   /* "CONNECTED"; the same */
    uint64_t state_code;
    uint64_t inode;      /* absent in a table without that column */
    struct ps_span path; /* absent for a socket without a name; "@" at the start: an abstract name */
};

extern const struct ps_parser ps_parser_net_unix;

#endif
