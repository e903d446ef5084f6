/* SPDX-License-Identifier: Apache-2.0
 *
 * One capture: the bytes of one file, the target of one link, or every entry of one directory, and how it ended.
 */
#ifndef PS_CAPTURE_H
#define PS_CAPTURE_H

#include <linux/stat.h>

#include "collector/procfs/reader.h"
#include "formats/journal.h"

/* Bytes of one part of a table of a network namespace. */
enum { PS_PART_SIZE = 1 << 20 };

/* The process under the pin, or (subject PS_NO_SUBJECT) the procfs root. */
struct ps_target {
    struct ps_reader_state *r;
    uint32_t subject;
    int pin;                 /* O_PATH: can never become another process */
    int dir;                 /* what its files are read below: the pin, or that of the thread `via` */
    uint32_t via;            /* 0: read through the process itself */
    int via_stat;            /* of that thread */
    int stat;                /* open, of the process; only where rows are captured */
    bool threaded;           /* has more than one thread */
    bool leaderless;         /* and the first of them has ended */
    uint32_t uid, gid;       /* owner of that directory */
    bool owner_known, unswitchable, switched;
    uint64_t net, mnt;       /* namespaces, from its links; 0 unknown */
    bool no_memory;          /* ESRCH means that this sort of process has no such file */
    bool refused;            /* something was denied while it was alive */
    bool plain_root;         /* its root link says "/" */
    bool facts_known;
    struct ps_file_facts facts;
    bool wants;              /* what it sees of files goes into the list of what is wanted */
    uint32_t fds_wanted;     /* of this process */
};

/* errno to outcome, for a file of a process that is pinned: ENOENT means that the kernel does not have this file. */
enum ps_outcome ps_outcome_of(int error);

/* One row of the catalog, under our own ids or the target's; the target's stay on until ps_capture_as_ourselves or a row
 * that needs no rights. */
void ps_capture_row(struct ps_target *t, uint16_t row);
/* The steps of a capture that is made of entries: open it, store each or say why it is lost, close it. */
void ps_capture_begin(struct ps_target *t, uint16_t row);
void ps_capture_entry(struct ps_target *t, int dir, const char *path, uint16_t row, const char *name);
void ps_capture_end(struct ps_target *t, uint16_t row, enum ps_outcome outcome, int error,
                    const struct ps_file_facts *facts);
/* fd and fdinfo together; info_row 0: fd alone. */
void ps_capture_descriptors(struct ps_target *t, uint16_t fd_row, uint16_t info_row);
void ps_capture_as_ourselves(struct ps_target *t);
/* For one file that only its owner or a tracer may reach: who tries first; and, after EACCES or EPERM, whether somebody
 * else may try. */
void ps_capture_choose_reader(struct ps_target *t);
PS_MUST_CHECK bool ps_capture_other_reader(struct ps_target *t);
/* Opens a guarded file of the process as whoever may; a descriptor, or -errno. */
int ps_capture_open(struct ps_target *t, const char *path);
/* The facts of what statx found, times and owner with them. */
void ps_file_facts_of(const struct statx *x, struct ps_file_facts *out);
/* A row whose bytes are known already, or that is not read for a stated outcome. */
void ps_capture_bytes(struct ps_target *t, uint16_t row, struct ps_span bytes);
void ps_capture_shared(struct ps_target *t, uint16_t row, uint32_t with);

enum { PS_STAT_ROOM = 8192 };

#endif
