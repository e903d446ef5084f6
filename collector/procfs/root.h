/* SPDX-License-Identifier: Apache-2.0
 *
 * The root directory that a process sees: which of its mounts may be entered, and since when it is used, so that what
 * came later can be told from what came with the image.
 */
#ifndef PS_ROOT_H
#define PS_ROOT_H

#include "collector/procfs/content_file.h"

enum { PS_ROOT_MOUNTS = 1024 };

struct ps_root_mount {
    uint64_t id;
    uint64_t memory; /* a tmpfs; a whole word, so that the table has no gaps */
};

struct ps_root {
    int fd;            /* O_PATH; -1: it cannot be had, `error` says why */
    int error;
    bool plain;        /* the root link says "/": paths of maps and cwd begin here */
    bool machine;      /* no container's: that of pid 1, where kernel threads are in view, or a whole disk */
    uint64_t mnt, dev, ino, mount_id;
    int64_t since_ns;  /* wall clock: the start of the oldest process in that mount namespace, less some slack */
    size_t mount_count; /* mounts that may be entered: on disks or in memory of this machine */
    bool barred;        /* its own mount is none of these */
    struct ps_root_mount mounts[PS_ROOT_MOUNTS];
};

/* The root of that process. The same object until the next call for a process with another root; ps_root_close after
 * use. */
struct ps_root *ps_root_of(struct ps_target *t, const struct ps_roster_entry *entry);
void ps_root_close(struct ps_root *root);
bool ps_root_may_enter(const struct ps_root *root, const struct statx *x);
bool ps_root_in_memory(const struct ps_root *root, const struct statx *x);
/* Changed since the container was started, or from a volume or a tmpfs: no image brings it back. */
bool ps_root_foreign(const struct ps_root *root, const struct statx *x);

#endif
