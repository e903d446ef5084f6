/* SPDX-License-Identifier: Apache-2.0
 *
 * What a watch knows while it runs: for the files of this folder alone.
 */
#ifndef PS_WATCH_STATE_H
#define PS_WATCH_STATE_H

#include "collector/chain.h"
#include "collector/delivery/courier.h"
#include "collector/watch/lookout.h"
#include "collector/watch/rate.h"
#include "collector/watch/schedule.h"
#include "collector/watch/snapshot.h"
#include "collector/watch/spool.h"
#include "collector/watch/switchboard.h"
#include "collector/watch/watch.h"

/* A snapshot that somebody or something asked for. */
struct ps_wish {
    bool open;
    const char *reason; /* static: "start", "schedule", "trigger", "final" */
    char asked[160];    /* who asked; "" nobody did */
    uint64_t ticket;    /* callers that wait for it have the same */
};

struct ps_watch_state {
    const struct ps_watch_options *w;
    const struct ps_options *o;
    struct ps_events events;
    int signals; /* signalfd */
    struct ps_schedule schedule;
    struct ps_rate rates[2]; /* of triggers: of root, of everybody else */
    struct ps_switchboard board;
    bool board_told; /* that its name is taken */
    struct ps_lookout lookout;
    struct ps_wish wish, taken; /* the next snapshot; the one that is under way or was the last */
    uint64_t tickets, chains;  /* how many there were */
    struct ps_snapshot snapshot;
    struct ps_options running; /* the options of the snapshot under way */
    struct ps_chain chain;     /* begun with its first snapshot */
    struct ps_chain_link link; /* what the snapshot under way has of it */
    bool follows;              /* an earlier chain is known of */
    bool has_root;             /* a snapshot of this watch was sealed, or of the one before it as its spool says */
    uint8_t root[PS_SHA256_LEN]; /* of the last one: what a new chain claims to follow */
    uint64_t last_took_us, last_bytes; /* of the snapshot before */
    /* of a remote DEST */
    struct ps_spool spool;
    struct ps_courier *courier;          /* NULL: nothing is being delivered */
    struct ps_spooled *carried;          /* what it has; with its texts and options, which it borrows */
    struct ps_delivery_options delivery;
    struct ps_parcel parcel;
    char minisig[PS_SPOOL_TEXT], head_line[PS_SPOOL_TEXT];
    char task_arn[256];                  /* as the last snapshot was told; "" not known */
    uint64_t courier_late_us;            /* when it is killed */
    uint32_t failures;                   /* of deliveries, in a row */
    uint64_t next_try_us;
    char spool_dest[PS_SPOOL_PATH];      /* the directory of the spool as a DEST */
    int spool_keep;                      /* the descriptor that this DEST needs, or -1 */
    bool spool_moved;                    /* and that it was told */
    uint64_t parts_before;               /* bytes of unfinished bundles in the spool when the snapshot began */
    uint64_t kept_bytes;                 /* of what nobody delivers, and takes its room all the same; then, too */
    struct ps_spooled *final_item;       /* the last bundle, while it waits */
    int final_status;                    /* when it is delivered */
    bool final_taken;                    /* or given up */
    uint64_t now_us; /* of this turn */
    bool stopping, over;
    uint64_t stop_by_us; /* with `stopping` */
    int exit_status;
};

/* watch_asks.c: what was asked since the last turn becomes a wish. */
void ps_watch_hear(struct ps_watch_state *s);
/* The answer for everybody who waits for that ticket. */
void ps_watch_answer_waiting(struct ps_watch_state *s, uint64_t ticket, const char *line);

/* watch_takes.c: the snapshot under way, and the next. */
void ps_watch_take(struct ps_watch_state *s);

/* watch_delivers.c: the delivery under way, and the next. */
void ps_watch_deliver(struct ps_watch_state *s);
/* Who waits for a delivery while deliveries fail is told so. */
void ps_watch_answer_undelivered(struct ps_watch_state *s);
/* Is there room for a bundle like the last one? The policy may drop the oldest for it. */
bool ps_watch_make_room(struct ps_watch_state *s);
/* Bytes that the spool takes for the bundle under way; no limit with a local DEST. */
uint64_t ps_watch_room(const struct ps_watch_state *s);

#endif
