/* SPDX-License-Identifier: Apache-2.0
 *
 * Pids beside the listing: every number that could be a process is asked for by name and by pidfd, so that one which only
 * the listing hides is found.
 */
#ifndef PS_PROBE_H
#define PS_PROBE_H

#include "collector/procfs/reader.h"

/* Found hidden at most, and how many of the numbers that answered are looked at again. */
enum { PS_PROBE_FOUND_MAX = 64 };

struct ps_probe_found {
    uint32_t pid;
    uint64_t start;  /* 0: its stat cannot be opened, pidfd_open alone knows it */
    bool pidfd;      /* pidfd_open answered */
};

struct ps_probe {
    uint32_t last, tried; /* numbers from 1 to `last` were meant; `tried` were asked for */
    uint64_t budget_us, took_us;
    bool pidfd_usable;
    struct ps_probe_found found[PS_PROBE_FOUND_MAX];
    size_t count;         /* hidden: no listing of three has it, and each time it answered as the same life */
    uint32_t born;        /* listed in the meantime: newly born, now on the roster */
};

/* Asks within the time that the profile allows, and sends what came of it as facts/pid_probe (parsers/pid_probe.c has
 * the form). Processes that the listing shows by now are added to the roster, and the hidden ones with a start time too.
 * Of a copied tree nothing can be asked: the capture is `absent`. */
void ps_probe_pids(struct ps_reader_state *r);

#endif
