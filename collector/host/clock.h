/* SPDX-License-Identifier: Apache-2.0
 *
 * What time is it, and by how much may that be wrong. All times of a bundle are CLOCK_BOOTTIME; an
 * anchor ties them to the wall clock, once when a snapshot opens and once when it closes, so that a
 * clock set in between is seen (clock_gettime(2), adjtimex(2), time_namespaces(7)).
 */
#ifndef PS_CLOCK_H
#define PS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel's own estimate of how good its wall clock is: adjtimex with nothing to change. */
struct ps_clock_quality {
    bool known; /* false: refused (a container's seccomp profile may); sys_errno says why */
    int sys_errno;
    int state;       /* TIME_OK 0 ... TIME_ERROR 5: not synchronised */
    uint32_t status; /* STA_* bits; 0x40 is STA_UNSYNC */
    int64_t maxerror_us, esterror_us;
    int32_t tai_s; /* TAI - UTC, 0 when nobody set it */
};

struct ps_anchor {
    uint64_t realtime_us;      /* CLOCK_REALTIME: microseconds since 1970, UTC */
    uint64_t boottime_us;      /* CLOCK_BOOTTIME of the same moment */
    uint64_t monotonic_us;     /* CLOCK_MONOTONIC of the same moment */
    uint64_t monotonic_raw_us; /* CLOCK_MONOTONIC_RAW, no rate correction; read beside the anchor,
                                  not inside it */
    uint64_t uncertainty_ns;   /* the three above belong together to within this; without the
                                  truncation to 1 us */
    int64_t offset_ns;         /* CLOCK_REALTIME - CLOCK_BOOTTIME, to the nanosecond */
    struct ps_clock_quality quality;
};

/* The best of 16 readings of CLOCK_REALTIME and CLOCK_MONOTONIC between two of CLOCK_BOOTTIME.
 * Cannot fail on a kernel that can run this program; takes a few microseconds. */
void ps_anchor_take(struct ps_anchor *out);

/* True when the wall clock was set between the two anchors: their offsets differ by more than both
 * uncertainties and the microsecond that a bundle keeps. Slewing (NTP) moves both clocks and is no
 * step. *by_ns (wall clock forward: > 0) is written in either case. */
bool ps_anchor_stepped(const struct ps_anchor *opening, const struct ps_anchor *closing,
                       int64_t *by_ns);

/* CLOCK_BOOTTIME now, in microseconds; tens of nanoseconds through the vDSO, no system call. */
uint64_t ps_boottime_us(void);

#endif
