/* SPDX-License-Identifier: Apache-2.0
 *
 * The net record: one row of a table of a network namespace that holds no sockets: routes, neighbours, interfaces,
 * counters. A table can come in parts that end anywhere, and nothing tells that a part was the last one: the text is
 * kept until an entry of another table or the end of the line.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/records_state.h"

static void row_out(struct ps_records *r, const struct ps_table *t, const union ps_any_record *record)
{
    const struct ps_parser *p = t->row->parser;
    struct ps_json j = ps_records_begin(r, PS_KIND_NET);
    ps_records_proc(r, &j);
    /* net/route in a pack is "<member>#net/route", a global one is the member itself. */
    bool packed = ps_span_ends(ps_span_text(t->member), ".pack");
    ps_records_source(&j, t->member, packed ? ps_span_text(t->row->path) : ps_span_of(NULL, 0), t->read_us);
    if (t->net_namespace)
        ps_json_u64(&j, "net_namespace", t->net_namespace);
    ps_json_object(&j, p->kind);
    ps_record_fields(&j, p, record);
    ps_json_object_end(&j);
    ps_records_end(r, PS_KIND_NET, &j);
}

void ps_net_flush(struct ps_records *r)
{
    struct ps_table *t = &r->l->net;
    union ps_any_record record;
    if (!t->row)
        return;
    struct ps_entry entry = {.row = t->row, .name = ps_span_text(t->row->path), .member = t->member};
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&t->text));
    entry.begin_us = t->read_us;
    while (ps_records_row(r, &entry, &in, &record))
        row_out(r, t, &record);
    t->row = NULL;
}

static void begin_table(struct ps_records *r, const struct ps_entry *entry)
{
    struct ps_table *t = &r->l->net;
    ps_net_flush(r);
    ps_buffer_clear(&t->text, PS_RECORDS_PART);
    free(t->member);
    t->member = strdup(entry->member);
    if (!t->member) {
        r->failed = true;
        return;
    }
    t->row = entry->row;
    r->l->net_full = false;
    t->read_us = entry->begin_us;
    t->net_namespace = r->l->net_namespace;
}

void ps_net_entry(struct ps_records *r, const struct ps_entry *entry)
{
    struct ps_table *t = &r->l->net;
    bool first = ps_span_is(entry->name, entry->row->path) || t->row != entry->row;
    if (first)
        begin_table(r, entry);
    if (!t->row || r->l->net_full)
        return;
    if (t->text.len + entry->bytes.len <= PS_NET_TEXT_MAX) {
        ps_buffer_add_span(&t->text, entry->bytes);
        return;
    }
    r->l->net_full = true;
    struct ps_json j = ps_gap_begin(r, entry, "truncated");
    ps_json_text(&j, "why", "more text than records of one table are made of; the raw bytes are there");
    ps_json_text(&j, "record", "net");
    ps_gap_end(&j);
}
