/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/attr/current, written by the security module through fs/proc/base.c proc_pid_attr_read(); proc(5).
 *
 *   docker-default (enforce)\n               (AppArmor; SELinux ends it with NUL, Smack with nothing)
 *
 * Everybody may read it; EINVAL where no module gives one, which is the rule on Fargate. The one NUL or newline at the
 * end is not part of the label.
 */
#include "parsers/pid_attr_current.h"

static const struct ps_field fields[] = {
    {"current", PS_BYTES, offsetof(struct ps_pid_attr_current, current)},
};

static enum ps_step pid_attr_current_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    struct ps_span label = ps_cursor_rest(in);

    (void) issue;
    if (label.len == 0)
        return PS_STEP_END;
    if (label.data[label.len - 1] == '\n' || label.data[label.len - 1] == '\0')
        label.len--;
    ps_put_span(fields, 0, record, label);
    ps_skip_rest(in);
    return PS_STEP_RECORD;
}

const struct ps_parser ps_parser_pid_attr_current = {
    .kind = "pid_attr_current",
    .record_size = sizeof(struct ps_pid_attr_current),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = pid_attr_current_next,
};
