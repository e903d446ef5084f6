/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/comm, printed by fs/proc/base.c comm_show(); proc(5).
 *
 *   nginx
 *
 * Everybody may read it. The kernel escapes nothing and ends the name with one newline, so the name is everything
 * before the last newline of the file: it may hold newlines itself. Up to 15 bytes, for kernel threads up to 63.
 */
#include "parsers/pid_comm.h"

#include "parsers/lines.h"

static const struct ps_field fields[] = {
    {"comm", PS_BYTES, offsetof(struct ps_pid_comm, comm)},
};

static enum ps_step pid_comm_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_text(in, fields, 0, record, issue);
}

const struct ps_parser ps_parser_pid_comm = {
    .kind = "pid_comm",
    .record_size = sizeof(struct ps_pid_comm),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = pid_comm_next,
};
