/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/limits, printed by fs/proc/base.c proc_pid_limits(); proc(5), getrlimit(2).
 *
 *   Max open files            1024                 524288               files
 *
 * Everybody may read it. The kernel prints "%-25s %-20s %-20s %-10s": the columns are fixed, and names hold blanks, so
 * a row is cut by column. The blanks that fill a column are not part of its value.
 */
#include "parsers/pid_limits.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_limits, name, type)

static const struct ps_field fields[] = {
    FIELD(limit, PS_BYTES),
    FIELD(soft, PS_BYTES),
    FIELD(hard, PS_BYTES),
    FIELD(units, PS_BYTES),
};

enum { LIMIT, SOFT, HARD, UNITS };
enum { NAME_WIDTH = 25, VALUE_WIDTH = 20 };

/* The text of a column of at most `width` bytes without the blanks that fill it, and the blank behind the column. */
static struct ps_span take_column(struct ps_cursor *line, size_t width)
{
    struct ps_span text;

    if (!ps_take_bytes(line, width, &text)) {
        text = ps_cursor_rest(line);
        ps_skip_rest(line);
    }
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.len--;
    ps_skip_run(line, ' ');
    return text;
}

static bool is_value(struct ps_span text)
{
    struct ps_cursor in = ps_cursor_over(text);
    uint64_t number = 0;

    return ps_span_is(text, "unlimited") || (ps_take_u64(&in, &number) && ps_cursor_done(&in));
}

static const char *read_limit(struct ps_cursor *line, void *record)
{
    struct ps_span limit = take_column(line, NAME_WIDTH);
    size_t at = line->at;
    struct ps_span soft = take_column(line, VALUE_WIDTH);
    struct ps_span hard = take_column(line, VALUE_WIDTH);

    if (limit.len == 0 || !is_value(soft) || !is_value(hard)) {
        line->at = at;
        return "no limit in the columns where the kernel prints it";
    }
    ps_put_span(fields, LIMIT, record, limit);
    ps_put_span(fields, SOFT, record, soft);
    ps_put_span(fields, HARD, record, hard);
    struct ps_span units = take_column(line, ps_cursor_left(line));
    if (units.len > 0)
        ps_put_span(fields, UNITS, record, units);
    return NULL;
}

static enum ps_step pid_limits_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "Limit ");
    return ps_next_row(in, record, issue, read_limit);
}

const struct ps_parser ps_parser_pid_limits = {
    .kind = "pid_limits",
    .record_size = sizeof(struct ps_pid_limits),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .next = pid_limits_next,
};
