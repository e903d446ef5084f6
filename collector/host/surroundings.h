/* SPDX-License-Identifier: Apache-2.0
 *
 * Where are we: on which platform, in which namespaces, behind which proc mount. Told by facts that stand in meta.json
 * beside the answer; what the metadata endpoint says comes later, and stands in records.
 */
#ifndef PS_SURROUNDINGS_H
#define PS_SURROUNDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/host/procfs.h"

enum { PS_NAMESPACES = 8, PS_TOLD_SIZE = 256, PS_MOUNT_OPTIONS_SIZE = 512 };

/* "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts": their order in the list below. */
extern const char *const ps_namespace_names[PS_NAMESPACES];

struct ps_surroundings {
    /* "ecs-fargate", "ecs-ec2", "ecs" (which sort is for the metadata to say), "kubernetes", "docker", "podman",
     * "container" (of another sort), "bare"; "unknown". Static. */
    const char *platform;
    char platform_by[PS_TOLD_SIZE];      /* the facts, ", " between them */
    uint64_t namespaces[PS_NAMESPACES];  /* ours, inode numbers; 0 unknown */
    char proc_options[PS_MOUNT_OPTIONS_SIZE]; /* of the file system behind --procfs: "rw,hidepid=2"; "" unknown */
    bool offsets_known;                  /* of our time namespace */
    int64_t monotonic_offset_s, boottime_offset_s;
};

/* `proc`: our own /proc, or -1; borrowed, as the descriptor of *procfs, which is read, or may be -1 too. Never fails: what cannot
 * be known is empty, 0 or "unknown". */
void ps_surroundings_own(int proc, const struct ps_procfs *procfs, struct ps_surroundings *out);
/* What is read is a copy from another machine: our platform is not its. */
void ps_surroundings_elsewhere(struct ps_surroundings *s);

#endif
