/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/igmp6, printed by net/ipv6/mcast.c igmp6_mc_seq_show(); proc(5).
 *
 *   4    eth0            ff020000000000000000000000000001     1 0000000C 0
 *
 * Everybody may read it; no file without IPv6 (ENOENT). The group is in network order.
 */
#include "parsers/net_igmp6.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_igmp6, name, type)

static const struct ps_field fields[] = {
    FIELD(ifindex, PS_U64), FIELD(device, PS_BYTES), FIELD(group, PS_IP6),      FIELD(users, PS_U64),
    FIELD(flags, PS_HEX64), FIELD(timer, PS_I64),    FIELD(more, PS_WORD_LIST),
};

enum { IFINDEX, DEVICE, GROUP, USERS, MORE = 6, COUNT };

static const char *read_group(struct ps_cursor *line, void *record)
{
    struct ps_net_igmp6 *r = record;

    if (!ps_take_number(line, fields, IFINDEX, r) || !ps_skip_blanks(line))
        return "no number of an interface";
    if (!ps_take_word(line, &r->device) || !ps_skip_blanks(line))
        return "no interface";
    ps_set_present(r, DEVICE);
    if (!ps_take_hex_bytes(line, r->group, sizeof r->group) || !ps_skip_blanks(line))
        return "no group of 32 hex digits";
    ps_set_present(r, GROUP);
    return ps_read_columns(line, fields, USERS, MORE, COUNT, r);
}

static enum ps_step net_igmp6_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_group);
}

const struct ps_parser ps_parser_net_igmp6 = {
    .kind = "net_igmp6",
    .record_size = sizeof(struct ps_net_igmp6),
    .fields = fields,
    .field_count = COUNT,
    .next = net_igmp6_next,
};
