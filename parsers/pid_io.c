/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/io, printed by fs/proc/base.c do_io_accounting(); proc(5).
 *
 *   rchar: 48213377
 *
 * Without ptrace rights the read fails with EACCES, though the open may have worked.
 */
#include "parsers/pid_io.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_io, name, type)

static const struct ps_field fields[] = {
    FIELD(rchar, PS_U64),
    FIELD(wchar, PS_U64),
    FIELD(syscr, PS_U64),
    FIELD(syscw, PS_U64),
    FIELD(read_bytes, PS_U64),
    FIELD(write_bytes, PS_U64),
    FIELD(cancelled_write_bytes, PS_I64),
};

enum { COUNT = sizeof fields / sizeof fields[0] };

static const char *read_key(struct ps_cursor *line, void *record)
{
    return ps_read_keyed(line, fields, COUNT, record);
}

static enum ps_step pid_io_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_whole(in, record, issue, read_key);
}

const struct ps_parser ps_parser_pid_io = {
    .kind = "pid_io",
    .record_size = sizeof(struct ps_pid_io),
    .fields = fields,
    .field_count = COUNT,
    .single = true,
    .next = pid_io_next,
};
