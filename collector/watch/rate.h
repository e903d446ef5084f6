/* SPDX-License-Identifier: Apache-2.0
 *
 * How often something that others ask for may happen: at most `most` times in any `window_us`. Times are
 * CLOCK_BOOTTIME in microseconds, given by the caller.
 */
#ifndef PS_RATE_H
#define PS_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum { PS_RATE_MOST = 100 };

struct ps_rate {
    uint32_t most; /* at most PS_RATE_MOST; 0: never */
    uint64_t window_us;
    uint64_t times[PS_RATE_MOST]; /* of the last ones, around in a ring */
    uint64_t taken;               /* in all */
    uint64_t refused;             /* in all */
};

/* True, and counted, when it may happen now; else the refusal is counted. */
bool ps_rate_take(struct ps_rate *r, uint64_t now_us);

#endif
