/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/timens_offsets, printed by kernel/time/namespace.c show_offset(); time_namespaces(7).
 *
 *   boottime      1000000         0
 *
 * Everybody may read it; since 5.6, and only where the kernel has time namespaces (else ENOENT). The offset of boottime
 * shifts what a reader in that namespace sees as start times, uptime and btime.
 */
#include "parsers/pid_timens_offsets.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_timens_offsets, name, type)

static const struct ps_field fields[] = {
    FIELD(clock, PS_BYTES),
    FIELD(seconds, PS_I64),
    FIELD(nanoseconds, PS_U64),
    FIELD(more, PS_WORD_LIST),
};

enum { COUNT = sizeof fields / sizeof fields[0] };

static const char *read_offset(struct ps_cursor *line, void *record)
{
    return ps_read_columns(line, fields, 0, 3, COUNT, record);
}

static enum ps_step pid_timens_offsets_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_offset);
}

const struct ps_parser ps_parser_pid_timens_offsets = {
    .kind = "pid_timens_offsets",
    .record_size = sizeof(struct ps_pid_timens_offsets),
    .fields = fields,
    .field_count = COUNT,
    .next = pid_timens_offsets_next,
};
