/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory of one process on its way through the ring: frames PS_FRAME_DUMP, whose as_uid says which part of it they
 * carry, in this order; then PS_FRAME_END with the tail.
 */
#ifndef PS_DUMP_FRAME_H
#define PS_DUMP_FRAME_H

#include <stdint.h>

enum ps_dump_part {
    PS_DUMP_BEGIN,   /* data: why, 32 bits */
    PS_DUMP_MAPS_TEXT, /* this and the next three: text, in pieces */
    PS_DUMP_AUXV_TEXT,
    PS_DUMP_STAT_TEXT,
    PS_DUMP_CMDLINE_TEXT,
    PS_DUMP_RUN_LIST,/* struct ps_core_run[], in pieces */
    PS_DUMP_OPEN,    /* struct ps_dump_open: everything is known that the head of the core needs */
    PS_DUMP_BYTES,   /* of the runs, without gaps */
    PS_DUMP_PARTS
};

struct ps_dump_open {
    uint64_t mapped_bytes, present_bytes;
    uint32_t uid, gid;
    uint32_t no_pagemap;
    uint32_t unused; /* no gap */
};

struct ps_dump_tail {
    uint64_t absent_pages, unreadable_pages;
};

#endif
