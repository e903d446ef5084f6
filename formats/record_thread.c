/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread record: the files of one thread, which stand next to each other in the pack. The record is opened by the
 * first of them and stays open, in its part, until the first file of another thread or the end of the line.
 */
#include <string.h>

#include "formats/records_state.h"

void ps_thread_flush(struct ps_records *r)
{
    if (r->l->thread_open[0] == 0)
        return;
    struct ps_json j = ps_json_into(&r->parts[PS_KIND_THREAD].text);
    ps_records_end(r, PS_KIND_THREAD, &j);
    r->l->thread_open[0] = 0;
}

/* A further file of the thread whose record is open. In a bundle that others made one may come twice. */
static bool goes_on(const struct ps_records *r, struct ps_span thread, const struct ps_row *row)
{
    return r->l->thread_open[0] != 0 && ps_span_is(thread, r->l->thread_open) && row > r->l->thread_row;
}

/* process.thread.id, and, when it is its stat that opens the record, process.thread.name. */
static void add_who(struct ps_records *r, struct ps_json *j, struct ps_span thread, const struct ps_span *comm)
{
    struct ps_cursor c = ps_cursor_over(thread);
    uint64_t id = 0;
    ps_json_object(j, "process");
    ps_buffer_add_text(j->out, r->l->who);
    j->comma = true;
    ps_json_object(j, "thread");
    if (ps_take_u64(&c, &id) && ps_cursor_done(&c))
        ps_json_u64(j, "id", id);
    if (comm)
        ps_json_bytes(j, "name", *comm);
    ps_json_object_end(j);
    ps_json_object_end(j);
}

static void open_record(struct ps_records *r, const struct ps_entry *entry, struct ps_span thread,
                        const struct ps_span *comm)
{
    struct ps_json j = ps_records_begin(r, PS_KIND_THREAD);
    add_who(r, &j, thread, comm);
    ps_records_proc(r, &j);
    ps_records_source(&j, entry->member, entry->name, entry->begin_us);
    size_t kept = thread.len < sizeof r->l->thread_open ? thread.len : sizeof r->l->thread_open - 1;
    memcpy(r->l->thread_open, thread.data, kept);
    r->l->thread_open[kept] = 0;
}

void ps_thread_entry(struct ps_records *r, const struct ps_entry *entry)
{
    const struct ps_parser *p = entry->row->parser;
    struct ps_span thread;
    union ps_any_record record;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    const char *file = strrchr(entry->row->path, '/') + 1;
    bool any = false;
    if (!ps_row_entry(entry->row, entry->name, &thread))
        return;
    ps_mention_name(r, thread);
    while (ps_records_row(r, entry, &in, &record)) {
        if (!any && !goes_on(r, thread, entry->row)) {
            ps_thread_flush(r);
            open_record(r, entry, thread, ps_record_value(p, &record, "comm"));
        }
        r->l->thread_row = entry->row;
        struct ps_json j = ps_json_into(&r->parts[PS_KIND_THREAD].text);
        j.comma = true;
        if (!p->single && !any)
            ps_json_array(&j, file);
        ps_json_object(&j, p->single ? file : NULL);
        ps_record_fields(&j, p, &record);
        ps_json_object_end(&j);
        any = true;
    }
    if (any && !p->single)
        ps_buffer_add_byte(&r->parts[PS_KIND_THREAD].text, ']');
}
