/* SPDX-License-Identifier: Apache-2.0
 *
 * Room for texts that live as long as a loaded snapshot. Zero-initialised is empty and valid; a failed allocation is
 * remembered, and gives empty texts from then on.
 */
#ifndef PS_TEXT_POOL_H
#define PS_TEXT_POOL_H

#include "parsers/cursor.h"

struct ps_text_block;

struct ps_text_pool {
    struct ps_text_block *blocks; /* owned; the newest first */
    size_t used;                  /* of the newest */
    bool failed;
};

/* A copy of the bytes. */
struct ps_span ps_text_keep(struct ps_text_pool *pool, struct ps_span text);
/* Room of that length to be filled by the caller; NULL when memory is out. */
uint8_t *ps_text_room(struct ps_text_pool *pool, size_t len);
void ps_text_pool_done(struct ps_text_pool *pool);

#endif
