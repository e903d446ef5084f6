/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/wchan, printed by fs/proc/base.c proc_pid_wchan(); proc(5).
 *
 *   do_epoll_wait          (without a newline)
 *
 * Everybody may read it, but without ptrace rights it says 0.
 */
#include "parsers/pid_wchan.h"

static const struct ps_field fields[] = {
    {"wchan", PS_BYTES, offsetof(struct ps_pid_wchan, wchan)},
};

static enum ps_step pid_wchan_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    (void) issue;
    if (ps_cursor_done(in))
        return PS_STEP_END;
    ps_put_span(fields, 0, record, ps_cursor_rest(in));
    ps_skip_rest(in);
    return PS_STEP_RECORD;
}

const struct ps_parser ps_parser_pid_wchan = {
    .kind = "pid_wchan",
    .record_size = sizeof(struct ps_pid_wchan),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = pid_wchan_next,
};
