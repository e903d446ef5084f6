/* SPDX-License-Identifier: Apache-2.0
 *
 * One delivery in a process of its own, without evidence but the finished bundle: what answers over there may be hostile.
 * Whoever takes it over can reach the network, with what is open, and no more: see ps_courier_enclose. It ends with its
 * parent.
 */
#ifndef PS_COURIER_H
#define PS_COURIER_H

#include "collector/delivery/delivery.h"
#include "collector/sandbox/filter.h"

/* 0, or why the kernel or the container refused that part; the others hold all the same. */
struct ps_enclosure {
    int rights_errno, files_errno;
    struct ps_sandbox calls;
};

/* What holds a courier, from here on and for this process: nothing is started, written or made but what is open; the
 * files of the resolver, `ca_file` (NULL: none) and that of a token (the environment names it) can be opened, nothing
 * else, and without Landlock, which says so (files_errno), all that our rights let us read but the memory of others. */
struct ps_enclosure ps_courier_enclose(const char *ca_file);
/* ps_delivery_check in this process, held like a courier; a line says what holds it. */
bool ps_courier_check(const struct ps_delivery_options *options, const char *dest,
                      void (*tell)(void *context, const char *line), void *context, struct ps_error *err);

struct ps_courier;

/* Starts one. What it is given is borrowed until ps_courier_end. NULL with *err: no process or no memory. */
struct ps_courier *ps_courier_start(const struct ps_delivery_options *options, const char *dest,
                                    const struct ps_parcel *parcel, struct ps_error *err);
/* Lines of plain words about tries that did not do it can be read here (without blocking; the end is the courier's end).
 * Closed by ps_courier_end. */
int ps_courier_words(const struct ps_courier *courier);
/* True when it is over. Never waits. */
bool ps_courier_over(struct ps_courier *courier);
/* Asks it to give up: it is over soon, and its answer is PS_NOT_DELIVERED unless it was done. */
void ps_courier_stop(struct ps_courier *courier);
/* For one that does not stop. */
void ps_courier_kill(struct ps_courier *courier);
/* Waits for its end, frees it, and gives what ps_delivery_run gave. One that was killed has not delivered: what it may
 * have done nobody knows, and the next try finds out. */
enum ps_delivered ps_courier_end(struct ps_courier *courier, struct ps_buffer *receipt, struct ps_error *err);

#endif
