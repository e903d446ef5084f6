/* SPDX-License-Identifier: Apache-2.0
 *
 * /sys/fs/cgroup/.../memory.max, memory.events, cpu.stat, pids.max and the like, of both versions
 * (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/): a line is a value, several of them, or a key and its value.
 *
 *   oom_kill 3
 */
#include "parsers/cgroup_file.h"

#include "parsers/lines.h"

static const struct ps_field fields[] = {PS_FIELD(struct ps_cgroup_file, words, PS_WORD_LIST)};

static const char *read_words(struct ps_cursor *line, void *record)
{
    struct ps_span word;
    if (!ps_take_word(line, &word))
        return "a line without a word";
    line->at = 0;
    ps_put_span(fields, 0, record, ps_cursor_rest(line));
    return NULL;
}

static enum ps_step cgroup_file_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    uint8_t byte = 0;
    size_t start = in->at;
    if (ps_cursor_left(in) == 1 && ps_at_line_start(in) && ps_peek_byte(in, &byte) && byte != '\n') {
        ps_skip_rest(in);
        return ps_bad(issue, start, "one byte without a newline: it may be cut");
    }
    return ps_next_row(in, record, issue, read_words);
}

const struct ps_parser ps_parser_cgroup_file = {
    .kind = "cgroup_file",
    .record_size = sizeof(struct ps_cgroup_file),
    .fields = fields,
    .field_count = 1,
    .next = cgroup_file_next,
};
