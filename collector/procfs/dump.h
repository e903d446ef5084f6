/* SPDX-License-Identifier: Apache-2.0
 *
 * One process while its memory is dumped: dump.c goes from process to process, dump_areas.c says what is mapped,
 * dump_pages.c which of it is there, and reads that. Fixed room: the reader has no allocator, and pages cost when they
 * are touched.
 */
#ifndef PS_DUMP_H
#define PS_DUMP_H

#include "collector/procfs/content.h"
#include "collector/procfs/dump_frame.h"
#include "collector/procfs/dumps.h"
#include "formats/elf_core.h"

/* What is lost first when not everything fits: by rank, and in each in the order of addresses. */
enum { PS_RANK_CODE, PS_RANK_OWN, PS_RANK_FILE, PS_RANKS };

/* One row of maps. */
struct ps_dump_area {
    uint64_t start, end;
    uint64_t looked_at; /* pages beyond that are not asked for */
    uint8_t own, file;  /* rank of its anonymous pages; of those of a file */
    uint8_t readable, backed; /* by a file */
};

enum { PS_DUMP_ENTRIES = 8192 }; /* of the page map, at once */

struct ps_dump {
    struct ps_pinned p;
    int mem, pagemap;   /* pagemap -1: refused */
    bool switched;      /* whoever opened them */
    uint64_t page;
    uint32_t limits;    /* PS_DUMPS_* reached */
    size_t maps_len, area_count, run_count;
    uint64_t mapped_bytes;
    uint64_t vdso, vdso_end; /* never counts as absent: debuggers want it whole, and to read it costs nobody */
    uint64_t present[PS_RANKS], left[PS_RANKS]; /* pages that are there; that may still be taken */
    uint64_t gap, spare; /* pages: between runs that are joined; that may be spent on it */
    bool maps_cut;       /* maps may have more, and its last row may be half a row */
    bool full;           /* no room for another run */
    size_t others;       /* runs that may begin with a page of another rank than code */
    uint64_t absent, unreadable;
    int error;           /* why the page map does not answer any more */
    uint8_t maps[PS_DUMP_MAPS];
    struct ps_dump_area areas[PS_DUMP_AREAS];
    struct ps_core_run runs[PS_DUMP_RUNS];
    uint64_t entries[PS_DUMP_ENTRIES];
};

/* d->maps into d->areas. What does not fit is taken out of both. */
void ps_dump_areas(struct ps_dump *d);
/* The pages that are there, as many as `bytes` allow, into d->runs. False: the process ended, or the run is stopped. */
PS_MUST_CHECK bool ps_dump_runs(struct ps_dump *d, uint64_t bytes);
/* Sends the bytes of the runs. *error: why it ended before their end. */
enum ps_outcome ps_dump_send(struct ps_dump *d, int *error);

#endif
