/* SPDX-License-Identifier: Apache-2.0
 *
 * One delivery in a process of its own, without evidence but the finished bundle: what answers over there may be hostile.
 * It can reach the network, starts nothing, and writes nothing but what is open; it can still open files for reading, as
 * far as our rights go (the resolver, the roots and the token need that), so whoever takes it over can read what we could.
 * It ends with its parent.
 */
#ifndef PS_COURIER_H
#define PS_COURIER_H

#include "collector/delivery/delivery.h"

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
