/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_MAPS_H
#define PS_PID_MAPS_H

#include "parsers/parser.h"

struct ps_pid_maps {
    uint64_t present;
    uint64_t start, end;  /* addresses; end is the first one behind */
    struct ps_span perms; /* "r-xp": read, write, execute, shared or private */
    uint64_t offset;
    uint64_t major, minor, inode;
    struct ps_span pathname; /* as printed; absent where the mapping has none */
};

extern const struct ps_parser ps_parser_pid_maps;

#endif
