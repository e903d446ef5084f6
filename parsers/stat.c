/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/stat, printed by fs/proc/stat.c show_stat(); proc(5).
 *
 *   btime 1766275210
 *
 * Everybody may read it, but not in a procfs mounted with subset=pid (ENOENT). intr and softirq are the totals: the
 * first number of their lines; the numbers of each line of interrupt stay in the raw file. In a time namespace btime
 * is shifted by the reader's own boottime offset.
 */
#include "parsers/stat.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_stat, name, type)

static const struct ps_field fields[] = {
    FIELD(cpu, PS_LINE_LIST), FIELD(intr, PS_U64),          FIELD(ctxt, PS_U64),          FIELD(btime, PS_U64),
    FIELD(processes, PS_U64), FIELD(procs_running, PS_U64), FIELD(procs_blocked, PS_U64), FIELD(softirq, PS_U64),
};

enum { CPU, COUNT = sizeof fields / sizeof fields[0] };

/* The cpu lines follow one another: the list of them is one piece of the file. */
static const char *read_cpu(struct ps_span line, struct ps_stat *r)
{
    if (r->cpu.len > 0)
        return ps_span_join(&r->cpu, line) ? NULL : "a cpu line apart from the others";
    ps_put_span(fields, CPU, r, line);
    return NULL;
}

static const char *read_line(struct ps_cursor *line, void *record)
{
    struct ps_record *head = record;
    struct ps_span key;

    if (!ps_take_word(line, &key))
        return "no key at the start";
    if (ps_span_starts(key, "cpu"))
        return read_cpu(line->in, record);
    for (size_t i = CPU + 1; i < COUNT; i++) {
        if (!ps_span_is(key, fields[i].name))
            continue;
        if ((head->present >> i & 1) != 0)
            return "this key was there before";
        if (!ps_take_byte(line, ' ') || !ps_take_number(line, fields, i, record))
            return "not a number that fits";
        return NULL;
    }
    return NULL;
}

static enum ps_step stat_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_whole(in, record, issue, read_line);
}

const struct ps_parser ps_parser_stat = {
    .kind = "stat",
    .record_size = sizeof(struct ps_stat),
    .fields = fields,
    .field_count = COUNT,
    .single = true,
    .next = stat_next,
};
