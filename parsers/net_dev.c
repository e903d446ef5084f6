/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/dev, printed by net/core/net-procfs.c dev_seq_show(); proc(5).
 *
 *     eth0: 1102152490   27139    0    0    0     0          0         0  1360783   17793    0    0    0     0       0
 * 0
 *
 * Everybody may read it. A name is filled with blanks on its left, and old kernels printed the first number right
 * behind its colon. Names hold no blanks; those of aliases hold colons, so the last one ends the name.
 */
#include "parsers/net_dev.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_dev, name, type)

static const struct ps_field fields[] = {
    FIELD(interface, PS_BYTES),   FIELD(rx_bytes, PS_U64),   FIELD(rx_packets, PS_U64), FIELD(rx_errs, PS_U64),
    FIELD(rx_drop, PS_U64),       FIELD(rx_fifo, PS_U64),    FIELD(rx_frame, PS_U64),   FIELD(rx_compressed, PS_U64),
    FIELD(rx_multicast, PS_U64),  FIELD(tx_bytes, PS_U64),   FIELD(tx_packets, PS_U64), FIELD(tx_errs, PS_U64),
    FIELD(tx_drop, PS_U64),       FIELD(tx_fifo, PS_U64),    FIELD(tx_colls, PS_U64),   FIELD(tx_carrier, PS_U64),
    FIELD(tx_compressed, PS_U64), FIELD(more, PS_WORD_LIST),
};

enum { INTERFACE, RX_BYTES, COUNT = sizeof fields / sizeof fields[0] };

static const char *read_interface(struct ps_cursor *line, void *record)
{
    struct ps_span name;

    ps_skip_run(line, ' ');
    if (!ps_take_until_last(line, ':', &name) || name.len == 0)
        return "no interface with a colon";
    ps_put_span(fields, INTERFACE, record, name);
    return ps_read_columns(line, fields, RX_BYTES, COUNT - 1, COUNT, record);
}

/* Two lines, each of which must be there whole. */
static void skip_headers(struct ps_cursor *in)
{
    struct ps_cursor ahead = *in;
    struct ps_span line;

    if (ps_take_text(&ahead, "Inter-|") && ps_take_until(&ahead, '\n', &line) && ps_take_text(&ahead, " face |") &&
        ps_take_until(&ahead, '\n', &line))
        *in = ahead;
}

static enum ps_step net_dev_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    if (in->at == 0)
        skip_headers(in);
    return ps_next_row(in, record, issue, read_interface);
}

const struct ps_parser ps_parser_net_dev = {
    .kind = "net_dev",
    .record_size = sizeof(struct ps_net_dev),
    .fields = fields,
    .field_count = COUNT,
    .next = net_dev_next,
};
