/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/unix, printed by net/unix/af_unix.c unix_seq_show(); proc(5).
 *
 *   0000000000000000: 00000002 00000000 00010000 0001 01 21537 /run/app.sock
 *
 * Everybody may read it; without CAP_NET_ADMIN num is zeros or a hash.
 *
 * Names are printed as they are, newlines too, so any user can put what looks like a row into this file. A line that
 * is no row by the strict grammar goes on with the name of the row before it. One that is, is given as a row: only a
 * second source (sock_diag, a descriptor with that inode) tells a forged one. Of an abstract name every NUL is printed
 * as '@', as the '@' in it are.
 */
#include "parsers/net_unix.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_unix, name, type)

static const struct ps_field fields[] = {
    FIELD(num, PS_BYTES), FIELD(ref_count, PS_U64), FIELD(protocol, PS_U64), FIELD(flags, PS_HEX64),
    FIELD(type, PS_NAME), FIELD(type_code, PS_U64), FIELD(state, PS_NAME),   FIELD(state_code, PS_U64),
    FIELD(inode, PS_U64), FIELD(path, PS_BYTES),
};

enum { NUM, REF_COUNT, PROTOCOL, FLAGS, TYPE, TYPE_CODE, STATE, STATE_CODE, INODE, PATH };

static const char *const types[] = {NULL, "STREAM", "DGRAM", "RAW", "RDM", "SEQPACKET"};
static const char *const states[] = {"FREE", "UNCONNECTED", "CONNECTING", "CONNECTED", "DISCONNECTING"};

/* Exactly so many hex digits and the blank behind them, or the end. */
static bool take_digits(struct ps_cursor *line, size_t digits, uint64_t *value)
{
    size_t start = line->at;

    if (!ps_take_hex(line, value) || line->at - start != digits)
        return false;
    return ps_take_byte(line, ' ') || ps_cursor_done(line);
}

/* Eight digits; three in the tables of very old kernels. */
static bool take_eight(struct ps_cursor *line, uint64_t *value)
{
    struct ps_cursor ahead = *line;

    if (take_digits(line, 8, value))
        return true;
    *line = ahead;
    return take_digits(line, 3, value);
}

static void name_code(struct ps_net_unix *r, const char **name, size_t index, uint64_t code, const char *const *names,
                      size_t count)
{
    if (code < count)
        *name = names[code];
    ps_set_present(r, *name != NULL ? index : index + 1);
}

/* "0000000000000000: 00000002 00000000 00010000 0001 01", where every row begins. */
static bool take_head(struct ps_cursor *line, struct ps_net_unix *r)
{
    uint64_t num = 0;

    if (!ps_take_until(line, ':', &r->num) || !ps_take_byte(line, ' '))
        return false;
    struct ps_cursor digits = ps_cursor_over(r->num);
    if (!ps_take_hex(&digits, &num) || !ps_cursor_done(&digits) || r->num.len > 16)
        return false;
    if (!take_digits(line, 8, &r->ref_count) || !take_eight(line, &r->protocol) || !take_eight(line, &r->flags) ||
        !take_digits(line, 4, &r->type_code) || !take_digits(line, 2, &r->state_code))
        return false;
    for (size_t i = NUM; i <= FLAGS; i++)
        ps_set_present(r, i);
    name_code(r, &r->type, TYPE, r->type_code, types, sizeof types / sizeof types[0]);
    name_code(r, &r->state, STATE, r->state_code, states, sizeof states / sizeof states[0]);
    return true;
}

/* The inode, padded with blanks to five, and behind one blank the name. */
static bool take_tail(struct ps_cursor *line, bool with_inode, struct ps_net_unix *r)
{
    if (with_inode) {
        ps_skip_run(line, ' ');
        if (!ps_take_number(line, fields, INODE, r))
            return false;
        if (!ps_cursor_done(line) && !ps_take_byte(line, ' '))
            return false;
    }
    /* Only a socket that has a name has the blank before it: nothing behind a blank is an empty name, or its start. */
    if (ps_span_ends(ps_cursor_passed(line, 0), " "))
        ps_put_span(fields, PATH, r, ps_cursor_rest(line));
    return true;
}

static bool is_row(struct ps_span text, bool with_inode, struct ps_net_unix *r)
{
    struct ps_cursor line = ps_cursor_over(text);

    return take_head(&line, r) && take_tail(&line, with_inode, r);
}

/* Very old kernels printed no inodes: their header does not name them. It is looked at in every step, so only as far as
 * a header reaches. */
static bool has_inodes(struct ps_span file)
{
    struct ps_cursor in = ps_cursor_over(file);
    struct ps_span start;
    struct ps_span header;
    struct ps_span word;

    if (!ps_span_starts(file, "Num ") || !ps_take_bytes(&in, file.len < 128 ? file.len : 128, &start))
        return true;
    in = ps_cursor_over(start);
    if (!ps_take_until(&in, '\n', &header))
        return true;
    for (in = ps_cursor_over(header); ps_take_word(&in, &word); ps_skip_run(&in, ' '))
        if (ps_span_is(word, "Inode"))
            return true;
    return false;
}

/* The lines up to the next row belong to the name, with their newlines. */
static void take_name_lines(struct ps_cursor *in, bool with_inode, struct ps_net_unix *r)
{
    struct ps_cursor ahead = *in;
    struct ps_span text;

    while (ps_take_line(&ahead, &text)) {
        struct ps_net_unix other = {0};
        if (is_row(text, with_inode, &other) || !ps_span_join(&r->path, text))
            return;
        *in = ahead;
    }
}

static enum ps_step net_unix_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    struct ps_net_unix *r = record;
    bool with_inode = has_inodes(in->in);
    struct ps_span text;

    ps_skip_header(in, "Num ");
    size_t start = in->at;
    if (ps_cursor_done(in))
        return PS_STEP_END;
    if (!ps_at_line_start(in))
        return ps_bad_rest(in, issue);
    if (!ps_take_line(in, &text) || !is_row(text, with_inode, r))
        return ps_bad(issue, start, "no row, and no name before it that could go on here");
    if (r->path.data != NULL)
        take_name_lines(in, with_inode, r);
    if (!ps_at_line_start(in))
        ps_end_line(in);
    return PS_STEP_RECORD;
}

const struct ps_parser ps_parser_net_unix = {
    .kind = "net_unix",
    .record_size = sizeof(struct ps_net_unix),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .next = net_unix_next,
};
