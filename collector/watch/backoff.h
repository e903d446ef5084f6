/* SPDX-License-Identifier: Apache-2.0
 *
 * How long to wait after failures in a row: a random part of a time that doubles, from 5 seconds to 15 minutes (full
 * jitter).
 */
#ifndef PS_BACKOFF_H
#define PS_BACKOFF_H

#include <stdint.h>

enum { PS_BACKOFF_FIRST_MS = 5000, PS_BACKOFF_MOST_MS = 15 * 60 * 1000, PS_BACKOFF_LEAST_MS = 500 };

/* `failures` is at least 1; `random` is any number. */
static inline uint32_t ps_backoff_ms(uint32_t failures, uint32_t random)
{
    uint64_t room = PS_BACKOFF_MOST_MS;
    if (failures < 12 && (uint64_t) PS_BACKOFF_FIRST_MS << (failures - 1) < room)
        room = (uint64_t) PS_BACKOFF_FIRST_MS << (failures - 1);
    return PS_BACKOFF_LEAST_MS + (uint32_t) (random % room);
}

#endif
