/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/mountinfo, printed by fs/proc_namespace.c show_mountinfo(); proc(5).
 *
 *   612 511 259:4 /volumes/7 /srv/data rw,noatime master:114 - ext4 /dev/nvme1n1 rw,discard
 *
 * Everybody may read it (EINVAL for zombies). It shows what lies below the root directory of the process, seen from
 * there. Columns are divided by exactly one blank: the source can be empty, so two blanks in a row mean something.
 * Blanks, tabs, newlines and backslashes are written \\ooo, in source and type '#' too; in super options a comma
 * inside a value may be (\\054), and only the raw file tells it from one that divides.
 */
#include "parsers/pid_mountinfo.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_mountinfo, name, type)

static const struct ps_field fields[] = {
    FIELD(mount_id, PS_U64),
    FIELD(parent_id, PS_U64),
    FIELD(major, PS_U64),
    FIELD(minor, PS_U64),
    FIELD(root, PS_ESCAPED),
    FIELD(mount_point, PS_ESCAPED),
    FIELD(options, PS_BYTES),
    FIELD(optional_fields, PS_WORD_LIST),
    FIELD(fs_type, PS_ESCAPED),
    FIELD(source, PS_ESCAPED),
    FIELD(super_options, PS_ESCAPED),
};

enum { MOUNT_ID, PARENT_ID, MAJOR, MINOR, ROOT, MOUNT_POINT, OPTIONS, OPTIONAL, FS_TYPE, SOURCE, SUPER_OPTIONS };

/* One or more bytes and the blank behind them. */
static bool take_column(struct ps_cursor *line, size_t index, void *record)
{
    struct ps_cursor ahead = *line;
    struct ps_span text;

    if (!ps_take_until(&ahead, ' ', &text) || text.len == 0)
        return false;
    ps_put_span(fields, index, record, text);
    *line = ahead;
    return true;
}

static const char *take_numbers(struct ps_cursor *line, void *record)
{
    if (!ps_take_number(line, fields, MOUNT_ID, record) || !ps_take_byte(line, ' '))
        return "no mount id";
    if (!ps_take_number(line, fields, PARENT_ID, record) || !ps_take_byte(line, ' '))
        return "no parent id";
    if (!ps_take_number(line, fields, MAJOR, record) || !ps_take_byte(line, ':') ||
        !ps_take_number(line, fields, MINOR, record) || !ps_take_byte(line, ' '))
        return "no major:minor";
    return NULL;
}

/* Any number of words up to one that is "-". */
static bool take_optional(struct ps_cursor *line, void *record)
{
    struct ps_cursor ahead = *line;
    struct ps_span word;
    size_t end = line->at;

    for (; ps_take_until(&ahead, ' ', &word); end = ahead.at) {
        if (!ps_span_is(word, "-"))
            continue;
        struct ps_cursor list = {.in = line->in, .at = end};
        ps_put_span(fields, OPTIONAL, record, ps_cursor_passed(&list, line->at));
        *line = ahead;
        return true;
    }
    return false;
}

static const char *read_mount(struct ps_cursor *line, void *record)
{
    const char *why = take_numbers(line, record);
    struct ps_span source;

    if (why != NULL)
        return why;
    if (!take_column(line, ROOT, record))
        return "no root";
    if (!take_column(line, MOUNT_POINT, record))
        return "no mount point";
    if (!take_column(line, OPTIONS, record))
        return "no options";
    if (!take_optional(line, record))
        return "no ' - ' behind the optional fields";
    if (!take_column(line, FS_TYPE, record))
        return "no file system type";
    if (!ps_take_until(line, ' ', &source))
        return "no source and super options";
    ps_put_span(fields, SOURCE, record, source);
    ps_put_span(fields, SUPER_OPTIONS, record, ps_cursor_rest(line));
    return NULL;
}

static enum ps_step pid_mountinfo_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_mount);
}

const struct ps_parser ps_parser_pid_mountinfo = {
    .kind = "pid_mountinfo",
    .record_size = sizeof(struct ps_pid_mountinfo),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .next = pid_mountinfo_next,
};
