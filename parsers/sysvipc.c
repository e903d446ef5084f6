/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/sysvipc/shm, msg and sem, printed by ipc/shm.c sysvipc_shm_proc_show() and its siblings in msg.c and sem.c;
 * proc(5), sysvipc(7).
 *
 *            0          3   600                  4096   711   711      2     0     0     0     0 1766275210          0
 *   1766275200                  4096                     0          (one line)
 *
 * Everybody may read them. They show the IPC namespace of the reader. Pids are those of the pid namespace of the
 * reader, 0 for who is outside. Columns are filled with blanks on the left.
 */
#include "parsers/sysvipc.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_sysvipc, name, type)
/* clang-format off */
#define CALLED(name, member, type) {#name, type, offsetof(struct ps_sysvipc, member)}
/* clang-format on */

static const struct ps_field shm[] = {
    FIELD(key, PS_I64),  CALLED(shmid, id, PS_U64), FIELD(perms, PS_OCT64), FIELD(size, PS_U64),  FIELD(cpid, PS_U64),
    FIELD(lpid, PS_U64), FIELD(nattch, PS_U64),     FIELD(uid, PS_U64),     FIELD(gid, PS_U64),   FIELD(cuid, PS_U64),
    FIELD(cgid, PS_U64), FIELD(atime, PS_U64),      FIELD(dtime, PS_U64),   FIELD(ctime, PS_U64), FIELD(rss, PS_U64),
    FIELD(swap, PS_U64), FIELD(more, PS_WORD_LIST),
};

static const struct ps_field msg[] = {
    FIELD(key, PS_I64),           CALLED(msqid, id, PS_U64), FIELD(perms, PS_OCT64),
    FIELD(cbytes, PS_U64),        FIELD(qnum, PS_U64),       CALLED(lspid, cpid, PS_U64),
    CALLED(lrpid, lpid, PS_U64),  FIELD(uid, PS_U64),        FIELD(gid, PS_U64),
    FIELD(cuid, PS_U64),          FIELD(cgid, PS_U64),       CALLED(stime, atime, PS_U64),
    CALLED(rtime, dtime, PS_U64), FIELD(ctime, PS_U64),      FIELD(more, PS_WORD_LIST),
};

static const struct ps_field sem[] = {
    FIELD(key, PS_I64),           CALLED(semid, id, PS_U64), FIELD(perms, PS_OCT64),    CALLED(nsems, size, PS_U64),
    FIELD(uid, PS_U64),           FIELD(gid, PS_U64),        FIELD(cuid, PS_U64),       FIELD(cgid, PS_U64),
    CALLED(otime, atime, PS_U64), FIELD(ctime, PS_U64),      FIELD(more, PS_WORD_LIST),
};

enum {
    SHM_COUNT = sizeof shm / sizeof shm[0],
    MSG_COUNT = sizeof msg / sizeof msg[0],
    SEM_COUNT = sizeof sem / sizeof sem[0],
    SHM_LEAST = 14, /* rss and swap since 2.6.36 */
};

static const char *read_shm(struct ps_cursor *line, void *record)
{
    return ps_read_columns(line, shm, 0, SHM_LEAST, SHM_COUNT, record);
}

static const char *read_msg(struct ps_cursor *line, void *record)
{
    return ps_read_columns(line, msg, 0, MSG_COUNT - 1, MSG_COUNT, record);
}

static const char *read_sem(struct ps_cursor *line, void *record)
{
    return ps_read_columns(line, sem, 0, SEM_COUNT - 1, SEM_COUNT, record);
}

static enum ps_step shm_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "key ");
    return ps_next_row(in, record, issue, read_shm);
}

static enum ps_step msg_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "key ");
    return ps_next_row(in, record, issue, read_msg);
}

static enum ps_step sem_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "key ");
    return ps_next_row(in, record, issue, read_sem);
}

/* clang-format off */
#define IPC(name, fields_, count, next_) \
    {.kind = (name), .record_size = sizeof(struct ps_sysvipc), .fields = (fields_), .field_count = (count), \
     .next = (next_)}
/* clang-format on */

const struct ps_parser ps_parser_sysvipc_shm = IPC("sysvipc_shm", shm, SHM_COUNT, shm_next);
const struct ps_parser ps_parser_sysvipc_msg = IPC("sysvipc_msg", msg, MSG_COUNT, msg_next);
const struct ps_parser ps_parser_sysvipc_sem = IPC("sysvipc_sem", sem, SEM_COUNT, sem_next);
