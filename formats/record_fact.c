/* SPDX-License-Identifier: Apache-2.0
 *
 * What is no file below /proc: which record it becomes, or what it is kept for. Its line overlaps with the one of the files
 * that exist once, and both make system records: none of either comes out before its line ends.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/records_state.h"

/* One line of the file: its words. */
static void add_words(struct ps_json *j, struct ps_span words)
{
    struct ps_cursor c = ps_cursor_over(words);
    struct ps_span word;
    ps_json_array(j, NULL);
    for (ps_skip_run(&c, ' '); ps_take_word(&c, &word); ps_skip_run(&c, ' '))
        ps_json_bytes(j, NULL, word);
    ps_json_array_end(j);
}

/* A system record: the file of our own control group, line by line. */
static void cgroup_file(struct ps_records *r, const struct ps_entry *entry)
{
    union ps_any_record record;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    size_t stem = strlen("facts/cgroup/");
    struct ps_json j = ps_records_begin(r, PS_KIND_SYSTEM);
    ps_records_proc(r, &j);
    ps_records_source(&j, entry->member, ps_span_of(NULL, 0), entry->begin_us);
    ps_json_object(&j, "cgroup_file");
    ps_json_bytes(&j, "file", ps_span_of(entry->name.data + stem, entry->name.len - stem));
    ps_json_array(&j, "lines");
    while (ps_records_row(r, entry, &in, &record))
        add_words(&j, *(const struct ps_span *) ps_record_value(entry->row->parser, &record, "words"));
    ps_json_array_end(&j);
    ps_json_object_end(&j);
    ps_records_end(r, PS_KIND_SYSTEM, &j);
}

static void http_answer(struct ps_records *r, const struct ps_entry *entry)
{
    union ps_any_record record;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    while (ps_records_row(r, entry, &in, &record))
        ps_metadata_entry(r, entry, &record);
}

/* The first namespaces of a kernel have these numbers everywhere (include/linux/proc_ns.h). The kernel's own threads are
 * in the first PID namespace alone: who sees kthreadd, pid 2, is in that of the machine. */
void ps_platform_out(struct ps_records *r)
{
    enum { KTHREADD = 2 };
    static const uint64_t first_ipc = 4026531839;
    const struct ps_known *two = ps_known_pid(r, KTHREADD);
    struct ps_json j = ps_records_begin(r, PS_KIND_SYSTEM);
    ps_records_proc(r, &j);
    ps_json_object(&j, "platform");
    ps_json_bytes(&j, "name", ps_span_text(r->places.platform ? r->places.platform : r->facts.platform));
    ps_json_bytes(&j, "by", ps_span_text(r->places.platform ? "LaunchType of the task" : r->facts.platform_by));
    ps_json_bool(&j, "host_pid_namespace", two && two->kernel_thread);
    ps_json_bool(&j, "host_ipc_namespace", r->facts.ipc_namespace == first_ipc);
    ps_json_object_end(&j);
    ps_records_end(r, PS_KIND_SYSTEM, &j);
}

static struct ps_waiting_fact *one_more(struct ps_line_state *l)
{
    if (l->fact_count == l->fact_room) {
        size_t room = l->fact_room ? l->fact_room * 2 : 32;
        struct ps_waiting_fact *grown = realloc(l->facts, room * sizeof *grown);
        if (!grown)
            return NULL;
        l->facts = grown;
        l->fact_room = room;
    }
    return &l->facts[l->fact_count++];
}

static size_t kept(struct ps_buffer *text, struct ps_span bytes)
{
    size_t at = text->len;
    ps_buffer_add_span(text, bytes);
    ps_buffer_add_byte(text, 0);
    return at;
}

void ps_fact_entry(struct ps_records *r, const struct ps_entry *entry)
{
    struct ps_line_state *l = r->l;
    if (ps_span_starts(ps_span_text(entry->row->path), "facts/sock_diag/")) {
        ps_diag_entry(r, entry);
        return;
    }
    struct ps_waiting_fact *w = one_more(l);
    if (!w) {
        r->failed = true;
        return;
    }
    *w = (struct ps_waiting_fact){.row = entry->row, .name_len = entry->name.len, .bytes_len = entry->bytes.len};
    w->begin_us = entry->begin_us;
    w->name = kept(&l->fact_text, entry->name);
    w->member = kept(&l->fact_text, ps_span_text(entry->member));
    w->bytes = kept(&l->fact_text, entry->bytes);
}

static void fact_out(struct ps_records *r, const struct ps_waiting_fact *w)
{
    const uint8_t *text = r->l->fact_text.data;
    struct ps_entry entry = {.row = w->row, .name = ps_span_of(text + w->name, w->name_len), .begin_us = w->begin_us};
    entry.member = (const char *) text + w->member;
    entry.bytes = ps_span_of(text + w->bytes, w->bytes_len);
    if (w->row->scope == PS_PER_HOST)
        ps_system_entry(r, &entry);
    else if (ps_span_starts(ps_span_text(w->row->path), "facts/ecs/"))
        http_answer(r, &entry);
    else if (ps_span_starts(ps_span_text(w->row->path), "facts/cgroup/"))
        cgroup_file(r, &entry);
    else if (strcmp(w->row->path, "facts/pid_probe") == 0)
        ps_hidden_entry(r, &entry);
}

void ps_facts_out(struct ps_records *r)
{
    struct ps_line_state *l = r->l;
    r->failed = r->failed || l->fact_text.failed;
    for (size_t i = 0; i < l->fact_count && !r->failed; i++)
        fact_out(r, &l->facts[i]);
    free(l->facts);
    l->facts = NULL;
    l->fact_count = l->fact_room = 0;
    ps_buffer_done(&l->fact_text);
}
