/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes and spans of time in the words of people, by whole numbers alone: "340 B", "1.8 MB", "12 ms", "3.2 s", "2 h 5
 * min".
 */
#ifndef PS_QUANTITY_H
#define PS_QUANTITY_H

#include "formats/buffer.h"

/* Decimal units: 1 kB is 1000 bytes. */
void ps_quantity_bytes(struct ps_buffer *out, uint64_t bytes);
void ps_quantity_us(struct ps_buffer *out, uint64_t us);
/* "1 process", "143 processes": the plural is given because it is not always an s. */
void ps_quantity_count(struct ps_buffer *out, uint64_t count, const char *one, const char *many);

#endif
