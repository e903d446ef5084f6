/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/clock.h"

#include <errno.h>
#include <sys/timex.h>
#include <time.h>

enum { READINGS = 16 };

static int64_t now_ns(clockid_t clock)
{
    struct timespec t = {0};

    (void) clock_gettime(clock, &t);
    return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Never below zero: a wall clock set before 1970 would otherwise turn into a date far in the
 * future. */
static uint64_t to_us(int64_t ns)
{
    return ns > 0 ? (uint64_t) ns / 1000 : 0;
}

static void ask_quality(struct ps_clock_quality *out)
{
    struct timex kernel = {0}; /* modes 0: nothing is changed */
    int state = adjtimex(&kernel);

    *out = (struct ps_clock_quality){.known = state >= 0, .sys_errno = state >= 0 ? 0 : errno};
    if (!out->known) return;
    out->state = state;
    out->status = (uint32_t) kernel.status;
    out->maxerror_us = kernel.maxerror;
    out->esterror_us = kernel.esterror;
    out->tai_s = (int32_t) kernel.tai;
}

void ps_anchor_take(struct ps_anchor *out)
{
    int64_t width = INT64_MAX;
    int64_t boot = 0;
    int64_t wall = 0;
    int64_t mono = 0;

    for (int i = 0; i < READINGS; i++) {
        int64_t before = now_ns(CLOCK_BOOTTIME);
        int64_t realtime = now_ns(CLOCK_REALTIME);
        int64_t monotonic = now_ns(CLOCK_MONOTONIC);
        int64_t after = now_ns(CLOCK_BOOTTIME);
        if (after - before >= width) continue;
        width = after - before;
        boot = before + width / 2;
        wall = realtime;
        mono = monotonic;
    }

    *out = (struct ps_anchor){
        .realtime_us = to_us(wall),
        .boottime_us = to_us(boot),
        .monotonic_us = to_us(mono),
        .monotonic_raw_us = to_us(now_ns(CLOCK_MONOTONIC_RAW)),
        .uncertainty_ns = (uint64_t) (width + 1) / 2,
        .offset_ns = wall - boot,
    };
    ask_quality(&out->quality);
}

bool ps_anchor_stepped(const struct ps_anchor *opening, const struct ps_anchor *closing,
                       int64_t *by_ns)
{
    const uint64_t kept_ns = 1000;
    int64_t by = closing->offset_ns - opening->offset_ns;
    uint64_t size = by < 0 ? -(uint64_t) by : (uint64_t) by;

    *by_ns = by;
    return size > opening->uncertainty_ns + closing->uncertainty_ns + kept_ns;
}

uint64_t ps_boottime_us(void)
{
    return to_us(now_ns(CLOCK_BOOTTIME));
}
