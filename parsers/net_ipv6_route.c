/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/ipv6_route, printed by net/ipv6/ip6_fib.c ipv6_route_native_seq_show();
 * include/uapi/linux/ipv6_route.h.
 *
 *   fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100
 *       00000002 00000000 00000001     eth0          (one line)
 *
 * Everybody may read it; no file without IPv6 (ENOENT). It shows all tables. Numbers are hex, addresses in network
 * order.
 */
#include "parsers/net_ipv6_route.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_ipv6_route, name, type)

static const struct ps_field fields[] = {
    FIELD(destination, PS_IP6), FIELD(destination_prefix, PS_U64),
    FIELD(source, PS_IP6),      FIELD(source_prefix, PS_U64),
    FIELD(next_hop, PS_IP6),    FIELD(metric, PS_U64),
    FIELD(ref_count, PS_U64),   FIELD(use, PS_U64),
    FIELD(flags, PS_HEX64),     FIELD(device, PS_BYTES),
};

enum { DEVICE = 9, COUNT };

/* An address, or a number that is printed in hex, and the blank behind it. */
static bool take_column(struct ps_cursor *line, size_t index, void *record)
{
    void *slot = ps_field_slot(&fields[index], record);
    bool good = fields[index].type == PS_IP6 ? ps_take_hex_bytes(line, slot, 16) : ps_take_hex(line, slot);

    if (!good || !ps_skip_blanks(line))
        return false;
    ps_set_present(record, index);
    return true;
}

static const char *read_route(struct ps_cursor *line, void *record)
{
    for (size_t i = 0; i < DEVICE; i++)
        if (!take_column(line, i, record))
            return fields[i].type == PS_IP6 ? "no address of 32 hex digits" : "not a hex number that fits";
    ps_put_rest(line, fields, DEVICE, record);
    return NULL;
}

static enum ps_step net_ipv6_route_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_route);
}

const struct ps_parser ps_parser_net_ipv6_route = {
    .kind = "net_ipv6_route",
    .record_size = sizeof(struct ps_net_ipv6_route),
    .fields = fields,
    .field_count = COUNT,
    .next = net_ipv6_route_next,
};
