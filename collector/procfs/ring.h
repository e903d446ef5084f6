/* SPDX-License-Identifier: Apache-2.0
 *
 * The way from a reader to the builder: a ring of frames in shared memory, one writer, one reader of it. The memory is
 * mapped twice in a row, so that a frame never wraps. The writing side may be corrupted by what it read: the taking side
 * copies each header once and checks every bound.
 */
#ifndef PS_RING_H
#define PS_RING_H

#include <stdatomic.h>

#include "formats/error.h"

enum { PS_RING_SIZE = 512 << 10, PS_PIECE = 64 << 10 }; /* bytes of a ring; of evidence in one frame at most */

enum ps_frame_kind {
    PS_FRAME_SUBJECT = 1, /* a process was pinned and is the one in the roster: its line begins */
    PS_FRAME_BEGIN,       /* a capture begins */
    PS_FRAME_ITEM,        /* bytes of an entry (name empty: the row's own path) */
    PS_FRAME_MORE,        /* further bytes of the last entry of that row */
    PS_FRAME_LOST,        /* an entry of a directory that could not be read */
    PS_FRAME_END,         /* the capture ends; data: struct ps_file_facts, or nothing */
    PS_FRAME_DONE,        /* the line of the process ends */
    PS_FRAME_VIA,         /* as_uid: the thread that the process of the line is read through */
    PS_FRAME_PHASE,       /* row: enum ps_walk_phase, now over; count in `error` */
    PS_FRAME_CONTENT,     /* BEGIN of the content of a file; name: the entry; data: with PS_FLAG_FACTS struct
                             ps_file_facts, then the path; as_uid: 1 + index in the list of what is wanted, or 0 */
    PS_FRAME_DIGEST,      /* its bytes, to be hashed */
    PS_FRAME_KEEP,        /* they will come once more, to be kept; PS_FLAG_PART: they would, but for the limit */
    PS_FRAME_STORE,       /* once more */
    PS_FRAME_DUMP,        /* memory of a process; as_uid: enum ps_dump_part */
};

#define PS_NO_SUBJECT UINT32_MAX /* no enum: it does not fit an int */
enum {
    PS_FLAG_CONTINUES = 2,/* ITEM, MORE: a MORE follows */
    PS_FLAG_PART = 4,     /* ITEM: the name is a part of a long file, not an entry of a directory */
    PS_FLAG_SWITCHED = 8, /* END: read as as_uid:as_gid */
    PS_FLAG_COMM = 16,    /* DONE: the name changed */
    PS_FLAG_IMAGE = 32,   /* DONE: the program changed */
    PS_FLAG_FACTS = 64,   /* CONTENT: the data begin with facts */
    PS_FLAG_ATIME = 128,  /* END of content: reading may have changed the time of access */
};

struct ps_frame {
    uint32_t size; /* header, name and data, rounded up to 8 */
    uint8_t kind, flags, outcome, name_len;
    uint32_t subject; /* index in the roster */
    uint32_t row;     /* index in the catalog */
    uint32_t data_len;
    int32_t error;    /* errno; PHASE: a count */
    uint64_t us;      /* CLOCK_BOOTTIME */
    uint32_t as_uid, as_gid;
};

/* In shared memory, before the frames. */
struct ps_ring_shared {
    _Atomic uint64_t head;    /* bytes ever written */
    _Atomic uint64_t tail;    /* bytes ever taken */
    _Atomic uint32_t drained; /* moves with every take: what a waiting writer sleeps on */
    _Atomic uint32_t waiting; /* the writer waits for room: no progress is no hang */
};

struct ps_ring {
    struct ps_ring_shared *shared;
    uint8_t *frames; /* PS_RING_SIZE bytes, mapped twice */
    uint64_t at;     /* this side's own position: never believed from shared memory */
};

/* Memory for a ring that costs pages only when touched. */
PS_MUST_CHECK bool ps_ring_make(struct ps_ring *ring, struct ps_error *err);
void ps_ring_unmap(struct ps_ring *ring);
/* Gives the memory of a ring back that was drained, and whose writer is dead: it is never used again. */
void ps_ring_forget(struct ps_ring *ring);
/* Before a ring that was drained, and whose writer is dead, is given to another writer. */
void ps_ring_reset(struct ps_ring *ring);

/* Writer: waits until `data_room` bytes of data fit behind a frame with that name, and gives the place of the data. The
 * frame exists for the other side only after commit, which takes the length that was really written. */
uint8_t *ps_ring_reserve(struct ps_ring *ring, size_t name_len, size_t data_room);
void ps_ring_commit(struct ps_ring *ring, const struct ps_frame *frame, const char *name, size_t data_len);

/* Taker: copies the next frame's header; name and data point into the ring and may be changed by a corrupted writer at
 * any time, so they are copied before they are looked at. */
enum ps_take { PS_TAKE_NONE, PS_TAKE_FRAME, PS_TAKE_BROKEN };
enum ps_take ps_ring_peek(struct ps_ring *ring, struct ps_frame *out, const uint8_t **name, const uint8_t **data);
/* Gives the frame's bytes back to the writer. */
void ps_ring_drop(struct ps_ring *ring, const struct ps_frame *frame);
uint64_t ps_ring_pending(const struct ps_ring *ring);

/* Sleeps until *word is no longer `seen`, at most timeout_us microseconds; wakes all who sleep on it. */
void ps_futex_wait(_Atomic uint32_t *word, uint32_t seen, uint32_t timeout_us);
void ps_futex_wake(_Atomic uint32_t *word);

#endif
