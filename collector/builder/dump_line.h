/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory of one process, in a capture line: what the reader says of it becomes the head of a core file, whose
 * length is known then, and the bytes are streamed into the bundle behind it. Never more than one frame of them is held.
 */
#ifndef PS_DUMP_LINE_H
#define PS_DUMP_LINE_H

#include "collector/procfs/dump_frame.h"
#include "collector/procfs/dumps.h"
#include "formats/journal.h"

struct ps_line_builder;

struct ps_dump_line {
    bool open;
    uint32_t part; /* enum ps_dump_part of the last frame */
    uint32_t row;
    uint64_t begin_us;
    uint64_t size; /* of the member */
    struct ps_dump_facts facts;
    struct ps_buffer texts[PS_DUMP_RUN_LIST + 1]; /* by enum ps_dump_part: maps, auxv, stat, cmdline, runs */
    /* over all lines */
    struct ps_dump_limits limits;
    uint32_t page_size;
    uint64_t used_bytes, cores;
};

/* All return false when the sender is broken: frames that do not follow each other, or say what cannot be. */

/* A frame of that part; the first one begins the capture, in a content line. */
PS_MUST_CHECK bool ps_dump_part(struct ps_line_builder *l, uint32_t row, uint32_t part, struct ps_span bytes,
                                uint64_t us);
/* *end gives outcome, error and ids. */
PS_MUST_CHECK bool ps_dump_end(struct ps_line_builder *l, const struct ps_capture *end, const struct ps_dump_tail *tail,
                               uint64_t us);
/* The sender is gone: what is open ends as it stands, the rest of a core is zeros. */
void ps_dump_close(struct ps_line_builder *l, enum ps_outcome as, uint64_t us);

#endif
