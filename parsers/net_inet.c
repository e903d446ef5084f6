/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/tcp, tcp6, udp, udp6, udplite, udplite6, raw, raw6, icmp, icmp6, printed by net/ipv4/tcp_ipv4.c
 * tcp4_seq_show() and its siblings (raw.c raw_sock_seq_show(), ping.c ping_v4_format_sock()); proc(5),
 * Documentation/networking/proc_net_tcp.rst.
 *
 *    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 184213 1 0000000000000000
 *       100 0 0 10 0          (one line)
 *
 * Everybody may read it; without CAP_NET_ADMIN the pointer is zeros or a hash. Ids are mapped into the user namespace
 * of the reader. A kernel without IPv6 has no tcp6 and its like (ENOENT), nor udplite where it was left out.
 *
 * What stands in the place of the local port is the protocol number for raw (1: it sees every ICMP packet), and for
 * icmp, the sockets of ping without rights, the id of the echo requests.
 *
 * An address is printed as 32-bit words in the byte order of the machine. They are read here as a little-endian
 * machine prints them: 0100007F is 127.0.0.1. Evidence from a big-endian machine is out of scope, the text does not
 * tell which it was. Ports are plain hex numbers. Rows of TIME_WAIT and SYN_RECV end behind the pointer.
 */
#include "parsers/net_inet.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_inet, name, type)

#define COMMON(address, port)                                                                                          \
    FIELD(sl, PS_I64), FIELD(local_address, address), {port, PS_U64, offsetof(struct ps_net_inet, local_port)},        \
        FIELD(remote_address, address), FIELD(remote_port, PS_U64), FIELD(state, PS_NAME),                             \
        FIELD(state_code, PS_HEX64), FIELD(tx_queue, PS_U64), FIELD(rx_queue, PS_U64), FIELD(timer_active, PS_U64),    \
        FIELD(tm_when, PS_U64), FIELD(retrnsmt, PS_U64), FIELD(uid, PS_U64), FIELD(timeout, PS_I64),                   \
        FIELD(inode, PS_U64), FIELD(ref_count, PS_I64), FIELD(pointer, PS_BYTES)

#define TCP_ONLY                                                                                                       \
    FIELD(rto, PS_U64), FIELD(ato, PS_U64), FIELD(ack, PS_U64), FIELD(snd_cwnd, PS_U64), FIELD(snd_ssthresh, PS_I64),  \
        FIELD(more, PS_WORD_LIST)

#define UDP_ONLY FIELD(drops, PS_U64), FIELD(more, PS_WORD_LIST)

static const struct ps_field tcp[] = {COMMON(PS_IP4, "local_port"), TCP_ONLY};
static const struct ps_field tcp6[] = {COMMON(PS_IP6, "local_port"), TCP_ONLY};
static const struct ps_field udp[] = {COMMON(PS_IP4, "local_port"), UDP_ONLY};
static const struct ps_field udp6[] = {COMMON(PS_IP6, "local_port"), UDP_ONLY};
static const struct ps_field raw[] = {COMMON(PS_IP4, "protocol"), UDP_ONLY};
static const struct ps_field raw6[] = {COMMON(PS_IP6, "protocol"), UDP_ONLY};
static const struct ps_field icmp[] = {COMMON(PS_IP4, "ident"), UDP_ONLY};
static const struct ps_field icmp6[] = {COMMON(PS_IP6, "ident"), UDP_ONLY};

enum {
    SL,
    LOCAL_ADDRESS,
    LOCAL_PORT,
    REMOTE_ADDRESS,
    REMOTE_PORT,
    STATE,
    STATE_CODE,
    TX_QUEUE,
    RX_QUEUE,
    TIMER_ACTIVE,
    TM_WHEN,
    RETRNSMT,
    UID,
    TIMEOUT,
    INODE,
    REF_COUNT,
    POINTER,
};

/* include/net/tcp_states.h; udp borrows ESTABLISHED (connected) and CLOSE (not). */
static const char *const states[] = {
    NULL,    "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",    "TIME_WAIT",
    "CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV", "BOUND_INACTIVE",
};

/* One or more 32-bit words of eight digits, and the port. */
static bool take_endpoint(struct ps_cursor *line, size_t words, uint8_t *address, uint64_t *port)
{
    for (size_t word = 0; word < words; word++) {
        struct ps_span digits;
        uint64_t value = 0;
        if (!ps_take_bytes(line, 8, &digits))
            return false;
        struct ps_cursor in = ps_cursor_over(digits);
        if (!ps_take_hex(&in, &value) || !ps_cursor_done(&in))
            return false;
        for (size_t i = 0; i < 4; i++)
            address[4 * word + i] = (uint8_t) (value >> (8 * i));
    }
    return ps_take_byte(line, ':') && ps_take_hex(line, port) && *port <= UINT16_MAX;
}

static const char *take_endpoints(struct ps_cursor *line, const struct ps_field *fields, struct ps_net_inet *r)
{
    size_t words = fields[LOCAL_ADDRESS].type == PS_IP6 ? 4 : 1;

    ps_skip_run(line, ' ');
    if (!ps_take_number(line, fields, SL, r) || !ps_take_byte(line, ':'))
        return "no row number with a colon";
    ps_skip_run(line, ' ');
    if (!take_endpoint(line, words, r->local_address, &r->local_port) || ps_skip_run(line, ' ') == 0)
        return "no local address:port";
    if (!take_endpoint(line, words, r->remote_address, &r->remote_port) || ps_skip_run(line, ' ') == 0)
        return "no remote address:port";
    for (size_t i = LOCAL_ADDRESS; i <= REMOTE_PORT; i++)
        ps_set_present(r, i);
    return NULL;
}

