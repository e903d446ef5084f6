/* SPDX-License-Identifier: Apache-2.0
 *
 * What may we do: our own ids and capabilities, asked from the kernel by system calls, never read
 * from a file (capget(2), prctl(2), credentials(7)). Taken before the roles shut themselves in: a
 * filter may refuse the questions.
 */
#ifndef PS_RIGHTS_H
#define PS_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

struct ps_rights {
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    int32_t groups;  /* supplementary groups; -1: unknown */
    bool caps_known; /* false: capget was refused; the three sets below mean nothing */
    uint64_t effective, permitted, inheritable; /* bit n is capability n */
    bool bounding_known;                        /* false: prctl was refused */
    uint64_t bounding, ambient;
    int no_new_privs; /* 0 or 1; -1: unknown */
    int seccomp;      /* 0 off, 2 filter; -1: unknown */
    int dumpable;     /* 0, 1, 2; -1: unknown */
};

/* Fills *out for the calling thread. What the kernel refuses to say stays "unknown". */
void ps_rights_own(struct ps_rights *out);

/* CAP_SETUID and CAP_SETGID in effect: file system ids can be switched to those of any mapped user.
 */
bool ps_rights_can_switch_ids(const struct ps_rights *r);
/* CAP_SYS_PTRACE in effect: processes of other users can be read as they are. */
bool ps_rights_can_trace(const struct ps_rights *r);

#endif
