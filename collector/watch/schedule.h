/* SPDX-License-Identifier: Apache-2.0
 *
 * When the next scheduled snapshot is due. Ticks lie on a grid from the start of the watch; each is put off by its own
 * random part of the jitter, so that a fleet that was started at once does not ask at once. A tick that cannot be taken
 * is skipped, never made up for. All times are CLOCK_BOOTTIME in microseconds, given by the caller.
 */
#ifndef PS_SCHEDULE_H
#define PS_SCHEDULE_H

#include <stdint.h>

struct ps_schedule {
    uint64_t begun_us, every_us, jitter_us; /* jitter_us is less than every_us */
    uint64_t tick;                          /* number of the next one; 0 was the start */
    uint64_t due_us;
};

/* Tick 0 is now; the first one that becomes due is tick 1. `random` is any number. */
void ps_schedule_begin(struct ps_schedule *s, uint64_t now_us, uint64_t every_us, uint64_t jitter_us, uint64_t random);
/* How many ticks have become due since the last call: 0, 1, or more when nobody asked for a while. Goes on to the next.
 */
uint64_t ps_schedule_take(struct ps_schedule *s, uint64_t now_us, uint64_t random);

#endif
