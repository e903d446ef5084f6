/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_ID_MAP_H
#define PS_PID_ID_MAP_H

#include "parsers/parser.h"

/* A row of uid_map or gid_map. */
struct ps_pid_id_map {
    uint64_t present;
    uint64_t inside_id;  /* first id in the user namespace of the process */
    uint64_t outside_id; /* what it is in the user namespace of the reader; 4294967295: nothing there */
    uint64_t length;     /* so many ids in a row; 4294967295 at 0 0: the first user namespace of the machine */
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_pid_uid_map;
extern const struct ps_parser ps_parser_pid_gid_map;

#endif
