/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/packet, printed by net/packet/af_packet.c packet_seq_show(); packet(7).
 *
 *   00000000a1b2c3d4 3      3    0003   2     1 0      0      184213
 *
 * Everybody may read it; without CAP_NET_ADMIN sk is zeros or a hash. Ids are mapped into the user namespace of the
 * reader. Each row is somebody who takes frames off the wire: a sniffer, a DHCP client, a packet filter.
 */
#include "parsers/net_packet.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_packet, name, type)

static const struct ps_field fields[] = {
    FIELD(sk, PS_BYTES),       FIELD(ref_count, PS_U64), FIELD(type, PS_NAME),      FIELD(type_code, PS_U64),
    FIELD(protocol, PS_HEX64), FIELD(iface, PS_I64),     FIELD(running, PS_U64),    FIELD(rmem, PS_U64),
    FIELD(uid, PS_U64),        FIELD(inode, PS_U64),     FIELD(more, PS_WORD_LIST),
};

enum { SK, REF_COUNT, TYPE, TYPE_CODE, PROTOCOL, MORE = 10, COUNT };

/* include/linux/net.h enum sock_type */
static const char *name_of(uint64_t type)
{
    return type == 2 ? "DGRAM" : type == 3 ? "RAW" : type == 10 ? "PACKET" : NULL;
}

static const char *read_socket(struct ps_cursor *line, void *record)
{
    struct ps_net_packet *r = record;

    ps_skip_blanks(line);
    if (!ps_take_word(line, &r->sk) || !ps_skip_blanks(line))
        return "no socket at the start";
    ps_set_present(r, SK);
    if (!ps_take_number(line, fields, REF_COUNT, r) || !ps_skip_blanks(line))
        return "no number of references";
    if (!ps_take_u64(line, &r->type_code) || !ps_skip_blanks(line))
        return "no type";
    r->type = name_of(r->type_code);
    ps_set_present(r, r->type != NULL ? TYPE : TYPE_CODE);
    return ps_read_columns(line, fields, PROTOCOL, MORE, COUNT, r);
}

static enum ps_step net_packet_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "sk ");
    return ps_next_row(in, record, issue, read_socket);
}

const struct ps_parser ps_parser_net_packet = {
    .kind = "net_packet",
    .record_size = sizeof(struct ps_net_packet),
    .fields = fields,
    .field_count = COUNT,
    .next = net_packet_next,
};
