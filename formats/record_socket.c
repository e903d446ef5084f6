/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket record: one row of a socket table, joined to the descriptors that hold it. Tables are read first and
 * owners are found later, so the text of the tables is kept until the quiet pass ends and parsed then. Inode numbers of
 * sockets are unique for the whole machine: the join goes across network namespaces.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/lower_bound.h"
#include "formats/records_state.h"

static const struct ps_field *field_of(const struct ps_parser *p, const char *name)
{
    for (size_t i = 0; i < p->field_count; i++) {
        if (strcmp(p->fields[i].name, name) == 0)
            return &p->fields[i];
    }
    return NULL;
}

bool ps_is_socket_table(const struct ps_row *row)
{
    return field_of(row->parser, "inode") != NULL;
}

void ps_sockets_free(struct ps_records *r)
{
    for (size_t i = 0; i < r->table_count; i++) {
        free(r->tables[i]->member);
        ps_buffer_done(&r->tables[i]->text);
        free(r->tables[i]->unverified);
        free(r->tables[i]);
    }
    ps_diag_free(r);
    free(r->tables);
    free(r->owners);
    r->tables = NULL;
    r->owners = NULL;
    r->l->table = NULL;
    r->table_count = r->table_room = r->owner_count = r->owner_room = r->table_bytes = 0;
}

static struct ps_table *new_table(struct ps_records *r, const struct ps_entry *entry)
{
    if (r->table_count == r->table_room) {
        size_t room = r->table_room ? r->table_room * 2 : 16;
        struct ps_table **tables = realloc(r->tables, room * sizeof *tables);
        if (!tables)
            return NULL;
        r->tables = tables;
        r->table_room = room;
    }
    struct ps_table *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->row = entry->row;
    t->member = strdup(entry->member);
    if (!t->member) {
        free(t);
        return NULL;
    }
    t->read_us = entry->begin_us;
    t->net_namespace = r->l->net_namespace;
    r->tables[r->table_count++] = t;
    return t;
}

bool ps_records_sockets_cut(const struct ps_records *r)
{
    return r->sockets_cut;
}

static void limit_reached(struct ps_records *r, const char *why)
{
    struct ps_json j = ps_gap_begin(r, NULL, "truncated");
    r->sockets_cut = true;
    ps_json_text(&j, "why", why);
    ps_json_text(&j, "record", "socket");
    ps_gap_end(&j);
}

/* The columns after the last one are blanks, 30 bytes a row: kept text does without them. */
static void keep_text(struct ps_buffer *kept, struct ps_span text)
{
    struct ps_cursor in = ps_cursor_over(text);
    struct ps_span line;
    while (ps_take_line(&in, &line)) {
        bool whole = in.at > 0 && text.data[in.at - 1] == '\n';
        while (whole && line.len > 0 && line.data[line.len - 1] == ' ')
            line.len--;
        ps_buffer_add_span(kept, line);
        if (whole)
            ps_buffer_add_byte(kept, '\n');
    }
}

void ps_socket_entry(struct ps_records *r, const struct ps_entry *entry)
{
    bool first = ps_span_is(entry->name, entry->row->path) || !r->l->table || r->l->table->row != entry->row;
    if (r->table_bytes + entry->bytes.len > r->facts.socket_text_bytes) {
        limit_reached(r, "more rows of socket tables than are joined to their owners; the raw bytes are there");
        return;
    }
    if (first)
        r->l->table = new_table(r, entry);
    if (!r->l->table) {
        r->failed = true;
        return;
    }
    r->table_bytes += entry->bytes.len;
    bool names_end_in_blanks = strcmp(entry->row->parser->kind, "net_unix") == 0;
    if (names_end_in_blanks)
        ps_buffer_add_span(&r->l->table->text, entry->bytes);
    else
        keep_text(&r->l->table->text, entry->bytes);
    r->failed = r->failed || r->l->table->text.failed;
}

void ps_socket_owner(struct ps_records *r, uint64_t inode, struct ps_span fd)
{
    struct ps_cursor c = ps_cursor_over(fd);
    uint64_t number = 0;
    if (!ps_take_u64(&c, &number) || number > UINT32_MAX)
        return;
    if (r->owner_count == r->facts.socket_rows)
        return;
    if (r->owner_count == r->owner_room) {
        size_t room = r->owner_room ? r->owner_room * 2 : 256;
        struct ps_owner *owners = realloc(r->owners, room * sizeof *owners);
        if (!owners) {
            r->failed = true;
            return;
        }
        r->owners = owners;
        r->owner_room = room;
    }
    r->owners[r->owner_count++] =
        (struct ps_owner){.inode = inode, .start = r->l->line.start, .pid = r->l->line.pid, .fd = (uint32_t) number};
    if (r->owner_count == r->facts.socket_rows)
        limit_reached(r, "more descriptors of sockets than limits.socket_rows: later ones are not named as owners");
}

static int by_inode(const void *left, const void *right)
{
    const struct ps_owner *a = left, *b = right;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->fd < b->fd ? -1 : a->fd > b->fd;
}

/* The most owners that one record names; a fork bomb that shares one socket has more. */
enum { OWNERS_SHOWN = 256 };

