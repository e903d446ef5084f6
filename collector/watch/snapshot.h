/* SPDX-License-Identifier: Apache-2.0
 *
 * One snapshot of a watch, in a process of its own: it is the conductor of collect.h, and what it leaks or loses ends
 * with it. Its verdict comes back in shared memory.
 */
#ifndef PS_SNAPSHOT_H
#define PS_SNAPSHOT_H

#include <sys/types.h>

#include "collector/collect.h"
#include "collector/known_objects.h"
#include "collector/sightings.h"

enum ps_snapshot_state {
    PS_SNAPSHOT_NONE, /* none is under way */
    PS_SNAPSHOT_RUNNING,
    PS_SNAPSHOT_OVER, /* told->status and what belongs to it are there */
    PS_SNAPSHOT_LOST, /* the process ended without a word: whether a bundle was sealed is not known */
};

/* Shared with the process of the snapshot, which writes it. */
struct ps_snapshot_told {
    _Atomic uint32_t over;
    enum ps_collect_status status;
    struct ps_verdict verdict;
    struct ps_error error;
};

struct ps_snapshot {
    struct ps_snapshot_told *told;     /* for all snapshots, one after the other; owned */
    struct ps_known_objects *known; /* contents that need not be stored again; owned, each snapshot has a copy */
    struct ps_sightings *now, *before; /* of the one under way, and of the one that it is compared with; owned */
    bool has_before;
    pid_t pid;                  /* 0: none */
    pid_t conductor;            /* the same, also when it has ended */
    uint64_t begun_us, late_us; /* when it is killed */
    bool told_to_stop, killed, ended;
    int wait_status; /* with PS_SNAPSHOT_LOST */
};

PS_MUST_CHECK bool ps_snapshot_prepare(struct ps_snapshot *s, struct ps_error *err);
/* Forks. `keep` are the descriptors that the snapshot needs; every other one above 2 is closed in its process. It is
 * killed when it has not ended `grace_ms` after its deadline. */
PS_MUST_CHECK bool ps_snapshot_start(struct ps_snapshot *s, const struct ps_options *options, const int *keep,
                                     size_t keep_count, uint64_t grace_ms, struct ps_error *err);
/* Seals what it has, as on SIGTERM. */
void ps_snapshot_stop(struct ps_snapshot *s);
/* True when that child is the snapshot's: it has ended. */
bool ps_snapshot_reaped(struct ps_snapshot *s, pid_t pid, int wait_status);
/* How it stands; kills one that is late. OVER and LOST are told once. */
enum ps_snapshot_state ps_snapshot_look(struct ps_snapshot *s, uint64_t now_us);
/* Contents that a bundle of that number holds, and that are where they belong. What is beyond the room is stored again.
 */
void ps_snapshot_know(struct ps_snapshot *s, uint8_t (*objects)[PS_SHA256_LEN], size_t count, uint64_t seq);
/* The next one is compared with the one that was last. */
void ps_snapshot_keep(struct ps_snapshot *s);

#endif
