/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/loadavg, printed by fs/proc/loadavg.c loadavg_proc_show(); proc(5).
 *
 *   0.42 0.31 0.18 3/612 20417
 *
 * Everybody may read it, but not in a procfs mounted with subset=pid (ENOENT). The loads are those of the whole
 * machine, also inside a container.
 */
#include "parsers/loadavg.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_loadavg, name, type)

static const struct ps_field fields[] = {
    FIELD(load1, PS_BYTES),  FIELD(load5, PS_BYTES),  FIELD(load15, PS_BYTES),
    FIELD(runnable, PS_U64), FIELD(entities, PS_U64), FIELD(last_pid, PS_U64),
};

enum { LOAD1, LOAD5, LOAD15, RUNNABLE, ENTITIES, LAST_PID };

/* "0.42 ", kept as it is written. */
static bool take_load(struct ps_cursor *line, size_t index, void *record)
{
    struct ps_cursor ahead = *line;
    struct ps_span load;
    uint64_t number = 0;

    if (!ps_take_u64(&ahead, &number) || !ps_take_byte(&ahead, '.') || !ps_take_u64(&ahead, &number))
        return false;
    if (!ps_take_until(line, ' ', &load) || line->at != ahead.at + 1)
        return false;
    ps_put_span(fields, index, record, load);
    return true;
}

static const char *read_loads(struct ps_cursor *line, void *record)
{
    for (size_t i = LOAD1; i <= LOAD15; i++)
        if (!take_load(line, i, record))
            return "not a load with decimals";
    if (!ps_take_number(line, fields, RUNNABLE, record) || !ps_take_byte(line, '/') ||
        !ps_take_number(line, fields, ENTITIES, record))
        return "no runnable/entities";
    if (!ps_take_byte(line, ' ') || !ps_take_number(line, fields, LAST_PID, record))
        return "no last pid";
    return ps_cursor_done(line) ? NULL : "unexpected bytes behind the last pid";
}

static enum ps_step loadavg_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_only(in, record, issue, read_loads);
}

const struct ps_parser ps_parser_loadavg = {
    .kind = "loadavg",
    .record_size = sizeof(struct ps_loadavg),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = loadavg_next,
};
