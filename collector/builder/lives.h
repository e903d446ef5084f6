/* SPDX-License-Identifier: Apache-2.0
 *
 * What the builder knows of each life. The roster lies in memory that a corrupted reader can change at any time: who a
 * life is, is copied when its first line begins, and never asked again.
 */
#ifndef PS_LIVES_H
#define PS_LIVES_H

#include "collector/procfs/roster.h"

enum { PS_LIFE_QUIET = 1, PS_LIFE_MEMORY = 2, PS_LIFE_AGAIN = 4, PS_LIFE_FILES = 8, PS_LIFE_DUMP = 16 };
enum { PS_LIFE_NAME = 64 };

struct ps_life {
    uint64_t start; /* ticks */
    uint32_t pid, ppid;
    uint8_t flags;  /* 0: it has no line yet */
};

struct ps_lives {
    struct ps_life *items; /* by roster index; owned */
    size_t room;
    uint8_t *pids;         /* a bit for each pid that has a line: a second one is another life; owned */
    uint64_t processes;
    bool settled;          /* the quiet lane has said all that it ever will; from then on: */
    uint32_t count;        /* entries of the roster that are believed in */
};

/* The lane (PS_LIFE_QUIET or PS_LIFE_MEMORY) begins its line of that life. NULL when it had one, when the pid is none, when
 * another life has the same pid and start, or, with *memory, when memory is out. */
struct ps_life *ps_lives_claim(struct ps_lives *lives, uint32_t subject, const struct ps_roster_entry *entry,
                               uint8_t lane, bool *memory);
/* A life that has a line; NULL otherwise. */
struct ps_life *ps_lives_at(const struct ps_lives *lives, uint32_t subject);
/* "4711", or "4711+82375" for a further life of the pid. */
void ps_life_name(const struct ps_life *life, char out[PS_LIFE_NAME]);

#endif
