/* SPDX-License-Identifier: Apache-2.0
 *
 * The sockets: what listens, what is connected, unix sockets, who sniffs; each with its owners, or why none is known.
 */
#include "analysis/show.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/show_text.h"
#include "formats/printable.h"
#include "formats/quantity.h"

enum section { LISTENING, CONNECTED, UNIX, OTHER, SECTIONS };
enum { TRANSPORT_WIDTH = 7, STATE_WIDTH = 12, OWNER_LEAST = 18, ENDS_MOST = 47, UNIX_MOST = 60 };

static bool is_unix(const struct ps_socket_row *r)
{
    return ps_span_is(r->transport, "unix");
}

static enum section section_of(const struct ps_socket_row *r)
{
    if (is_unix(r))
        return UNIX;
    if (ps_span_is(r->transport, "packet") || ps_span_is(r->transport, "netlink"))
        return OTHER;
    return r->remote_port == 0 || ps_span_is(r->state, "LISTEN") ? LISTENING : CONNECTED;
}

static int order_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Unix sockets with a name come first, and those that listen before the others. */
static int unix_rank(const struct ps_socket_row *r)
{
    return (r->accepts ? 0 : 1) + (r->path.len > 0 ? 0 : 2);
}

static int by_sense(const void *left, const void *right)
{
    const struct ps_socket_row *a = *(const struct ps_socket_row *const *) left;
    const struct ps_socket_row *b = *(const struct ps_socket_row *const *) right;
    int order = (int) section_of(a) - (int) section_of(b);

    if (order == 0)
        order = ps_show_order(a->transport, b->transport);
    if (order == 0 && is_unix(a))
        order = unix_rank(a) - unix_rank(b);
    if (order == 0)
        order = ps_show_order(a->state, b->state);
    if (order == 0)
        order = order_u64(a->port, b->port);
    if (order == 0)
        order = ps_show_order(a->path, b->path);
    if (order == 0)
        order = ps_show_order(a->address, b->address);
    if (order == 0)
        order = ps_show_order(a->remote, b->remote);
    if (order == 0)
        order = order_u64(a->remote_port, b->remote_port);
    if (order == 0)
        order = order_u64(a->inode, b->inode);
    return order != 0 ? order : (a > b) - (a < b); /* as they stand in the bundle */
}

/* Inodes are unique for the machine: one socket, read through two processes of a network namespace. */
static bool same_socket(const struct ps_socket_row *a, const struct ps_socket_row *b)
{
    return a->inode != 0 && a->inode == b->inode && ps_span_equal(a->transport, b->transport) &&
           ps_span_equal(ps_show_socket_state(a), ps_show_socket_state(b)) && ps_span_equal(a->address, b->address) &&
           a->port == b->port && ps_span_equal(a->remote, b->remote) && a->remote_port == b->remote_port &&
           ps_span_equal(a->path, b->path);
}

static const struct ps_socket_row **sorted(const struct ps_snapshot *s)
{
    const struct ps_socket_row **rows = malloc((s->socket_count + 1) * sizeof *rows);

    for (size_t i = 0; rows != NULL && i < s->socket_count; i++)
        rows[i] = &s->sockets[i];
    if (rows != NULL && s->socket_count > 1)
        qsort(rows, s->socket_count, sizeof *rows, by_sense);
    return rows;
}

/* Each protocol of each network namespace has one, and they say nothing. */
static bool is_kernels(const struct ps_socket_row *r)
{
    return section_of(r) == OTHER && ps_span_is(r->owner_absent, "kernel");
}

/* A type, or the other end. */
static void add_second(const struct ps_socket_row *r, struct ps_buffer *out)
{
    if (r->type.len > 0 || section_of(r) >= UNIX)
        ps_printable_add(out, r->type.len > 0 ? r->type : ps_span_text("-"));
    else
        ps_show_add_endpoint(out, r->remote, r->remote_port);
}

/* How wide the ends are, within what leaves room for an owner. */
struct widths {
    size_t columns, transport, local, remote;
};

static size_t columns_of(const struct ps_buffer *text)
{
    return ps_printable_text_columns(ps_buffer_span(text));
}

static size_t widest(size_t so_far, size_t columns, size_t most)
{
    size_t width = columns < most ? columns : most;

    return width > so_far ? width : so_far;
}

static struct widths measure(const struct ps_socket_row *const *rows, size_t count, size_t columns)
{
    struct widths w = {.columns = columns, .transport = sizeof "PROTO" - 1, .remote = sizeof "TYPE" - 1};
    struct ps_buffer text = {0};

    for (size_t i = 0; i < count; i++) {
        size_t len = ps_printable_columns(rows[i]->transport);
        if (is_kernels(rows[i]))
            continue;
        w.transport = widest(w.transport, len, TRANSPORT_WIDTH);
        ps_buffer_clear(&text, SIZE_MAX);
        ps_show_add_local(rows[i], &text);
        w.local = widest(w.local, columns_of(&text), is_unix(rows[i]) ? UNIX_MOST : SIZE_MAX);
        ps_buffer_clear(&text, SIZE_MAX);
        add_second(rows[i], &text);
        w.remote = widest(w.remote, columns_of(&text), ENDS_MOST);
    }
    size_t fixed = w.transport + STATE_WIDTH + OWNER_LEAST + 4;
    size_t room = columns > fixed ? columns - fixed : 0;
    if (w.local + w.remote > room && w.remote > room / 2)
        w.remote = room / 2;
    if (w.local + w.remote > room)
        w.local = room - w.remote;
    ps_buffer_done(&text);
    return w;
}

