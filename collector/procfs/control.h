/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory in which conductor, readers and builder see how far the others are. Nothing here is evidence; what a
 * reader writes here is believed by the conductor only for when to kill it and where its successor goes on.
 */
#ifndef PS_CONTROL_H
#define PS_CONTROL_H

#include "collector/collect.h"
#include "collector/procfs/ring.h"

enum { PS_LANES = PS_READERS, PS_SLOTS = PS_LANES + 16, PS_PID_LIMIT = 1 << 22 };

/* Lane = enum ps_reader: the quiet and the memory reader, each a succession of processes; and the prober, one process. */
enum ps_walk_phase {
    PS_WALK_GLOBAL,  /* position: index in the plan's global rows */
    PS_WALK_OPENING, /* position: the pid whose stat is being read; 0: none */
    PS_WALK_PROCESSES, /* position: roster index */
    PS_WALK_CONTENT, /* memory lane; position: ps_content_position */
    PS_WALK_WAIT,    /* for the memory lane to end */
    PS_WALK_CLOSING, /* position: as in the opening sweep */
    PS_WALK_OVER
};

enum ps_slot_state {
    PS_SLOT_FREE,
    PS_SLOT_ACTIVE,   /* a reader writes */
    PS_SLOT_ENDED,    /* it ended its work; the builder drains */
    PS_SLOT_RETIRED,  /* killed or lost in the middle; the builder drains, and closes what was open */
    PS_SLOT_DRAINED,  /* by the builder; free once the process is reaped too */
    PS_SLOT_ABANDONED /* it would not die: the ring is never used again */
};

struct ps_slot {
    _Atomic uint32_t state;
    _Atomic uint32_t timed_out;   /* RETIRED: by the read timeout, not by a fault or a stop */
    _Atomic uint32_t pausing;     /* waits for another role: no progress is no hang */
    _Atomic uint64_t progress;    /* moves with every system call */
    _Atomic uint32_t phase;       /* enum ps_walk_phase */
    _Atomic uint32_t position;    /* what is being read in that phase: where a successor goes on */
    _Atomic uint32_t row;         /* catalog index of the capture under way */
};

struct ps_lane {
    _Atomic uint32_t slot;  /* the ring that is written now */
    _Atomic uint32_t over;  /* no further slot will come */
};

struct ps_control {
    _Atomic uint32_t stop;            /* finish the capture in hand, then end */
    _Atomic uint32_t doorbell;        /* what the builder sleeps on */
    _Atomic uint32_t builder_sleeps;
    _Atomic uint32_t walked;          /* roster entries that the quiet lane has finished */
    _Atomic uint32_t quiet_over;      /* the quiet lane walks no further process */
    _Atomic uint32_t relists;         /* listings after the walk, of all readers of the quiet lane */
    _Atomic uint32_t probes;          /* of pids beside the listing: one a run, even when a reader hangs in it */
    _Atomic uint32_t memory_over;     /* the memory lane has ended */
    _Atomic uint32_t net_namespaces;  /* whose tables were read with a process, by all readers of the quiet lane */
    _Atomic uint32_t net_left_out;    /* the limit of that was reached */
    _Atomic uint32_t readers_started, readers_replaced, readers_abandoned;
    _Atomic uint32_t lane_lost;       /* a lane ended before its time, and nobody could go on with it */
    _Atomic uint32_t broken;          /* slot + 1 whose ring made no sense: the conductor kills its reader */
    _Atomic uint32_t reader_sandbox;  /* enum ps_sandbox_state + 1, of the first reader; 0: not known yet */
    struct ps_lane lanes[PS_LANES];
    struct ps_slot slots[PS_SLOTS];
    uint8_t swept[2][PS_PID_LIMIT / 8]; /* a bit for each pid that the closing [0], the opening sweep [1] came to */
    uint8_t threads[PS_PID_LIMIT / 8];  /* a bit for each thread that a process lists: answers, and is no hidden pid */
    char early[64];                   /* why `stop` or `lane_lost` was raised, whichever came first; written before it */
    /* The builder's last words. */
    struct ps_verdict verdict;
    struct ps_error error;
    _Atomic uint32_t exit_status;     /* enum ps_collect_status + 1; 0: the builder has not said */
};

/* NULL with *err. Shared with every later fork. */
struct ps_control *ps_control_make(struct ps_error *err);
/* Wakes the builder. */
void ps_control_ring_bell(struct ps_control *control);

#endif
