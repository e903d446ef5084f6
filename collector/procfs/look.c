/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collector/procfs/reader.h"
#include "parsers/pid_stat.h"

enum { PF_EXITING = 0x4, PF_KTHREAD = 0x00200000 };

bool ps_look_at(struct ps_span stat, struct ps_look *out)
{
    struct ps_pid_stat record = {0};
    struct ps_issue issue;
    struct ps_cursor in = ps_cursor_over(stat);
    if (ps_parser_pid_stat.next(&in, &record, &issue) != PS_STEP_RECORD)
        return false;
    if (record.pid <= 0 || record.pid > INT32_MAX || !record.comm.data)
        return false;
    *out = (struct ps_look){.start = record.starttime, .startcode = record.startcode, .state = record.state};
    out->pid = (uint32_t) record.pid;
    out->ppid = record.ppid > 0 && record.ppid <= INT32_MAX ? (uint32_t) record.ppid : 0;
    out->threads = record.num_threads;
    out->comm_len = (uint8_t) (record.comm.len < PS_ROSTER_COMM ? record.comm.len : PS_ROSTER_COMM);
    out->no_memory = record.flags & PF_KTHREAD || record.state == 'Z';
    out->ending = record.flags & PF_EXITING || record.state == 'Z' || record.state == 'X';
    memcpy(out->comm, record.comm.data, out->comm_len);
    return true;
}

ssize_t ps_look_again(struct ps_reader_state *r, int stat, uint8_t *buffer, size_t room)
{
    size_t len = 0;
    while (len < room) {
        ssize_t n = pread(stat, buffer + len, room - len, (off_t) len);
        ps_progress_made(r);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        len += (size_t) n;
        if (n == 0 || len > 0)
            break;
    }
    return (ssize_t) len;
}
