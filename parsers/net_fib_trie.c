/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/net/fib_trie, printed by net/ipv4/fib_trie.c fib_trie_seq_show();
 * Documentation/networking/fib_trie.rst.
 *
 *   Local:
 *     +-- 127.0.0.0/8 2 0 2
 *        |-- 127.0.0.1
 *           /32 host LOCAL
 *
 * Everybody may read it. The only file that tells the own IPv4 addresses: leaves with a route "/32 host LOCAL". Since
 * 4.1 Main and Local are one tree that is printed twice, unless there are policy rules.
 */
#include "parsers/net_fib_trie.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_net_fib_trie, name, type)

static const struct ps_field fields[] = {
    FIELD(table, PS_BYTES),
    FIELD(node, PS_BYTES),
    FIELD(leaf, PS_BYTES),
    FIELD(routes, PS_LINE_LIST),
};

enum { TABLE, NODE, LEAF, ROUTES, COUNT };

static const char *read_line(struct ps_cursor *line, void *record)
{
    struct ps_span name;

    if (!ps_skip_blanks(line)) {
        if (!ps_take_until_last(line, ':', &name) || !ps_cursor_done(line) || name.len == 0)
            return "no name of a table, with a colon";
        ps_put_span(fields, TABLE, record, name);
        return NULL;
    }
    size_t kind = ps_take_text(line, "+-- ") ? NODE : ps_take_text(line, "|-- ") ? LEAF : COUNT;
    if (kind == COUNT)
        return "no node, and no leaf before it whose route this could be";
    if (ps_cursor_done(line))
        return "a node without an address";
    ps_put_rest(line, fields, kind, record);
    return NULL;
}

static bool is_route(struct ps_span text)
{
    struct ps_cursor line = ps_cursor_over(text);
    uint64_t prefix = 0;

    return ps_skip_blanks(&line) && ps_take_byte(&line, '/') && ps_take_u64(&line, &prefix);
}

/* Takes the lines of the leaf that was just read. The step before may have left the last byte of the file to tell that
 * it was cut: then there is no line here. */
static void take_routes(struct ps_cursor *in, struct ps_net_fib_trie *r)
{
    struct ps_cursor ahead = *in;
    struct ps_span text;

    while (ps_at_line_start(&ahead) && ps_take_line(&ahead, &text) && is_route(text)) {
        if (r->routes.data == NULL)
            ps_put_span(fields, ROUTES, r, text);
        else if (!ps_span_join(&r->routes, text))
            return;
        *in = ahead;
        if (!ps_at_line_start(in))
            ps_end_line(in);
    }
}

static enum ps_step net_fib_trie_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    struct ps_net_fib_trie *r = record;
    enum ps_step step = ps_next_row(in, record, issue, read_line);

    if (step == PS_STEP_RECORD && r->leaf.data != NULL)
        take_routes(in, r);
    return step;
}

const struct ps_parser ps_parser_net_fib_trie = {
    .kind = "net_fib_trie",
    .record_size = sizeof(struct ps_net_fib_trie),
    .fields = fields,
    .field_count = COUNT,
    .next = net_fib_trie_next,
};
