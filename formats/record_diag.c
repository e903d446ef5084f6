/* SPDX-License-Identifier: Apache-2.0
 *
 * Two sources of one table: the files of /proc, which any user can make tell of a unix socket that is none, and the
 * kernel's answer to sock_diag, which nobody can. Both are of our own network namespace, and were made a few
 * milliseconds apart: that one has what the other lacks is a fact about two moments, and is told as that.
 *
 *   proc.unverified   a row of /proc that the answer does not have
 *   proc.unlisted     a socket of the answer that no row of /proc is
 *   proc.peer_inode   the other end of a unix socket, which only the answer tells
 *   proc.name         the exact name of a unix socket, where /proc printed it in a way that can be misread
 */
#include <stdlib.h>
#include <string.h>

#include "formats/record_diag.h"
#include "parsers/sock_diag.h"

static const char *const names[PS_SOCKET_TABLES] = {"tcp", "tcp6", "udp", "udp6", "unix"};

/* Of net_tcp, sock_diag_tcp and the like. */
size_t ps_diag_table_of(const char *kind)
{
    const char *name = strrchr(kind, '_');
    for (size_t i = 0; name && i < PS_SOCKET_TABLES; i++) {
        if (strcmp(names[i], name + 1) == 0)
            return i;
    }
    return PS_SOCKET_TABLES;
}

void ps_diag_free(struct ps_records *r)
{
    for (size_t i = 0; i < PS_SOCKET_TABLES; i++) {
        free(r->diag[i].member);
        free(r->diag[i].refs);
        ps_buffer_done(&r->diag[i].text);
        r->diag[i] = (struct ps_diag_table){0};
    }
}

void ps_diag_entry(struct ps_records *r, const struct ps_entry *entry)
{
    size_t index = ps_diag_table_of(entry->row->parser->kind);
    if (index == PS_SOCKET_TABLES)
        return;
    struct ps_diag_table *t = &r->diag[index];
    if (t->indexed || r->diag_bytes + entry->bytes.len > r->facts.socket_text_bytes) {
        struct ps_json j = ps_gap_begin(r, entry, "truncated");
        r->sockets_cut = true;
        ps_json_text(&j, "why", "more rows of socket tables than are compared; the raw bytes are there");
        ps_gap_end(&j);
        return;
    }
    r->diag_bytes += entry->bytes.len;
    if (!t->member) {
        t->row = entry->row;
        t->read_us = entry->begin_us;
        t->member = strdup(entry->member);
    }
    ps_buffer_add_span(&t->text, entry->bytes);
    r->failed = r->failed || !t->member || t->text.failed;
}

void ps_diag_capture(struct ps_records *r, const struct ps_capture *c)
{
    const struct ps_row *row = c->row;
    if (!row || c->outcome != PS_COMPLETE)
        return;
    bool fact = r->l->line.scope == PS_LINE_FACTS, global = r->l->line.scope == PS_LINE_GLOBAL;
    size_t index = ps_diag_table_of(row->parser->kind);
    if (fact && index < PS_SOCKET_TABLES && ps_span_starts(ps_span_text(row->path), "facts/sock_diag/"))
        r->diag[index].complete = true;
    else if (global && index < PS_SOCKET_TABLES && row->scope == PS_PER_NETNS)
        r->diag[index].file_complete = true;
}

