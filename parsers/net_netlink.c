/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/netlink, printed by net/netlink/af_netlink.c netlink_native_seq_show(); netlink(7).
 *
 *   00000000cbb53a4d 0   4711       00000440 0        0        0     2        0        21519
 *
 * Everybody may read it; without CAP_NET_ADMIN sk is zeros or a hash. The columns Eth, Pid and Locks of the header are
 * called here after what they are: protocol, port_id, ref_count.
 */
#include "parsers/net_netlink.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_netlink, name, type)

static const struct ps_field fields[] = {
    FIELD(sk, PS_BYTES),  FIELD(protocol, PS_U64), FIELD(port_id, PS_U64),    FIELD(groups, PS_HEX64),
    FIELD(rmem, PS_I64),  FIELD(wmem, PS_I64),     FIELD(dump, PS_U64),       FIELD(ref_count, PS_U64),
    FIELD(drops, PS_U64), FIELD(inode, PS_U64),    FIELD(more, PS_WORD_LIST),
};

enum { COUNT = sizeof fields / sizeof fields[0] };

static const char *read_socket(struct ps_cursor *line, void *record)
{
    return ps_read_columns(line, fields, 0, COUNT - 1, COUNT, record);
}

static enum ps_step net_netlink_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "sk ");
    return ps_next_row(in, record, issue, read_socket);
}

const struct ps_parser ps_parser_net_netlink = {
    .kind = "net_netlink",
    .record_size = sizeof(struct ps_net_netlink),
    .fields = fields,
    .field_count = COUNT,
    .next = net_netlink_next,
};