void ps_socket_owners(struct ps_records *r, struct ps_json *j, uint64_t inode, bool of_kernel)
{
    struct ps_owner wanted = {.inode = inode};
    size_t at = ps_lower_bound(&wanted, r->owners, r->owner_count, sizeof wanted, by_inode), count = 0;
    ps_json_array(j, "owners");
    for (; inode && at < r->owner_count && r->owners[at].inode == inode; at++, count++) {
        if (count >= OWNERS_SHOWN)
            continue;
        char id[41];
        ps_entity_id(&r->facts, r->owners[at].pid, r->owners[at].start, id);
        ps_json_object(j, NULL);
        ps_json_u64(j, "pid", r->owners[at].pid);
        ps_json_text(j, "entity_id", id);
        ps_json_u64(j, "fd", r->owners[at].fd);
        ps_json_object_end(j);
    }
    ps_json_array_end(j);
    if (count > OWNERS_SHOWN)
        ps_json_u64(j, "owner_count", count);
    if (count == 0)
        ps_json_text(j, "owner_absent", of_kernel ? "kernel" : inode ? "not in view" : "no inode");
}

/* One end of a connection: {"ip":...,"port":...}; raw sockets have no port of their own. */
static void add_end(struct ps_json *j, const struct ps_parser *p, const void *record, const char *end,
                    const char *address, const char *port)
{
    const struct ps_field *field = field_of(p, address);
    const uint64_t *number = ps_record_value(p, record, port);
    if (!field || !ps_record_value(p, record, address))
        return;
    ps_json_object(j, end);
    ps_record_field(j, "ip", field, record);
    if (number)
        ps_json_u64(j, "port", *number);
    ps_json_object_end(j);
}

static void add_network(struct ps_json *j, const struct ps_parser *p)
{
    static const struct {
        const char *table, *transport, *type;
    } families[] = {
        {"tcp", "tcp", "ipv4"},          {"tcp6", "tcp", "ipv6"},         {"udp", "udp", "ipv4"},
        {"udp6", "udp", "ipv6"},         {"unix", "unix", NULL},          {"udplite", "udplite", "ipv4"},
        {"udplite6", "udplite", "ipv6"}, {"raw", "raw", "ipv4"},          {"raw6", "raw", "ipv6"},
        {"icmp", "icmp", "ipv4"},        {"icmp6", "ipv6-icmp", "ipv6"},  {"packet", "packet", NULL},
        {"netlink", "netlink", NULL},
    };
    const char *table = strrchr(p->kind, '_') + 1; /* net_tcp, sock_diag_tcp */
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (strcmp(families[i].table, table) != 0)
            continue;
        ps_json_object(j, "network");
        ps_json_text(j, "transport", families[i].transport);
        if (families[i].type)
            ps_json_text(j, "type", families[i].type);
        ps_json_object_end(j);
    }
}

void ps_socket_ends(struct ps_json *j, const struct ps_parser *p, const void *record)
{
    add_end(j, p, record, "source", "local_address", "local_port");
    add_end(j, p, record, "destination", "remote_address", "remote_port");
    add_network(j, p);
}

static void socket_out(struct ps_records *r, struct ps_table *t, size_t number, void *record)
{
    const struct ps_parser *p = t->row->parser;
    const uint64_t *inode = ps_record_value(p, record, "inode");
    struct ps_json j = ps_records_begin(r, PS_KIND_SOCKET);
    ps_socket_ends(&j, p, record);
    ps_records_proc(r, &j);
    /* net_unix in a pack is "<member>#net/unix", a global one is the member itself. */
    bool packed = ps_span_ends(ps_span_text(t->member), ".pack");
    ps_records_source(&j, t->member, packed ? ps_span_text(t->row->path) : ps_span_of(NULL, 0), t->read_us);
    if (t->net_namespace)
        ps_json_u64(&j, "net_namespace", t->net_namespace);
    ps_json_object(&j, p->kind);
    ps_record_fields(&j, p, record);
    ps_json_object_end(&j);
    if (t->net_namespace != 0 && t->net_namespace == r->facts.net_namespace)
        ps_diag_compare(r, &j, t, number, record);
    /* Only the kernel's ends of netlink have port 0: others get a number before they stand in the table. */
    const uint64_t *port_id = ps_record_value(p, record, "port_id");
    ps_socket_owners(r, &j, inode ? *inode : 0, port_id && *port_id == 0);
    ps_records_end(r, PS_KIND_SOCKET, &j);
}

static void table_out(struct ps_records *r, struct ps_table *t)
{
    struct ps_entry entry = {.row = t->row, .name = ps_span_text(t->row->path), .member = t->member};
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&t->text));
    union ps_any_record record;
    entry.begin_us = t->read_us;
    r->failed = r->failed || t->text.failed;
    for (size_t number = 0; ps_records_row(r, &entry, &in, &record); number++)
        socket_out(r, t, number, &record);
}

void ps_sockets_out(struct ps_records *r)
{
    if (r->owner_count > 1)
        qsort(r->owners, r->owner_count, sizeof *r->owners, by_inode);
    ps_diag_index(r);
    for (size_t i = 0; i < r->table_count; i++) {
        table_out(r, r->tables[i]);
        ps_buffer_done(&r->tables[i]->text);
    }
    ps_diag_rest_out(r);
    ps_sockets_free(r);
}
