/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose memory is dumped, how much of it, and how far that has come: for the memory reader, its successor and the
 * builder. Shared memory that costs pages only as it fills; nobody believes it without checking.
 */
#ifndef PS_DUMPS_H
#define PS_DUMPS_H

#include <stdatomic.h>

#include "collector/host/caps.h"
#include "collector/options.h"
#include "collector/procfs/roster.h"
#include "formats/dump_facts.h"

/* Runs of pages of one core file; rows of maps; text of maps. Together they fit PS_CORE_SEGMENTS_MAX. */
enum { PS_DUMP_RUNS = 32768, PS_DUMP_AREAS = 32000, PS_DUMP_MAPS = 16 << 20, PS_DUMP_TEXT = 128 << 10 };

/* Fixed before the fork; in meta.json. */
struct ps_dump_limits {
    uint64_t process_bytes, bytes; /* of the memory of one process, of all */
    uint64_t scan_pages;           /* looked at in the page map of one process */
};

/* Bits of `reached`, named in closing.json. */
enum {
    PS_DUMPS_PROCESS_BYTES = 1,
    PS_DUMPS_BYTES = 2,
    PS_DUMPS_AREAS = 4,
    PS_DUMPS_RUNS = 8,
    PS_DUMPS_SCAN = 16,
};

/* Beside the bits of why (dump_facts.h), of one life. */
enum {
    PS_DUMP_JUDGED = 1 << 12,
    PS_DUMP_UNDECIDED = 1 << 13, /* neither executable nor maps could be read, or reading them hung */
    PS_DUMP_OURS = 1 << 14,
    PS_DUMP_TAKEN = 1 << 15,     /* its dump was begun */
};

struct ps_dumps {
    struct ps_dump_limits limits;
    _Atomic uint32_t reached;
    uint64_t used_bytes;                  /* memory reader */
    _Atomic uint16_t lives[PS_ROSTER_MAX]; /* by roster index */
};

/* NULL with *err. Shared with every later fork. */
struct ps_dumps *ps_dumps_make(const struct ps_options *options, const struct ps_caps *caps, struct ps_error *err);

/* Why that life is to be dumped; 0: it is not. */
uint32_t ps_dumps_chosen(const struct ps_dumps *d, const struct ps_options *options,
                         const struct ps_roster_entry *entry, uint32_t subject);
/* How many of the processes that --memory names are not in the roster; which ones, into *pids (PS_PIDS_MAX of them)
 * unless that is NULL. */
size_t ps_dumps_not_seen(const struct ps_options *options, const struct ps_roster *roster, uint32_t *pids);
void ps_dumps_note(struct ps_dumps *d, uint32_t subject, uint16_t bits);
void ps_dumps_reached(struct ps_dumps *d, uint32_t limit);

/* dump.c, in the memory reader: judges every process, then dumps those that are chosen, suspects first. The stages come
 * after those of the content of files; goes on at that position. */
struct ps_reader_state;
void ps_dumps_walk(struct ps_reader_state *r, uint32_t from);

#endif
