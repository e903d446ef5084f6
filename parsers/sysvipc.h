/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_SYSVIPC_H
#define PS_SYSVIPC_H

#include "parsers/parser.h"

/* A row of sysvipc/shm, msg or sem. Each kind has the first four fields and the four ids; times are seconds since 1970,
 * 0 for never. */
struct ps_sysvipc {
    uint64_t present;
    int64_t key;    /* 0: private */
    uint64_t id;    /* shmid, msqid, semid: reused */
    uint64_t perms; /* mode; 01000 marked to be destroyed, 02000 locked in memory */
    uint64_t size;  /* bytes; of sem, nsems: how many semaphores */
    uint64_t cbytes, qnum;
    uint64_t cpid, lpid;           /* who made it, who used it last; of msg, lspid and lrpid: who sent, received last */
    uint64_t nattch;               /* processes that have it mapped */
    uint64_t uid, gid, cuid, cgid; /* owner and creator, in the user namespace of the reader */
    uint64_t atime, dtime, ctime;  /* attached, detached, changed; of msg, stime and rtime; of sem, otime */
    uint64_t rss, swap;            /* bytes */
    struct ps_span more;           /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_sysvipc_shm;
extern const struct ps_parser ps_parser_sysvipc_msg;
extern const struct ps_parser ps_parser_sysvipc_sem;

#endif
