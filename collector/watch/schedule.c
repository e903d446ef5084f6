/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/schedule.h"

static void set_due(struct ps_schedule *s, uint64_t random)
{
    s->due_us = s->begun_us + s->tick * s->every_us + random % (s->jitter_us + 1);
}

void ps_schedule_begin(struct ps_schedule *s, uint64_t now_us, uint64_t every_us, uint64_t jitter_us, uint64_t random)
{
    *s = (struct ps_schedule){.begun_us = now_us, .every_us = every_us, .jitter_us = jitter_us, .tick = 1};
    set_due(s, random);
}

uint64_t ps_schedule_take(struct ps_schedule *s, uint64_t now_us, uint64_t random)
{
    if (now_us < s->due_us)
        return 0;
    uint64_t before = s->tick, passed = (now_us - s->begun_us) / s->every_us;
    s->tick = (passed > before ? passed : before) + 1;
    set_due(s, random);
    return s->tick - before;
}
