/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls that are tried in a child which has shut itself in, and what became of them. Where
 * no filter is built (sanitizers, other machines) or the kernel refuses one, the test is skipped.
 */
#ifndef PS_TEST_DEEDS_H
#define PS_TEST_DEEDS_H

#include <stddef.h>

#include "collector/sandbox/filter.h"

/* act returns 0 when the kernel did it, else -1 and errno. */
struct deed {
    const char *name;
    long (*act)(void);
};

/* What else may be expected is an errno. KILLED: by SIGSYS. */
enum { DONE = 0, KILLED = 1000 };

/* Each deed, in a child of its own, must end as `want`. */
void expect_all(enum ps_role role, const struct deed *deeds, size_t count, int want);

#define EXPECT_ALL(role, deeds, want)                                                              \
    expect_all(role, deeds, sizeof(deeds) / sizeof((deeds)[0]), want)

/* 0 or -1 of what a system call returned. */
long answer(long result);

/* Deeds of more than one role. */
long do_dumpable(void);
long do_memfd(void);
long do_ioctl(void);
long do_owner(void);
long do_wait(void);
long do_socket(void);

#endif
