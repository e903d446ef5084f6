/* SPDX-License-Identifier: Apache-2.0
 *
 * Microseconds since the epoch as RFC 3339 text in UTC, by arithmetic alone: no locale, no time zone file.
 */
#ifndef PS_TIMESTAMP_H
#define PS_TIMESTAMP_H

#include <stdint.h>

enum { PS_TIMESTAMP_SIZE = 40 };

/* "2026-11-22T00:15:00.000123Z". Years beyond 9999 are written with as many digits as they have. */
void ps_timestamp(int64_t epoch_us, char out[PS_TIMESTAMP_SIZE]);
/* "20261122t001500z": the time in a bundle id. */
void ps_timestamp_compact(int64_t epoch_us, char out[PS_TIMESTAMP_SIZE]);
/* "2026-11-22" */
void ps_timestamp_date(int64_t epoch_us, char out[PS_TIMESTAMP_SIZE]);

#endif
