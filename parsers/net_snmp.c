/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/snmp and netstat, printed by net/ipv4/proc.c snmp_seq_show() and netstat_seq_show(); RFC 1213,
 * Documentation/networking/snmp_counter.rst.
 *
 *   UdpLite: InDatagrams NoPorts InErrors
 *   UdpLite: 0 0 0
 *
 * Everybody may read them. Which counters there are depends on the kernel.
 */
#include "parsers/net_snmp.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_snmp, name, type)

static const struct ps_field fields[] = {
    FIELD(protocol, PS_BYTES),
    FIELD(counters, PS_WORD_LIST),
    FIELD(values, PS_U64_LIST),
};

enum { PROTOCOL, COUNTERS, VALUES, COUNT };

/* "Tcp: " and the rest */
static bool take_protocol(struct ps_cursor *line, struct ps_span *protocol)
{
    return ps_take_until(line, ':', protocol) && protocol->len > 0 && ps_take_byte(line, ' ');
}

/* As many numbers as there are names. */
static const char *check_values(struct ps_cursor *values, struct ps_cursor names)
{
    struct ps_span name;
    int64_t value = 0;

    for (; ps_take_word(&names, &name); ps_skip_run(&names, ' ')) {
        struct ps_cursor ahead = *values;
        uint64_t large = 0;
        if (ps_cursor_done(values))
            return "fewer values than names in the line before";
        if (!ps_take_i64(&ahead, &value) && !ps_take_u64(&ahead, &large))
            return "not a number that fits";
        *values = ahead;
        if (ps_skip_run(values, ' ') == 0 && !ps_cursor_done(values))
            return "no blank behind a value";
    }
    return ps_cursor_done(values) ? NULL : "more values than names in the line before";
}

static const char *read_names(struct ps_cursor *line, void *record)
{
    struct ps_span protocol;

    if (!take_protocol(line, &protocol))
        return "no protocol with a colon";
    ps_put_span(fields, PROTOCOL, record, protocol);
    ps_put_span(fields, COUNTERS, record, ps_cursor_rest(line));
    return NULL;
}

static const char *read_values(struct ps_cursor *line, void *record)
{
    struct ps_net_snmp *r = record;
    struct ps_span protocol;

    if (!take_protocol(line, &protocol) || !ps_span_equal(protocol, r->protocol))
        return "no values of the protocol whose names are in the line before";
    ps_put_span(fields, VALUES, r, ps_cursor_rest(line));
    return check_values(line, ps_cursor_over(r->counters));
}

static enum ps_step snmp_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    enum ps_step step = ps_next_row(in, record, issue, read_names);

    if (step != PS_STEP_RECORD)
        return step;
    if (ps_cursor_done(in))
        return ps_bad(issue, in->at, "names without a line of values");
    return ps_next_row(in, record, issue, read_values);
}

/* clang-format off */
#define COUNTERS_OF(name) \
    {.kind = (name), .record_size = sizeof(struct ps_net_snmp), .fields = fields, .field_count = COUNT, \
     .next = snmp_next}
/* clang-format on */

const struct ps_parser ps_parser_net_snmp = COUNTERS_OF("net_snmp");
const struct ps_parser ps_parser_net_netstat = COUNTERS_OF("net_netstat");
