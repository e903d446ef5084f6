/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/cgroup, printed by kernel/cgroup/cgroup.c proc_cgroup_show(); cgroups(7).
 *
 *   0::/ecs/0123456789abcdef/app
 *
 * Everybody may read it. A path may hold colons and blanks, so only the first two colons divide. " (deleted)" behind
 * it marks a cgroup that was removed; a cgroup can also have that name, which this text cannot tell apart.
 */
#include "parsers/pid_cgroup.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_cgroup, name, type)

static const struct ps_field fields[] = {
    FIELD(hierarchy_id, PS_U64),
    FIELD(controllers, PS_BYTES),
    FIELD(path, PS_BYTES),
};

enum { HIERARCHY_ID, CONTROLLERS, PATH };

static const char *read_cgroup(struct ps_cursor *line, void *record)
{
    struct ps_span controllers;

    if (!ps_take_number(line, fields, HIERARCHY_ID, record) || !ps_take_byte(line, ':'))
        return "no hierarchy id with a colon";
    if (!ps_take_until(line, ':', &controllers))
        return "no second colon";
    ps_put_span(fields, CONTROLLERS, record, controllers);
    ps_put_span(fields, PATH, record, ps_cursor_rest(line));
    return NULL;
}

static enum ps_step pid_cgroup_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_cgroup);
}

const struct ps_parser ps_parser_pid_cgroup = {
    .kind = "pid_cgroup",
    .record_size = sizeof(struct ps_pid_cgroup),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .next = pid_cgroup_next,
};

const struct ps_parser ps_parser_task_cgroup = {
    .kind = "task_cgroup",
    .record_size = sizeof(struct ps_pid_cgroup),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .next = pid_cgroup_next,
};
