/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/if_inet6, printed by net/ipv6/addrconf.c if6_seq_show().
 *
 *   fd000000000000000000000000000002 04 40 00 82     eth0
 *
 * Everybody may read it; no file without IPv6 (ENOENT). Numbers are hex, the address in network order. There is no such
 * file for IPv4: own addresses are the leaves "/32 host LOCAL" of net/fib_trie.
 */
#include "parsers/net_if_inet6.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_if_inet6, name, type)

static const struct ps_field fields[] = {
    FIELD(address, PS_IP6), FIELD(ifindex, PS_U64), FIELD(prefix_length, PS_U64),
    FIELD(scope, PS_HEX64), FIELD(flags, PS_HEX64), FIELD(device, PS_BYTES),
};

enum { ADDRESS, IFINDEX, DEVICE = 5, COUNT };

static const char *read_address(struct ps_cursor *line, void *record)
{
    struct ps_net_if_inet6 *r = record;

    if (!ps_take_hex_bytes(line, r->address, sizeof r->address) || !ps_skip_blanks(line))
        return "no address of 32 hex digits";
    ps_set_present(r, ADDRESS);
    for (size_t i = IFINDEX; i < DEVICE; i++) {
        if (!ps_take_hex(line, ps_field_slot(&fields[i], r)) || !ps_skip_blanks(line))
            return "not a hex number that fits";
        ps_set_present(r, i);
    }
    if (ps_cursor_done(line))
        return "no device";
    ps_put_rest(line, fields, DEVICE, r);
    return NULL;
}

static enum ps_step net_if_inet6_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_address);
}

const struct ps_parser ps_parser_net_if_inet6 = {
    .kind = "net_if_inet6",
    .record_size = sizeof(struct ps_net_if_inet6),
    .fields = fields,
    .field_count = COUNT,
    .next = net_if_inet6_next,
};
