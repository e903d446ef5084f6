/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/schedstat, printed by fs/proc/base.c proc_pid_schedstat(); Documentation/scheduler/sched-stats.rst.
 *
 *   105037160 119760195 68
 *
 * Everybody may read it. All zero where the kernel keeps no such statistics.
 */
#include "parsers/pid_schedstat.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_schedstat, name, type)

static const struct ps_field fields[] = {
    FIELD(run_ns, PS_U64),
    FIELD(wait_ns, PS_U64),
    FIELD(timeslices, PS_U64),
    FIELD(more, PS_WORD_LIST),
};

enum { COUNT = sizeof fields / sizeof fields[0] };

static const char *read_times(struct ps_cursor *line, void *record)
{
    return ps_read_columns(line, fields, 0, 3, COUNT, record);
}

static enum ps_step pid_schedstat_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_only(in, record, issue, read_times);
}

const struct ps_parser ps_parser_pid_schedstat = {
    .kind = "pid_schedstat",
    .record_size = sizeof(struct ps_pid_schedstat),
    .fields = fields,
    .field_count = COUNT,
    .single = true,
    .next = pid_schedstat_next,
};
