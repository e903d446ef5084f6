/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/statm, printed by fs/proc/array.c proc_pid_statm(); proc(5).
 *
 *   3412 911 640 215 0 388 0
 *
 * Everybody may read it. All zero for kernel threads and zombies; lib and dt are 0 since 2.6.
 */
#include "parsers/pid_statm.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_statm, name, type)

static const struct ps_field fields[] = {
    FIELD(size, PS_U64), FIELD(resident, PS_U64), FIELD(shared, PS_U64), FIELD(text, PS_U64),
    FIELD(lib, PS_U64),  FIELD(data, PS_U64),     FIELD(dt, PS_U64),
};

enum { COUNT = sizeof fields / sizeof fields[0] };

static const char *read_pages(struct ps_cursor *line, void *record)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (i > 0 && !ps_take_byte(line, ' '))
            return "fewer than seven numbers";
        if (!ps_take_number(line, fields, i, record))
            return "not a number of pages";
    }
    return ps_cursor_done(line) ? NULL : "more than seven numbers";
}

static enum ps_step pid_statm_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_only(in, record, issue, read_pages);
}

const struct ps_parser ps_parser_pid_statm = {
    .kind = "pid_statm",
    .record_size = sizeof(struct ps_pid_statm),
    .fields = fields,
    .field_count = COUNT,
    .single = true,
    .next = pid_statm_next,
};
