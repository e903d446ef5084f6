/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of everything a run takes at most, so that the application beside us is never the one that pays for it: the
 * usual amounts, or less where the container has little memory to spare.
 */
#ifndef PS_CAPS_H
#define PS_CAPS_H

#include "collector/host/limits.h"
#include "collector/options.h"

/* Bytes, unless said otherwise. Fixed before the first fork; in meta.json. */
struct ps_caps {
    bool lowered;               /* there was too little to spare for the usual amounts */
    uint64_t capture_bytes;     /* of one file of a process */
    uint64_t table_bytes;       /* of one table of a network namespace; of one answer of the kernel about sockets */
    uint64_t socket_text_bytes; /* of tables, and as much again of answers, kept until the owners are known */
    uint32_t socket_rows;       /* descriptors that may be named as owners; rows */
    uint64_t recover_bytes;     /* of the content of files, stored */
    uint64_t dump_process_bytes, dump_bytes; /* of the memory of one process; of all */
    uint64_t floor_bytes;       /* the run seals early when less than that is left to the container; 0: not looked at */
};

void ps_caps_make(const struct ps_options *options, const struct ps_limits *limits, struct ps_caps *out);

#endif
