/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/task/TID/children, printed by fs/proc/array.c children_seq_show(); proc(5). Since 3.5, with
 * CONFIG_PROC_CHILDREN.
 *
 *   4712 4713 (a blank behind each, no newline)
 *
 * Everybody may read it. Empty: that thread has started nobody who still lives here. While children come and go one of
 * them may be left out.
 */
#include "parsers/task_children.h"

static const struct ps_field fields[] = {
    {"pids", PS_U64_LIST, offsetof(struct ps_task_children, pids)},
};

static enum ps_step task_children_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    uint64_t pid = 0;
    size_t start = in->at;

    if (ps_cursor_done(in))
        return PS_STEP_END;
    while (ps_take_u64(in, &pid) && ps_take_byte(in, ' '))
        ;
    size_t end = in->at;
    bool whole = ps_cursor_done(in) && end > start && in->in.data[end - 1] == ' ';
    ps_skip_rest(in);
    if (!whole)
        return ps_bad(issue, end, "not a list of pids, each with a blank behind it");
    ps_put_span(fields, 0, record, ps_span_of(in->in.data + start, end - start - 1));
    return PS_STEP_RECORD;
}

const struct ps_parser ps_parser_task_children = {
    .kind = "task_children",
    .record_size = sizeof(struct ps_task_children),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = task_children_next,
};
