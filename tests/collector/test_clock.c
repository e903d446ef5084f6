/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <time.h>

static const int64_t second_ns = 1000000000;

static int64_t ask_us(clockid_t clock)
{
    struct timespec t;

    (void) clock_gettime(clock, &t);
    return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct ps_anchor with_offset(int64_t offset_ns, uint64_t uncertainty_ns)
{
    return (struct ps_anchor){.offset_ns = offset_ns, .uncertainty_ns = uncertainty_ns};
}

Test(clock, an_anchor_agrees_with_the_clocks_around_it)
{
    struct ps_anchor anchor;
    int64_t wall = ask_us(CLOCK_REALTIME);
    int64_t boot = ask_us(CLOCK_BOOTTIME);
    int64_t mono = ask_us(CLOCK_MONOTONIC);

    ps_anchor_take(&anchor);
    cr_assert(ge(i64, (int64_t) anchor.realtime_us, wall));
    cr_assert(le(i64, (int64_t) anchor.realtime_us, ask_us(CLOCK_REALTIME)));
    cr_assert(ge(i64, (int64_t) anchor.boottime_us, boot));
    cr_assert(le(i64, (int64_t) anchor.boottime_us, ask_us(CLOCK_BOOTTIME)));
    cr_assert(ge(i64, (int64_t) anchor.monotonic_us, mono));
    cr_assert(le(i64, (int64_t) anchor.monotonic_us, ask_us(CLOCK_MONOTONIC)));
    cr_assert(gt(u64, anchor.monotonic_raw_us, 0));
}

Test(clock, the_offset_is_that_of_the_microseconds_beside_it)
{
    struct ps_anchor anchor;

    ps_anchor_take(&anchor);
    int64_t kept_us = (int64_t) (anchor.realtime_us - anchor.boottime_us);
    cr_assert(le(i64, anchor.offset_ns / 1000 - kept_us, 1));
    cr_assert(ge(i64, anchor.offset_ns / 1000 - kept_us, -1));
}

Test(clock, the_best_of_sixteen_readings_is_far_better_than_a_millisecond)
{
    struct ps_anchor anchor;

    ps_anchor_take(&anchor);
    cr_assert(gt(u64, anchor.uncertainty_ns, 0));
    cr_assert(lt(u64, anchor.uncertainty_ns, 1000000));
}

Test(clock, the_quality_is_known_or_says_why_not)
{
    struct ps_anchor anchor;

    ps_anchor_take(&anchor);
    if (!anchor.quality.known) {
        cr_assert(ne(int, anchor.quality.sys_errno, 0));
        return;
    }
    cr_assert(ge(int, anchor.quality.state, 0));
    cr_assert(le(int, anchor.quality.state, 5));
    cr_assert(ge(i64, anchor.quality.maxerror_us, 0));
}

Test(clock, two_anchors_of_an_undisturbed_clock_show_no_step)
{
    struct ps_anchor opening;
    struct ps_anchor closing;
    int64_t by = second_ns;

    ps_anchor_take(&opening);
    ps_anchor_take(&closing);
    cr_assert(not(ps_anchor_stepped(&opening, &closing, &by)));
    cr_assert(lt(i64, by < 0 ? -by : by, 1000000));
}

Test(clock, a_step_has_a_size_and_a_direction)
{
    struct ps_anchor opening = with_offset(5 * second_ns, 40);
    struct ps_anchor later = with_offset(7 * second_ns, 40);
    int64_t by = 0;

    cr_assert(ps_anchor_stepped(&opening, &later, &by));
    cr_assert(eq(i64, by, 2 * second_ns));
    cr_assert(ps_anchor_stepped(&later, &opening, &by));
    cr_assert(eq(i64, by, -2 * second_ns));
}

Test(clock, what_the_uncertainties_and_the_stored_microsecond_explain_is_no_step)
{
    struct ps_anchor opening = with_offset(second_ns, 300);
    int64_t by = 0;

    struct ps_anchor explained = with_offset(second_ns + 300 + 200 + 1000, 200);
    cr_assert(not(ps_anchor_stepped(&opening, &explained, &by)));
    cr_assert(eq(i64, by, 1500));
    struct ps_anchor beyond = with_offset(second_ns - 300 - 200 - 1000 - 1, 200);
    cr_assert(ps_anchor_stepped(&opening, &beyond, &by));
    cr_assert(eq(i64, by, -1501));
}

Test(clock, boot_time_never_goes_back)
{
    uint64_t last = ps_boottime_us();

    for (int i = 0; i < 100000; i++) {
        uint64_t now = ps_boottime_us();
        cr_assert(ge(u64, now, last));
        last = now;
    }
}
