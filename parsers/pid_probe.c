/* SPDX-License-Identifier: Apache-2.0
 *
 * facts/pid_probe, written by the collector itself (collector/procfs/probe.c): which numbers were asked for beside the
 * listing of /proc, and who answered although no listing of three had it.
 *
 *   probe 40213 39876 2 250000 31250 pidfd,name
 *   hidden 4711 82375 pidfd,name
 *   hidden 4712 - pidfd
 *
 * probe: the last number meant, how many were asked for, how many were newly born, budget and time taken in
 * microseconds, the ways of asking. hidden: pid, start time in ticks or "-", the ways that answered.
 */
#include "parsers/pid_probe.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_probe, name, type)

static const struct ps_field fields[] = {
    FIELD(line, PS_NAME),     FIELD(last, PS_U64),    FIELD(tried, PS_U64), FIELD(born, PS_U64),
    FIELD(budget_us, PS_U64), FIELD(took_us, PS_U64), FIELD(pid, PS_U64),   FIELD(starttime, PS_U64),
    FIELD(by, PS_BYTES),
};

enum { LINE, LAST, TRIED, BORN, BUDGET_US, TOOK_US, PID, STARTTIME, BY };

static void name_line(struct ps_pid_probe *record, const char *name)
{
    record->line = name;
    ps_set_present(record, LINE);
}

static const char *read_probe(struct ps_cursor *line, void *record)
{
    for (size_t i = LAST; i <= TOOK_US; i++)
        if (!ps_take_number(line, fields, i, record) || !ps_take_byte(line, ' '))
            return "not one of the five numbers of a probe";
    ps_put_span(fields, BY, record, ps_cursor_rest(line));
    name_line(record, "probe");
    return NULL;
}

static const char *read_hidden(struct ps_cursor *line, void *record)
{
    if (!ps_take_number(line, fields, PID, record) || !ps_take_byte(line, ' '))
        return "no pid";
    if (!ps_take_byte(line, '-') && !ps_take_number(line, fields, STARTTIME, record))
        return "neither a start time nor -";
    if (!ps_take_byte(line, ' '))
        return "no blank behind the start time";
    ps_put_span(fields, BY, record, ps_cursor_rest(line));
    name_line(record, "hidden");
    return NULL;
}

static const char *read_line(struct ps_cursor *line, void *record)
{
    if (ps_take_text(line, "probe "))
        return read_probe(line, record);
    if (ps_take_text(line, "hidden "))
        return read_hidden(line, record);
    return "neither probe nor hidden";
}

static enum ps_step pid_probe_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_line);
}

const struct ps_parser ps_parser_pid_probe = {
    .kind = "pid_probe",
    .record_size = sizeof(struct ps_pid_probe),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .next = pid_probe_next,
};