/* A cell that is never cut: an address or a path is evidence. Returns the columns used. */
static size_t add_whole(struct ps_buffer *out, const struct ps_buffer *text, size_t width)
{
    size_t columns = columns_of(text);

    ps_buffer_add_span(out, ps_buffer_span(text));
    ps_buffer_addf(out, "%*s ", columns < width ? (int) (width - columns) : 0, "");
    return (columns > width ? columns : width) + 1;
}

static void add_row(const struct ps_snapshot *s, const struct ps_socket_row *r, const struct widths *w,
                    struct ps_buffer *out)
{
    struct ps_buffer text = {0};
    struct ps_buffer local = {0};
    enum section section = section_of(r);
    size_t owner_at = w->transport + 1 + (section != OTHER ? STATE_WIDTH + 1 : 0), used = owner_at;

    ps_printable_add_cell(out, r->transport, w->transport);
    ps_buffer_add_byte(out, ' ');
    if (section != OTHER) {
        ps_printable_add_cell(out, ps_show_socket_state(r), STATE_WIDTH);
        ps_buffer_add_byte(out, ' ');
    }
    ps_show_add_local(r, &local);
    add_second(r, &text);
    used += add_whole(out, section >= UNIX ? &text : &local, section >= UNIX ? w->remote : w->local);
    used += add_whole(out, section >= UNIX ? &local : &text, section >= UNIX ? w->local : w->remote);
    ps_buffer_clear(&text, SIZE_MAX);
    ps_show_add_owners(s, r, &text);
    if (r->unverified)
        ps_buffer_add_text(&text, "  <unverified>");
    if (used + columns_of(&text) > w->columns)
        ps_buffer_addf(out, "\n%*s", (int) owner_at, "");
    ps_buffer_add_span(out, ps_buffer_span(&text));
    ps_buffer_add_byte(out, '\n');
    out->failed = out->failed || text.failed || local.failed;
    ps_buffer_done(&local);
    ps_buffer_done(&text);
}

static void add_heads(enum section section, const struct widths *w, struct ps_buffer *out)
{
    static const char *const titles[SECTIONS] = {"Listening, or bound and not connected", "Connections",
                                                 "Unix sockets", "Packet and netlink sockets"};

    ps_buffer_addf(out, "%s\n", titles[section]);
    if (w->local == 0) /* the kernel's own alone */
        return;
    ps_buffer_addf(out, "%-*s ", (int) w->transport, "PROTO");
    if (section != OTHER)
        ps_buffer_addf(out, "%-*s ", STATE_WIDTH, "STATE");
    if (section >= UNIX)
        ps_buffer_addf(out, "%-*s %-*s OWNER\n", (int) w->remote, "TYPE", (int) w->local,
                       section == UNIX ? "PATH" : "BOUND TO");
    else
        ps_buffer_addf(out, "%-*s %-*s OWNER\n", (int) w->local, "LOCAL", (int) w->remote, "REMOTE");
}

static void add_section(const struct ps_snapshot *s, const struct ps_socket_row *const *rows, size_t count,
                        size_t columns, struct ps_buffer *out)
{
    struct widths w = measure(rows, count, columns);
    size_t repeated = 0, kernels = 0;

    add_heads(section_of(rows[0]), &w, out);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && same_socket(rows[i - 1], rows[i]))
            repeated++;
        else if (is_kernels(rows[i]))
            kernels++;
        else
            add_row(s, rows[i], &w, out);
    }
    if (repeated > 0) {
        ps_quantity_count(out, repeated, "row was", "rows were");
        ps_buffer_add_text(out, " read once more through another process, and not repeated here\n");
    }
    if (kernels > 0) {
        ps_quantity_count(out, kernels, "netlink socket is", "netlink sockets are");
        ps_buffer_add_text(out, " the kernel's own, and not listed\n");
    }
    ps_buffer_add_byte(out, '\n');
}

void ps_show_sockets(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    const struct ps_socket_row **rows = sorted(s);

    if (rows == NULL) {
        out->failed = true;
        return;
    }
    if (s->socket_count == 0)
        ps_buffer_add_text(out, "No socket is in the records.\n");
    for (size_t at = 0, end; at < s->socket_count; at = end) {
        for (end = at + 1; end < s->socket_count && section_of(rows[end]) == section_of(rows[at]);)
            end++;
        add_section(s, rows + at, end - at, columns, out);
    }
    if (s->socket_count > 0)
        ps_show_add_prose(out,
                          "OWNER not in view: none of the descriptors that could be read is this socket. no inode: the "
                          "kernel names no holder (TIME_WAIT, not yet accepted, orphaned).",
                          0, columns);
    ps_show_add_unread(s, columns, out);
    free(rows);
}

void ps_show_sockets_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    const struct ps_socket_row **rows = sorted(s);

    (void) columns;
    if (rows == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < s->socket_count; i++) {
        struct ps_json j = ps_json_into(out);
        ps_show_socket_json(s, rows[i], NULL, &j);
        ps_buffer_add_byte(out, '\n');
    }
    free(rows);
}
