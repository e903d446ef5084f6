/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/ptype, printed by net/core/net-procfs.c ptype_seq_show().
 *
 *   ALL  eth0     tpacket_rcv
 *   0800          ip_rcv
 *
 * Everybody may read it. A packet socket that runs stands here too, whatever net/packet shows. The type has four
 * columns, the device is filled with blanks to eight.
 */
#include "parsers/net_ptype.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_ptype, name, type)

static const struct ps_field fields[] = {
    FIELD(type, PS_BYTES),
    FIELD(device, PS_BYTES),
    FIELD(function, PS_BYTES),
};

enum { TYPE, DEVICE, FUNCTION, COUNT };

static bool is_type(struct ps_span word)
{
    struct ps_cursor in = ps_cursor_over(word);
    uint64_t number = 0;

    return ps_span_is(word, "ALL") || (word.len == 4 && ps_take_hex(&in, &number) && ps_cursor_done(&in));
}

static const char *read_type(struct ps_cursor *line, void *record)
{
    struct ps_span word;

    if (!ps_take_word(line, &word) || !is_type(word) || ps_skip_run(line, ' ') == 0)
        return "neither ALL nor four hex digits";
    ps_put_span(fields, TYPE, record, word);
    /* "ALL " and the blank, or "0800" and the blank: the device begins in the sixth column. */
    if (line->at == 5) {
        if (!ps_take_word(line, &word) || !ps_skip_blanks(line))
            return "no function behind the device";
        ps_put_span(fields, DEVICE, record, word);
    }
    if (ps_cursor_done(line))
        return "no function";
    ps_put_rest(line, fields, FUNCTION, record);
    return NULL;
}

static enum ps_step net_ptype_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "Type ");
    return ps_next_row(in, record, issue, read_type);
}

const struct ps_parser ps_parser_net_ptype = {
    .kind = "net_ptype",
    .record_size = sizeof(struct ps_net_ptype),
    .fields = fields,
    .field_count = COUNT,
    .next = net_ptype_next,
};
