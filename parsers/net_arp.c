/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/arp, printed by net/ipv4/arp.c arp_seq_show(); arp(7).
 *
 *   192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0
 *
 * Everybody may read it. Columns are filled with blanks, none of their values holds one.
 */
#include "parsers/net_arp.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_arp, name, type)

static const struct ps_field fields[] = {
    FIELD(ip_address, PS_BYTES), FIELD(hw_type, PS_HEX64), FIELD(flags, PS_HEX64),
    FIELD(hw_address, PS_BYTES), FIELD(mask, PS_BYTES),    FIELD(device, PS_BYTES),
};

enum { IP_ADDRESS, HW_TYPE, FLAGS, HW_ADDRESS, MASK, DEVICE, COUNT };

static bool take_hex_column(struct ps_cursor *line, size_t index, void *record)
{
    return ps_take_text(line, "0x") && ps_take_number(line, fields, index, record) && ps_skip_blanks(line);
}

static const char *read_neighbour(struct ps_cursor *line, void *record)
{
    struct ps_span word;

    if (!ps_take_word(line, &word) || !ps_skip_blanks(line))
        return "no address";
    ps_put_span(fields, IP_ADDRESS, record, word);
    if (!take_hex_column(line, HW_TYPE, record))
        return "no hardware type";
    if (!take_hex_column(line, FLAGS, record))
        return "no flags";
    if (!ps_take_word(line, &word) || !ps_skip_blanks(line))
        return "no mask";
    if (!ps_span_is(word, "*")) {
        ps_put_span(fields, HW_ADDRESS, record, word);
        if (!ps_take_word(line, &word) || !ps_skip_blanks(line))
            return "no mask";
    }
    ps_put_span(fields, MASK, record, word);
    if (ps_cursor_done(line))
        return "no device";
    ps_put_rest(line, fields, DEVICE, record);
    return NULL;
}

static enum ps_step net_arp_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "IP address ");
    return ps_next_row(in, record, issue, read_neighbour);
}

const struct ps_parser ps_parser_net_arp = {
    .kind = "net_arp",
    .record_size = sizeof(struct ps_net_arp),
    .fields = fields,
    .field_count = COUNT,
    .next = net_arp_next,
};
