/* SPDX-License-Identifier: Apache-2.0
 *
 * One delivery, in a process of its own: credentials, TLS and the answers of the network stay in it, and what it leaks or
 * loses ends with it.
 */
#ifndef PS_COURIER_H
#define PS_COURIER_H

#include <sys/types.h>

#include "collector/delivery/delivery.h"
#include "collector/watch/spool.h"

/* ps_delivery_run, or what stands in its place. */
typedef enum ps_delivered ps_deliver(const struct ps_delivery_options *options, const char *dest,
                                     const struct ps_parcel *parcel, void (*tell)(void *context, const char *line),
                                     void *context, struct ps_buffer *receipt, struct ps_error *err);

enum { PS_RECEIPT_ROOM = 3072 };

/* Shared with the courier, which writes it. */
struct ps_courier_told {
    _Atomic uint32_t over;
    enum ps_delivered end;
    char receipt[PS_RECEIPT_ROOM]; /* one line of JSON, without newline; "" none, or too long */
    struct ps_error error;
};

struct ps_courier {
    struct ps_courier_told *told; /* for all deliveries, one after the other; owned */
    pid_t pid;                    /* 0: none */
    struct ps_spooled *item;      /* that is under way */
    uint64_t late_us;             /* when it is killed */
    bool ended, killed;
};

enum ps_courier_state { PS_COURIER_NONE, PS_COURIER_RUNNING, PS_COURIER_OVER, PS_COURIER_LOST };

PS_MUST_CHECK bool ps_courier_prepare(struct ps_courier *c, struct ps_error *err);
PS_MUST_CHECK bool ps_courier_start(struct ps_courier *c, ps_deliver *deliver, const struct ps_delivery_options *options,
                                    const char *dest, const struct ps_spool *spool, struct ps_spooled *item,
                                    struct ps_error *err);
/* True when that child is the courier: it has ended. */
bool ps_courier_reaped(struct ps_courier *c, pid_t pid);
/* How it stands; kills one that is late. OVER (*told says what became of it) and LOST are told once. */
enum ps_courier_state ps_courier_look(struct ps_courier *c, uint64_t now_us);
void ps_courier_kill(struct ps_courier *c);

#endif
