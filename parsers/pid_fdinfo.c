/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/fdinfo/N, printed by fs/proc/fd.c seq_show(); proc(5).
 *
 *   flags:\t0100002
 *
 * Without ptrace rights the directory cannot be read (EACCES; before 5.14 the files could). The first lines are the
 * same for every file; all others depend on its type, may hold file names with any bytes, and are kept as they are.
 */
#include "parsers/pid_fdinfo.h"

#include "parsers/lines.h"

#define FIELD(name, type) {#name, type, offsetof(struct ps_pid_fdinfo, name)}

static const struct ps_field fields[] = {
    FIELD(pos, PS_I64),
    FIELD(flags, PS_OCT64),
    FIELD(mnt_id, PS_I64), /* since 3.15 */
    FIELD(ino, PS_U64),    /* since 5.14 */
    FIELD(lines, PS_LINE_LIST),
};

enum { POS, FLAGS, MNT_ID, INO, LINES };

/* One of the lines that every file has, when it comes next and was not there yet. */
static bool take_common(struct ps_cursor *in, struct ps_pid_fdinfo *r)
{
    struct ps_span line, key;

    if (!ps_take_line(in, &line))
        return false;
    struct ps_cursor value = ps_cursor_over(line);
    if (!ps_take_until(&value, ':', &key))
        return false;
    ps_skip_run(&value, '\t');
    for (size_t i = POS; i <= INO; i++) {
        if (!ps_span_is(key, fields[i].name) || (r->present >> i & 1) != 0)
            continue;
        uint64_t before = r->present;
        if (ps_take_number(&value, fields, i, r) && ps_cursor_done(&value))
            return true;
        r->present = before;
    }
    return false;
}

static enum ps_step pid_fdinfo_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    struct ps_pid_fdinfo *r = record;

    if (ps_cursor_done(in))
        return PS_STEP_END;
    if (in->at > 0)
        return ps_bad_rest(in, issue);
    for (struct ps_cursor ahead = *in; take_common(&ahead, r);)
        *in = ahead;
    struct ps_span lines = ps_cursor_rest(in);
    ps_skip_rest(in);
    if (r->present == 0)
        return ps_bad(issue, 0, "no pos, flags, mnt_id or ino at the start");
    if (lines.len > 0)
        ps_put_span(fields, LINES, r, lines);
    if (!ps_at_line_start(in))
        ps_end_line(in);
    return PS_STEP_RECORD;
}

const struct ps_parser ps_parser_pid_fdinfo = {
    .kind = "pid_fdinfo",
    .record_size = sizeof(struct ps_pid_fdinfo),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = pid_fdinfo_next,
};