static uint64_t mixed(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t mixed_bytes(uint64_t hash, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = mixed(hash, bytes[i]);
    return hash;
}

/* The state is left out: it changes between two moments. */
uint64_t ps_diag_inet_key(const uint8_t *local, uint64_t local_port, const uint8_t *remote, uint64_t remote_port,
                          uint64_t inode)
{
    uint64_t hash = mixed_bytes(mixed_bytes(1, local, 16), remote, 16);
    return mixed(mixed(mixed(hash, local_port), remote_port), inode & UINT32_MAX);
}

/* A type is static text of the parsers, or a number. */
uint64_t ps_diag_unix_key(uint64_t inode, const char *type, uint64_t type_code)
{
    uint64_t hash = mixed(2, inode & UINT32_MAX);
    return type ? mixed_bytes(hash, (const uint8_t *) type, strlen(type)) : mixed(hash, type_code);
}

static uint64_t diag_key(size_t index, const void *record)
{
    const struct ps_diag_inet *inet = record;
    const struct ps_diag_unix *local = record;
    if (index == PS_DIAG_UNIX)
        return ps_diag_unix_key(local->inode, local->type, local->type_code);
    return ps_diag_inet_key(inet->local_address, inet->local_port, inet->remote_address, inet->remote_port, inet->inode);
}

int ps_diag_by_key(const void *left, const void *right)
{
    const struct ps_diag_ref *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

int ps_diag_by_place(const void *left, const void *right)
{
    const struct ps_diag_ref *a = left, *b = right;
    return a->at < b->at ? -1 : a->at > b->at;
}

void *ps_diag_one_more(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    size_t more = *room ? *room * 2 : 64;
    void *grown = realloc(list, more * size);
    if (grown)
        *room = more;
    return grown;
}

static bool add_ref(struct ps_diag_table *t, size_t *room, struct ps_diag_ref ref)
{
    struct ps_diag_ref *refs = ps_diag_one_more(t->refs, t->count, room, sizeof *refs);
    if (!refs)
        return false;
    t->refs = refs;
    t->refs[t->count++] = ref;
    return true;
}

static void index_table(struct ps_records *r, size_t index)
{
    struct ps_diag_table *t = &r->diag[index];
    struct ps_entry entry = {.row = t->row, .member = t->member, .begin_us = t->read_us};
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&t->text));
    union ps_any_record record;
    size_t room = 0;
    t->indexed = true;
    /* The cursor stands behind a message that was one; where it began is found by its length again. */
    for (size_t at = 0; ps_records_row(r, &entry, &in, &record); at = in.at) {
        if (t->count == r->facts.socket_rows)
            break;
        if (!add_ref(t, &room, (struct ps_diag_ref){.key = diag_key(index, &record), .at = at})) {
            r->failed = true;
            return;
        }
    }
    if (t->count > 1)
        qsort(t->refs, t->count, sizeof *t->refs, ps_diag_by_key);
}

void ps_diag_index(struct ps_records *r)
{
    for (size_t i = 0; i < PS_SOCKET_TABLES; i++) {
        if (r->diag[i].member && !r->diag[i].indexed)
            index_table(r, i);
    }
}

bool ps_diag_next_row(const struct ps_row *row, struct ps_cursor *in, union ps_any_record *record)
{
    struct ps_issue issue;
    for (;;) {
        memset(record, 0, row->parser->record_size);
        enum ps_step step = row->parser->next(in, record, &issue);
        if (step != PS_STEP_BAD)
            return step == PS_STEP_RECORD;
    }
}

bool ps_diag_read(const struct ps_diag_table *t, size_t at, union ps_any_record *record, size_t *end)
{
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&t->text));
    in.at = at;
    bool read = ps_diag_next_row(t->row, &in, record);
    *end = in.at;
    return read;
}

static void rest_out(struct ps_records *r, size_t index, size_t at)
{
    const struct ps_diag_table *t = &r->diag[index];
    const struct ps_parser *p = t->row->parser;
    union ps_any_record record;
    size_t end;
    if (!ps_diag_read(t, at, &record, &end))
        return;
    const uint64_t *inode = ps_record_value(p, &record, "inode");
    struct ps_json j = ps_records_begin(r, PS_KIND_SOCKET);
    ps_socket_ends(&j, p, &record);
    ps_records_proc(r, &j);
    ps_records_source(&j, t->member, ps_span_of(NULL, 0), t->read_us);
    if (r->facts.net_namespace)
        ps_json_u64(&j, "net_namespace", r->facts.net_namespace);
    ps_json_object(&j, p->kind);
    ps_record_fields(&j, p, &record);
    ps_json_object_end(&j);
    if (t->file_complete && r->facts.net_namespace != 0)
        ps_json_bool(&j, "unlisted", true);
    ps_socket_owners(r, &j, inode ? *inode : 0, false);
    ps_records_end(r, PS_KIND_SOCKET, &j);
}

void ps_diag_rest_out(struct ps_records *r)
{
    for (size_t i = 0; i < PS_SOCKET_TABLES; i++) {
        struct ps_diag_table *t = &r->diag[i];
        if (t->count > 1)
            qsort(t->refs, t->count, sizeof *t->refs, ps_diag_by_place);
        for (size_t k = 0; k < t->count; k++) {
            if (!t->refs[k].told)
                rest_out(r, i, t->refs[k].at);
        }
    }
}
