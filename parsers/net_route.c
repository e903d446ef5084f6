/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/route, printed by net/ipv4/fib_trie.c fib_route_seq_show(); route(8).
 *
 *   eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
 *
 * Everybody may read it. It shows the main table only, of each route the first hop. Addresses are numbers of a
 * little-endian machine, as in net/tcp. A row is filled with blanks to 127 columns.
 */
#include "parsers/net_route.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_route, name, type)

static const struct ps_field fields[] = {
    FIELD(iface, PS_BYTES),   FIELD(destination, PS_IP4), FIELD(gateway, PS_IP4), FIELD(flags, PS_HEX64),
    FIELD(ref_count, PS_I64), FIELD(use, PS_U64),         FIELD(metric, PS_I64),  FIELD(mask, PS_IP4),
    FIELD(mtu, PS_I64),       FIELD(window, PS_U64),      FIELD(irtt, PS_U64),    FIELD(more, PS_WORD_LIST),
};

enum { IFACE, DESTINATION, GATEWAY, FLAGS, MASK = 7, MTU, MORE = 11, COUNT };

static bool take_address(struct ps_cursor *line, size_t index, void *record)
{
    if (!ps_take_ip4_word(line, ps_field_slot(&fields[index], record)) || !ps_skip_blanks(line))
        return false;
    ps_set_present(record, index);
    return true;
}

static const char *read_route(struct ps_cursor *line, void *record)
{
    struct ps_span iface;

    if (!ps_take_word(line, &iface) || !ps_skip_blanks(line))
        return "no interface";
    ps_put_span(fields, IFACE, record, iface);
    if (!take_address(line, DESTINATION, record))
        return "no destination";
    if (!take_address(line, GATEWAY, record))
        return "no gateway";
    for (size_t i = FLAGS; i < MASK; i++)
        if (!ps_take_number(line, fields, i, record) || !ps_skip_blanks(line))
            return "not a number that fits";
    if (!take_address(line, MASK, record))
        return "no mask";
    return ps_read_columns(line, fields, MTU, MORE, COUNT, record);
}

static enum ps_step net_route_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "Iface\t");
    return ps_next_row(in, record, issue, read_route);
}

const struct ps_parser ps_parser_net_route = {
    .kind = "net_route",
    .record_size = sizeof(struct ps_net_route),
    .fields = fields,
    .field_count = COUNT,
    .next = net_route_next,
};
