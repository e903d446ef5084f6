/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "collector/watch/backoff.h"
#include "collector/watch/rate.h"
#include "collector/watch/schedule.h"

enum { MINUTE = 60000000 };

Test(schedule, ticks_lie_on_a_grid_from_the_start)
{
    struct ps_schedule s;
    ps_schedule_begin(&s, 1000, MINUTE, 0, 0);
    cr_expect(eq(u64, s.due_us, 1000 + MINUTE));
    cr_expect(eq(u64, ps_schedule_take(&s, 1000 + MINUTE - 1, 0), 0));
    cr_expect(eq(u64, ps_schedule_take(&s, 1000 + MINUTE, 0), 1));
    cr_expect(eq(u64, s.due_us, 1000 + 2 * MINUTE));
    /* Late by half a minute: the one after it is not. */
    cr_expect(eq(u64, ps_schedule_take(&s, 1000 + 2 * MINUTE + MINUTE / 2, 0), 1));
    cr_expect(eq(u64, s.due_us, 1000 + 3 * MINUTE));
}

Test(schedule, what_was_missed_is_counted_and_not_made_up_for)
{
    struct ps_schedule s;
    ps_schedule_begin(&s, 0, MINUTE, 0, 0);
    cr_expect(eq(u64, ps_schedule_take(&s, (uint64_t) 10 * MINUTE + 5, 0), 10));
    cr_expect(eq(u64, s.due_us, (uint64_t) 11 * MINUTE));
    cr_expect(eq(u64, ps_schedule_take(&s, (uint64_t) 10 * MINUTE + 6, 0), 0));
}

Test(schedule, jitter_puts_off_and_never_beyond_itself)
{
    struct ps_schedule s;
    ps_schedule_begin(&s, 0, MINUTE, MINUTE / 10, UINT64_MAX);
    for (uint64_t i = 1; i < 1000; i++) {
        uint64_t tick = i * MINUTE;
        cr_assert(s.due_us >= tick && s.due_us <= tick + MINUTE / 10, "tick %llu", (unsigned long long) i);
        cr_assert(eq(u64, ps_schedule_take(&s, s.due_us, i * 2654435761u), 1));
    }
}

/* A tick that was put off nearly to the next one, and looked at late: the next is still to come. */
Test(schedule, no_tick_is_given_twice)
{
    struct ps_schedule s;
    uint64_t given = 0, now;
    ps_schedule_begin(&s, 0, MINUTE, MINUTE - 1, MINUTE - 1);
    for (now = 0; now < (uint64_t) 1000 * MINUTE; now += 7 * MINUTE / 10)
        given += ps_schedule_take(&s, now, now * 31);
    cr_expect(given <= now / MINUTE, "%llu ticks", (unsigned long long) given);
    cr_expect(given >= now / MINUTE - 2, "%llu ticks", (unsigned long long) given);
}

Test(rate, so_many_in_a_window_and_no_more)
{
    struct ps_rate r = {.most = 3, .window_us = MINUTE};
    for (uint64_t i = 0; i < 3; i++)
        cr_expect(ps_rate_take(&r, i));
    cr_expect(not(ps_rate_take(&r, 3)));
    cr_expect(not(ps_rate_take(&r, MINUTE - 1)));
    cr_expect(eq(u64, r.refused, 2));
    /* The first leaves the window, then the second. */
    cr_expect(ps_rate_take(&r, MINUTE));
    cr_expect(ps_rate_take(&r, MINUTE + 1));
    cr_expect(ps_rate_take(&r, MINUTE + 2));
    cr_expect(not(ps_rate_take(&r, MINUTE + 3)));
    cr_expect(eq(u64, r.taken, 6));
}

Test(rate, none_at_all_can_be_wanted)
{
    struct ps_rate r = {.most = 0, .window_us = MINUTE};
    cr_expect(not(ps_rate_take(&r, 0)));
    cr_expect(eq(u64, r.refused, 1));
}

Test(backoff, doubles_to_a_quarter_of_an_hour)
{
    cr_expect(eq(u32, ps_backoff_ms(1, PS_BACKOFF_FIRST_MS - 1), PS_BACKOFF_LEAST_MS + PS_BACKOFF_FIRST_MS - 1));
    cr_expect(eq(u32, ps_backoff_ms(1, PS_BACKOFF_FIRST_MS), PS_BACKOFF_LEAST_MS));
    cr_expect(
        eq(u32, ps_backoff_ms(3, 4 * PS_BACKOFF_FIRST_MS - 1), PS_BACKOFF_LEAST_MS + 4 * PS_BACKOFF_FIRST_MS - 1));
    for (uint32_t failures = 9; failures < 200; failures += 13)
        cr_expect(
            eq(u32, ps_backoff_ms(failures, PS_BACKOFF_MOST_MS - 1), PS_BACKOFF_LEAST_MS + PS_BACKOFF_MOST_MS - 1));
    cr_expect(eq(u32, ps_backoff_ms(UINT32_MAX, PS_BACKOFF_MOST_MS), PS_BACKOFF_LEAST_MS));
}
