/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/text_pool.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROOM = 64 << 10 };

struct ps_text_block {
    struct ps_text_block *next;
    size_t room;
    uint8_t data[];
};

static struct ps_text_block *new_block(struct ps_text_pool *pool, size_t len)
{
    size_t room = len > BLOCK_ROOM ? len : BLOCK_ROOM;
    struct ps_text_block *block = malloc(sizeof *block + room);

    if (block == NULL) {
        pool->failed = true;
        return NULL;
    }
    block->room = room;
    block->next = pool->blocks;
    pool->blocks = block;
    pool->used = 0;
    return block;
}

uint8_t *ps_text_room(struct ps_text_pool *pool, size_t len)
{
    struct ps_text_block *block = pool->blocks;

    if (block == NULL || block->room - pool->used < len)
        block = new_block(pool, len);
    if (block == NULL)
        return NULL;
    uint8_t *room = block->data + pool->used;
    pool->used += len;
    return room;
}

struct ps_span ps_text_keep(struct ps_text_pool *pool, struct ps_span text)
{
    uint8_t *room = text.len > 0 ? ps_text_room(pool, text.len) : NULL;

    if (room == NULL)
        return ps_span_of("", 0);
    memcpy(room, text.data, text.len);
    return ps_span_of(room, text.len);
}

void ps_text_pool_done(struct ps_text_pool *pool)
{
    while (pool->blocks != NULL) {
        struct ps_text_block *next = pool->blocks->next;
        free(pool->blocks);
        pool->blocks = next;
    }
    *pool = (struct ps_text_pool){0};
}
