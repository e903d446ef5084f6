/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rows of the catalog this run reads: indices, in capture order.
 */
#ifndef PS_PLAN_H
#define PS_PLAN_H

#include "collector/options.h"

enum { PS_PLAN_MAX = 64, PS_NO_ROW = UINT16_MAX };

struct ps_rows {
    uint16_t rows[PS_PLAN_MAX];
    size_t count;
};

struct ps_plan {
    struct ps_rows global;   /* once, tables of our own network namespace first: they change fastest */
    struct ps_rows lane[2];  /* of each process, by enum ps_reader */
    struct ps_rows threads;  /* those of lane[PS_QUIET] that are read of each thread: all of one, then of the next */
    struct ps_rows facts[PS_READERS]; /* what is no file below /proc, by who brings it */
    uint16_t probe;          /* the row of the pids asked for beside the listing; only where facts[PS_QUIET] has one */
    struct ps_rows content;  /* of files; empty: the run reads none */
    bool dumps;              /* with `content`: of the memory of processes too */
    uint16_t stat;           /* the row of the sweeps */
    struct {
        uint16_t exe, fd, map, root, files, mem; /* the rows of content */
    } of;
    uint16_t maps, cmdline;  /* rows whose text is noted for the content phase; none: no row is PS_NO_ROW */
};

void ps_plan_make(const struct ps_options *options, struct ps_plan *out);

#endif
