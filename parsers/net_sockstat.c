/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/sockstat and sockstat6, printed by net/ipv4/proc.c sockstat_seq_show() and net/ipv6/proc.c
 * sockstat6_seq_show(); proc(5).
 *
 *   TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 208
 *
 * Everybody may read them. More sockets in use than the tables have rows: some are not bound yet, or something hides
 * them. Words that are not in the table are passed over with their number.
 */
#include "parsers/net_sockstat.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_sockstat, name, type)

static const struct ps_field fields[] = {
    FIELD(protocol, PS_BYTES), FIELD(used, PS_I64),  FIELD(inuse, PS_I64), FIELD(orphan, PS_I64),
    FIELD(tw, PS_I64),         FIELD(alloc, PS_I64), FIELD(mem, PS_I64),   FIELD(memory, PS_I64),
};

enum { PROTOCOL, USED, COUNT = sizeof fields / sizeof fields[0] };

static const char *read_count(struct ps_cursor *line, struct ps_span word, void *record)
{
    const struct ps_record *head = record;
    int64_t unknown = 0;

    for (size_t i = USED; i < COUNT; i++) {
        if (!ps_span_is(word, fields[i].name))
            continue;
        if ((head->present >> i & 1) != 0)
            return "this word was there before";
        return ps_take_number(line, fields, i, record) ? NULL : "not a number that fits";
    }
    return ps_take_i64(line, &unknown) ? NULL : "not a number that fits";
}

static const char *read_protocol(struct ps_cursor *line, void *record)
{
    struct ps_span word;

    if (!ps_take_until(line, ':', &word) || word.len == 0)
        return "no protocol with a colon";
    ps_put_span(fields, PROTOCOL, record, word);
    while (ps_skip_blanks(line) && ps_take_word(line, &word)) {
        if (!ps_skip_blanks(line))
            return "a word without a number";
        const char *why = read_count(line, word, record);
        if (why != NULL)
            return why;
    }
    return ps_cursor_done(line) ? NULL : "no blank behind a column";
}

static enum ps_step sockstat_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_protocol);
}

/* clang-format off */
#define SOCKSTAT(name) \
    {.kind = (name), .record_size = sizeof(struct ps_net_sockstat), .fields = fields, .field_count = COUNT, \
     .next = sockstat_next}
/* clang-format on */

const struct ps_parser ps_parser_net_sockstat = SOCKSTAT("net_sockstat");
const struct ps_parser ps_parser_net_sockstat6 = SOCKSTAT("net_sockstat6");
