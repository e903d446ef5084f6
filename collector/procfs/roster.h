/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is there: one entry for every life that was seen, in the order in which it was seen. The quiet reader appends, the
 * memory reader and the builder follow. Shared memory that costs pages only as it fills.
 */
#ifndef PS_ROSTER_H
#define PS_ROSTER_H

#include <stdatomic.h>

#include "formats/error.h"

enum { PS_ROSTER_MAX = 1 << 20, PS_ROSTER_COMM = 16 };

struct ps_roster_entry {
    uint32_t pid, ppid;
    uint8_t state, comm_len; /* as the first look found them */
    uint8_t chosen;          /* 0: only swept (--pid named others) */
    uint64_t start;          /* ticks since boot */
    uint64_t startcode;
    uint64_t mnt;            /* mount namespace, from its link; 0: not known (yet) */
    uint8_t plain_root;      /* its root link says "/" */
    uint8_t kernel;          /* a kernel thread: it has no files */
    uint8_t hung;            /* a read of its memory did not come back: its maps are not tried again */
    uint8_t comm[PS_ROSTER_COMM];
};

struct ps_roster {
    _Atomic uint32_t count;
    _Atomic uint32_t full; /* PS_ROSTER_MAX was reached: some lives have no entry */
    struct ps_roster_entry entries[PS_ROSTER_MAX];
};

/* NULL with *err. Shared with every later fork. */
struct ps_roster *ps_roster_make(struct ps_error *err);

#endif
