/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/igmp, printed by net/ipv4/igmp.c igmp_mc_seq_show(); proc(5).
 *
 *   4\teth0      :     1      V3
 *   \t\t\t\t010000E0     1 0:00000000\t\t0
 *
 * Everybody may read it. The groups stand in lines of their own behind the interface. Addresses are numbers of a
 * little-endian machine, as in net/tcp: 010000E0 is 224.0.0.1.
 */
#include "parsers/net_igmp.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_igmp, name, type)

static const struct ps_field fields[] = {
    FIELD(ifindex, PS_U64),       FIELD(device, PS_BYTES), FIELD(count, PS_U64),
    FIELD(querier, PS_BYTES),     FIELD(group, PS_IP4),    FIELD(users, PS_U64),
    FIELD(timer_running, PS_U64), FIELD(timer, PS_HEX64),  FIELD(reporter, PS_U64),
};

enum { IFINDEX, DEVICE, NUMBER, QUERIER, GROUP, USERS, TIMER_RUNNING, TIMER, REPORTER, COUNT };

/* "010000E0     1 0:00000000\t\t0" */
static const char *read_group(struct ps_cursor *line, struct ps_net_igmp *r)
{
    if (!ps_take_ip4_word(line, r->group) || !ps_skip_blanks(line))
        return "no group of eight hex digits";
    ps_set_present(r, GROUP);
    if (!ps_take_number(line, fields, USERS, r) || !ps_skip_blanks(line))
        return "no number of users";
    if (!ps_take_number(line, fields, TIMER_RUNNING, r) || !ps_take_byte(line, ':') ||
        !ps_take_number(line, fields, TIMER, r) || !ps_skip_blanks(line))
        return "no timer";
    if (!ps_take_number(line, fields, REPORTER, r) || !ps_cursor_done(line))
        return "no reporter at the end";
    return NULL;
}

/* "4\teth0      :     1      V3"; names hold no blanks, but may hold colons. */
static const char *read_interface(struct ps_cursor *line, struct ps_net_igmp *r)
{
    struct ps_span filled;
    struct ps_span name;

    if (!ps_take_number(line, fields, IFINDEX, r) || !ps_take_byte(line, '\t'))
        return "no number of an interface";
    if (!ps_take_until_last(line, ':', &filled))
        return "no interface with a colon";
    struct ps_cursor in = ps_cursor_over(filled);
    bool named = ps_take_word(&in, &name);
    ps_skip_blanks(&in);
    if (!named || !ps_cursor_done(&in))
        return "no name of an interface";
    ps_put_span(fields, DEVICE, r, name);
    return ps_read_columns(line, fields, NUMBER, GROUP, GROUP, r);
}

static const char *read_line(struct ps_cursor *line, void *record)
{
    return ps_skip_blanks(line) ? read_group(line, record) : read_interface(line, record);
}

static enum ps_step net_igmp_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "Idx\t");
    return ps_next_row(in, record, issue, read_line);
}

const struct ps_parser ps_parser_net_igmp = {
    .kind = "net_igmp",
    .record_size = sizeof(struct ps_net_igmp),
    .fields = fields,
    .field_count = COUNT,
    .next = net_igmp_next,
};
