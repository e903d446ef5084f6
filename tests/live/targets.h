/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes of every sort that a reader meets in a container, asleep, with
 * `PS_SECRET=worth-reading` in their environment.
 */
#ifndef PS_TEST_TARGETS_H
#define PS_TEST_TARGETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { TARGET_UID = 101, TARGETS = 6 };

struct target {
    const char *name;
    void (*make)(void);
    bool as_ourselves; /* readable without a switch */
    bool as_owner;     /* readable as the owner of its directory */
    bool executed;     /* it has that environment */
};

extern const struct target targets[TARGETS];

/* Some targets execute this program again: main calls this first. Does not return in a target. */
void target_sleep_if_asked(int argc, char **argv);
/* The pid of a new child that has become what it shall be, and sleeps; it dies with us. */
pid_t target_start(const struct target *target);

/* What Docker, and Fargate, give to root. */
extern const uint64_t container_caps;
/* These capabilities and no others, for the calling process and what it executes. */
void only_caps(uint64_t caps);
/* These user ids; TARGET_UID as group. */
void become_user(uint32_t real, uint32_t effective, uint32_t saved);

#endif
