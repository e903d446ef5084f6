/* SPDX-License-Identifier: Apache-2.0
 *
 * Which procfs is looked at: the one that was named, or, where mounts lie over its processes, a fresh private mount of
 * the same PID namespace that nobody else sees.
 */
#ifndef PS_PROCFS_H
#define PS_PROCFS_H

#include "formats/error.h"

enum { PS_COVERED_TOLD = 8, PS_COVERED_ROOM = 128 };

struct ps_procfs {
    int fd;          /* directory; owned by the caller */
    unsigned covers; /* mounts that lie over <procfs>/<number> or below it: MITRE ATT&CK T1564.013; or over all of /proc */
    char covered[PS_COVERED_TOLD][PS_COVERED_ROOM]; /* their mount points, the first ones; as mountinfo prints them */
    bool is_private; /* fd is a private mount, which nothing covers */
    int private_errno; /* why there is none although it was wanted; 0 */
};

/* Opens the directory. A private mount (fsopen, fsmount) needs CAP_SYS_ADMIN; without, the covers are told and stay.
 * False with *err when the path cannot be opened or holds neither stat nor any <pid>/stat; nothing is open then. */
PS_MUST_CHECK bool ps_procfs_open(const char *path, struct ps_procfs *out, struct ps_error *err);

#endif
