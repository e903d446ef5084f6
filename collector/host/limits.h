/* SPDX-License-Identifier: Apache-2.0
 *
 * How much may we take before the application beside us pays for it: memory and CPU limits of our
 * own cgroup (v1, v2, hybrid) and of every cgroup above it that can be seen, and our resource
 * limits (cgroups(7), getrlimit(2)).
 */
#ifndef PS_LIMITS_H
#define PS_LIMITS_H

#include <stdint.h>

/* Unknown is not "no limit": the file was not there, not readable or not understood. */
enum ps_known { PS_UNKNOWN, PS_UNLIMITED, PS_LIMITED };

struct ps_limit {
    enum ps_known known;
    uint64_t value; /* with PS_LIMITED; the unit is the field's */
};

enum ps_cgroup { PS_CGROUP_UNKNOWN, PS_CGROUP_V1, PS_CGROUP_V2 };

struct ps_limits {
    /* Where the two controllers live; they may differ on a hybrid host. */
    enum ps_cgroup memory_cgroup, cpu_cgroup;
    /* The tightest memory limit. */
    struct ps_limit memory_bytes;
    /* Charged to our own cgroup, page cache included. Never PS_UNLIMITED, as the next two. */
    struct ps_limit used_bytes;
    /* What the machine as a whole can still give: MemAvailable. */
    struct ps_limit available_bytes;
    /* The smallest of (limit - use + inactive page cache) over all levels whose use is known, and
     * of available_bytes. */
    struct ps_limit headroom_bytes;
    /* The smallest of (limit - what nobody can take back) over the same levels: page cache and file system caches count
     * as free, also those in use. */
    struct ps_limit left_bytes;
    /* The tightest CPU quota in thousandths of a CPU. */
    struct ps_limit cpu_millis;
    struct ps_limit open_files, open_files_hard; /* RLIMIT_NOFILE */
    struct ps_limit file_bytes;                  /* RLIMIT_FSIZE, soft */
};

/* Our own cgroup of that controller ("memory", "cpu", "pids") as a directory (O_PATH), the caller's to close, with what
 * it is a version of; -1 when there is none in view. `proc` and `cgroup` as in ps_limits_read. */
int ps_limits_own_cgroup(int proc, int cgroup, const char *controller, enum ps_cgroup *version);

/* The limits of this process, from /proc and /sys/fs/cgroup. Never fails: what cannot be read stays
 * unknown. */
void ps_limits_own(struct ps_limits *out);

/* The same with the two directories given (tests): `proc` holds self/cgroup and meminfo, `cgroup`
 * is what is mounted on /sys/fs/cgroup. Either may be -1: its facts stay unknown. Both are
 * borrowed. */
void ps_limits_read(int proc, int cgroup, struct ps_limits *out);

#endif