static bool take_state(struct ps_cursor *line, struct ps_net_inet *r)
{
    if (!ps_take_hex(line, &r->state_code) || ps_skip_run(line, ' ') == 0)
        return false;
    if (r->state_code < sizeof states / sizeof states[0])
        r->state = states[r->state_code];
    ps_set_present(r, r->state != NULL ? STATE : STATE_CODE);
    return true;
}

/* A number that is printed in hex, and what divides it from the next one. */
static bool take_hex_column(struct ps_cursor *line, const struct ps_field *fields, size_t index, uint8_t divider,
                            struct ps_net_inet *r)
{
    if (!ps_take_hex(line, ps_field_slot(&fields[index], r)) || ps_skip_run(line, divider) == 0)
        return false;
    ps_set_present(r, index);
    return true;
}

static const char *take_queues(struct ps_cursor *line, const struct ps_field *fields, struct ps_net_inet *r)
{
    if (!take_state(line, r))
        return "no state";
    if (!take_hex_column(line, fields, TX_QUEUE, ':', r) || !take_hex_column(line, fields, RX_QUEUE, ' ', r))
        return "no tx_queue:rx_queue";
    if (!take_hex_column(line, fields, TIMER_ACTIVE, ':', r) || !take_hex_column(line, fields, TM_WHEN, ' ', r))
        return "no tr:tm->when";
    return take_hex_column(line, fields, RETRNSMT, ' ', r) ? NULL : "no retrnsmt";
}

/* The decimal columns, from uid on; a row may end behind the inode, behind the pointer, or later. */
static const char *take_rest(struct ps_cursor *line, const struct ps_field *fields, size_t count, struct ps_net_inet *r)
{
    struct ps_span pointer;

    for (size_t i = UID; i < count - 1; i++) {
        if (i > INODE && ps_cursor_done(line))
            return NULL;
        if (i != POINTER && !ps_take_number(line, fields, i, r))
            return "not a number that fits";
        if (i == POINTER && ps_take_word(line, &pointer))
            ps_put_span(fields, i, r, pointer);
        if (!ps_cursor_done(line) && ps_skip_run(line, ' ') == 0)
            return "no blank behind a column";
    }
    if (!ps_cursor_done(line))
        ps_put_span(fields, count - 1, r, ps_cursor_rest(line));
    return NULL;
}

static const char *read_row(struct ps_cursor *line, const struct ps_field *fields, size_t count, void *record)
{
    const char *why = take_endpoints(line, fields, record);

    if (why == NULL)
        why = take_queues(line, fields, record);
    return why != NULL ? why : take_rest(line, fields, count, record);
}

static const char *read_tcp(struct ps_cursor *line, void *record)
{
    return read_row(line, tcp, sizeof tcp / sizeof tcp[0], record);
}

static const char *read_tcp6(struct ps_cursor *line, void *record)
{
    return read_row(line, tcp6, sizeof tcp6 / sizeof tcp6[0], record);
}

/* Of raw and icmp too: their tables have other names at the same places. */
static const char *read_udp(struct ps_cursor *line, void *record)
{
    return read_row(line, udp, sizeof udp / sizeof udp[0], record);
}

static const char *read_udp6(struct ps_cursor *line, void *record)
{
    return read_row(line, udp6, sizeof udp6 / sizeof udp6[0], record);
}

static enum ps_step tcp_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "sl ");
    return ps_next_row(in, record, issue, read_tcp);
}

static enum ps_step tcp6_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "sl ");
    return ps_next_row(in, record, issue, read_tcp6);
}

static enum ps_step udp_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "sl ");
    return ps_next_row(in, record, issue, read_udp);
}

static enum ps_step udp6_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    ps_skip_header(in, "sl ");
    return ps_next_row(in, record, issue, read_udp6);
}

/* clang-format off */
#define TABLE(name, fields_, next_) \
    {.kind = (name), .record_size = sizeof(struct ps_net_inet), .fields = (fields_), \
     .field_count = sizeof(fields_) / sizeof(fields_)[0], .next = (next_)}
/* clang-format on */

const struct ps_parser ps_parser_net_tcp = TABLE("net_tcp", tcp, tcp_next);
const struct ps_parser ps_parser_net_tcp6 = TABLE("net_tcp6", tcp6, tcp6_next);
const struct ps_parser ps_parser_net_udp = TABLE("net_udp", udp, udp_next);
const struct ps_parser ps_parser_net_udp6 = TABLE("net_udp6", udp6, udp6_next);
const struct ps_parser ps_parser_net_udplite = TABLE("net_udplite", udp, udp_next);
const struct ps_parser ps_parser_net_udplite6 = TABLE("net_udplite6", udp6, udp6_next);
const struct ps_parser ps_parser_net_raw = TABLE("net_raw", raw, udp_next);
const struct ps_parser ps_parser_net_raw6 = TABLE("net_raw6", raw6, udp6_next);
const struct ps_parser ps_parser_net_icmp = TABLE("net_icmp", icmp, udp_next);
const struct ps_parser ps_parser_net_icmp6 = TABLE("net_icmp6", icmp6, udp6_next);
