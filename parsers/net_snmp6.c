/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/snmp6, printed by net/ipv6/proc.c snmp6_seq_show(); RFC 4293.
 *
 *   Ip6InReceives                   \t2
 *
 * Everybody may read it; no file without IPv6 (ENOENT). Which counters there are depends on the kernel.
 */
#include "parsers/net_snmp6.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_snmp6, name, type)

static const struct ps_field fields[] = {
    FIELD(counter, PS_BYTES),
    FIELD(value, PS_U64),
    FIELD(more, PS_WORD_LIST),
};

enum { COUNT = sizeof fields / sizeof fields[0] };

static const char *read_counter(struct ps_cursor *line, void *record)
{
    return ps_read_columns(line, fields, 0, COUNT - 1, COUNT, record);
}

static enum ps_step net_snmp6_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_counter);
}

const struct ps_parser ps_parser_net_snmp6 = {
    .kind = "net_snmp6",
    .record_size = sizeof(struct ps_net_snmp6),
    .fields = fields,
    .field_count = COUNT,
    .next = net_snmp6_next,
};
