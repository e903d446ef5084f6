/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/lives.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/procfs/reader.h"

/* Room for that life, which the roster may have grown by since. */
static struct ps_life *place_of(struct ps_lives *lives, uint32_t subject)
{
    if (subject >= lives->room) {
        size_t room = lives->room ? lives->room * 2 : 4096;
        while (room <= subject)
            room *= 2;
        struct ps_life *grown = realloc(lives->items, room * sizeof *grown);
        if (!grown)
            return NULL;
        memset(grown + lives->room, 0, (room - lives->room) * sizeof *grown);
        lives->items = grown;
        lives->room = room;
    }
    return &lives->items[subject];
}

static bool is_taken(const struct ps_lives *lives, uint32_t pid, uint64_t start)
{
    for (size_t i = 0; i < lives->room; i++) {
        if (lives->items[i].flags && lives->items[i].pid == pid && lives->items[i].start == start)
            return true;
    }
    return false;
}

/* Whether an earlier life of the pid has a line is for the builder to say, who names the members. */
static bool begin(struct ps_lives *lives, struct ps_life *life, const struct ps_roster_entry *entry)
{
    uint8_t bit = (uint8_t) (1 << entry->pid % 8), *byte = &lives->pids[entry->pid / 8];
    bool again = *byte & bit;
    if (again && is_taken(lives, entry->pid, entry->start))
        return false;
    *life = (struct ps_life){.start = entry->start, .pid = entry->pid, .ppid = entry->ppid};
    life->flags = again ? PS_LIFE_AGAIN : 0;
    *byte |= bit;
    lives->processes++;
    return true;
}

struct ps_life *ps_lives_claim(struct ps_lives *lives, uint32_t subject, const struct ps_roster_entry *entry,
                               uint8_t lane, bool *memory)
{
    struct ps_life *life = place_of(lives, subject);
    *memory = !life;
    if (!life || life->flags & lane)
        return NULL;
    if (!life->flags && (entry->pid == 0 || entry->pid >= PS_PID_LIMIT || !begin(lives, life, entry)))
        return NULL;
    life->flags |= lane;
    return life;
}

struct ps_life *ps_lives_at(const struct ps_lives *lives, uint32_t subject)
{
    return subject < lives->room && lives->items[subject].flags ? &lives->items[subject] : NULL;
}

void ps_life_name(const struct ps_life *life, char out[PS_LIFE_NAME])
{
    if (life->flags & PS_LIFE_AGAIN)
        snprintf(out, PS_LIFE_NAME, "%u+%llu", life->pid, (unsigned long long) life->start);
    else
        snprintf(out, PS_LIFE_NAME, "%u", life->pid);
}
