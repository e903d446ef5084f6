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

#define FIELD(name, type) PS_FIELD(struct ps_pid_fdinfo, name, type)

static const struct ps_field fields[] = {
    FIELD(pos, PS_I64),         FIELD(flags, PS_OCT64), FIELD(mnt_id, PS_I64), /* since 3.15 */
    FIELD(ino, PS_U64),                                                        /* since 5.14 */
    FIELD(lines, PS_LINE_LIST),
};

enum { POS, FLAGS, MNT_ID, INO, LINES };

/* The lines that every file has come first, each once. From the first other one on, all are kept: a file name among
 * them must not pass for an inode. */
static const char *read_line(struct ps_cursor *line, void *record)
{
    struct ps_pid_fdinfo *r = record;
    struct ps_span key;

    if (r->lines.data != NULL)
        return ps_span_join(&r->lines, line->in) ? NULL : "a line apart from the others";
    if (ps_take_until(line, ':', &key)) {
        for (size_t i = POS; i <= INO; i++)
            if (ps_span_is(key, fields[i].name) && (r->present >> i & 1) == 0)
                return ps_read_value(line, fields, i, r);
    }
    ps_put_span(fields, LINES, r, line->in);
    return NULL;
}

static enum ps_step pid_fdinfo_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_whole(in, record, issue, read_line);
}

const struct ps_parser ps_parser_pid_fdinfo = {
    .kind = "pid_fdinfo",
    .record_size = sizeof(struct ps_pid_fdinfo),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = pid_fdinfo_next,
};
