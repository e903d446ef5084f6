/* SPDX-License-Identifier: Apache-2.0
 *
 * Who one life is: the process record in words.
 */
#include "analysis/show_content.h"
#include "analysis/show_process.h"
#include "analysis/show_text.h"
#include "formats/printable.h"
#include "formats/quantity.h"

void ps_life_label(struct ps_buffer *out, const char *text)
{
    ps_buffer_addf(out, "%-*s", PS_LIFE_INDENT, text);
}

static struct ps_span text_at(const struct ps_life *life, const cJSON *record, const char *path)
{
    return ps_load_text(life->l, record, path);
}

static void add_wrapped(const struct ps_life *life, const char *label, struct ps_span text, struct ps_buffer *out)
{
    ps_life_label(out, label);
    ps_printable_add_broken(out, text, PS_LIFE_INDENT, life->columns);
}

static void add_value(const struct ps_life *life, const char *label, struct ps_span text, struct ps_buffer *out)
{
    add_wrapped(life, label, text.len > 0 ? text : ps_span_text("not read"), out);
    ps_buffer_add_byte(out, '\n');
}

/* Its first thread is a zombie, which has no program, memory or descriptors any more. */
static void add_via(const cJSON *record, struct ps_buffer *out)
{
    uint64_t via = ps_load_number(record, "proc.via_thread");

    if (via == 0)
        via = ps_load_number(record, "proc.via_thread_memory");
    if (via == 0)
        return;
    ps_life_label(out, "via");
    ps_buffer_addf(out, "thread %llu: the first thread has ended, others live on\n", (unsigned long long) via);
}

static void add_parent(const struct ps_life *life, struct ps_buffer *out)
{
    bool by_pid;
    const struct ps_process_row *p = life->row;
    const struct ps_process_row *parent = ps_snapshot_parent(life->s, p, &by_pid);

    ps_life_label(out, "parent");
    if (!p->parent_known)
        ps_buffer_add_text(out, "not read");
    else if (p->ppid == 0)
        ps_buffer_add_text(out, "none in this PID namespace");
    else if (parent == NULL)
        ps_buffer_addf(out, "%u, not in view", p->ppid);
    else
        ps_show_add_process(life->s, parent->pid, parent->entity_id, out);
    ps_buffer_add_text(out, by_pid ? " (by pid alone)\n" : "\n");
}

static void add_children(const struct ps_life *life, struct ps_buffer *out)
{
    enum { ROOM = 30 };
    size_t all, count = 0, left = 0, line = out->len;

    ps_life_label(out, "children");
    const struct ps_life_entry *found = ps_life_index_find(
        &life->indexes->children, (uint64_t) (life->row - life->s->processes), ps_span_of("", 0), &all);
    for (size_t i = 0; i < all; i++) {
        const struct ps_process_row *child = &life->s->processes[found[i].row];
        if (count++ > 0 && out->len - line + ROOM > life->columns) {
            left++;
            continue;
        }
        ps_buffer_add_text(out, count > 1 ? ", " : "");
        ps_show_add_process(life->s, child->pid, child->entity_id, out);
    }
    if (left > 0) {
        ps_buffer_add_text(out, ", ");
        ps_quantity_count(out, left, "other", "others");
    }
    ps_buffer_add_text(out, count > 0 ? "\n" : "none in view\n");
}

static void add_times(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    uint64_t start = life->row->start_boot_us, uncertain = ps_load_number(record, "proc.start_uncertainty_us");

    ps_life_label(out, "start");
    ps_show_add_start(out, start);
    ps_buffer_add_text(out, " after boot, ");
    ps_show_add_age(life->s, out, start);
    ps_buffer_add_text(out, start <= life->s->facts.boottime_us ? " before the snapshot" : "");
    ps_buffer_addf(out, "\n%*sby the wall clock ", PS_LIFE_INDENT, "");
    ps_printable_add(out, text_at(life, record, "process.start"));
    if (uncertain > 0) {
        ps_buffer_add_text(out, " +- ");
        ps_quantity_us(out, uncertain);
    }
    ps_buffer_add_byte(out, '\n');
}

/* [1,2,3] as "1 2 3". */
static void add_numbers(const cJSON *list, struct ps_buffer *out)
{
    const cJSON *item;
    uint64_t number;
    bool any = false;

    cJSON_ArrayForEach(item, list)
    {
        if (!ps_json_number(item, &number))
            continue;
        ps_buffer_add_text(out, any ? " " : "");
        ps_buffer_add_u64(out, number);
        any = true;
    }
    ps_buffer_add_text(out, any ? "" : "none");
}

static void add_ids(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    static const struct {
        const char *words, *path;
    } rights[] = {
        {"effective ", "proc.status.CapEff"},
        {", permitted ", "proc.status.CapPrm"},
        {"\n             inheritable ", "proc.status.CapInh"},
    };
    const cJSON *status = ps_load_at(record, "proc.status");
    uint64_t tracer = ps_load_number(status, "TracerPid");

    ps_life_label(out, "ids");
    if (status == NULL) {
        ps_buffer_add_text(out, "not read\n");
        add_value(life, "state", life->row->state, out);
        return;
    }
    ps_buffer_add_text(out, "uid (real, effective, saved, file system) ");
    add_numbers(ps_json_get(status, "Uid"), out);
    ps_buffer_addf(out, "\n%*sgid ", PS_LIFE_INDENT, "");
    add_numbers(ps_json_get(status, "Gid"), out);
    ps_buffer_add_text(out, ", groups ");
    add_numbers(ps_json_get(status, "Groups"), out);
    ps_buffer_add_text(out, "\n");
    ps_life_label(out, "capabilities");
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        ps_buffer_add_text(out, rights[i].words);
        ps_printable_add(out, text_at(life, record, rights[i].path));
    }
    ps_buffer_addf(out, ", no_new_privs %llu, seccomp %llu\n",
                   (unsigned long long) ps_load_number(status, "NoNewPrivs"),
                   (unsigned long long) ps_load_number(status, "Seccomp"));
    ps_life_label(out, "state");
    ps_printable_add(out, text_at(life, record, "proc.status.State"));
    ps_buffer_add_text(out, ", ");
    ps_quantity_count(out, ps_load_number(status, "Threads"), "thread", "threads");
    if (tracer != 0)
        ps_buffer_addf(out, ", traced by %llu\n", (unsigned long long) tracer);
    else
        ps_buffer_add_text(out, ", not traced\n");
}

static void add_program(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    const struct ps_process_row *p = life->row;
    bool by_name = ps_load_text(life->l, record, "proc.exe_deleted_by").len > 0;

    add_value(life, "program", p->kernel_thread ? ps_span_text("none: a kernel thread") : p->executable, out);
    if (p->exe_known)
        ps_buffer_addf(out, "%*s%s%s\n", PS_LIFE_INDENT, "",
                       p->exe_deleted ? "DELETED: no name leads to this file" : "the file is still there",
                       by_name ? " (by the name of the link alone)" : "");
    struct ps_span id = text_at(life, record, "proc.exe_id");
    if (id.len == 0)
        return;
    ps_buffer_addf(out, "%*sdevice:inode:mtime:size ", PS_LIFE_INDENT, "");
    ps_printable_add(out, id);
    ps_buffer_add_byte(out, '\n');
    size_t count;
    const struct ps_life_entry *content = ps_life_index_find(&life->indexes->executables, 0, id, &count);
    if (content != NULL)
        ps_show_add_content(&life->s->contents[content->row], PS_LIFE_INDENT, out);
}

/* The exact bytes of each argument, where the record has them. */
static void add_arguments(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    const cJSON *args = ps_load_at(record, "process.args"), *item;
    const cJSON *list = ps_load_at(record, "process.args_b64"), *exact = list != NULL ? list->child : NULL;
    bool any = false;

    if (args == NULL)
        add_value(life, "arguments", ps_span_of("", 0), out);
    cJSON_ArrayForEach(item, args)
    {
        const char *shown = ps_json_string(item);
        const char *coded = ps_json_string(exact);
        exact = exact != NULL ? exact->next : NULL;
        struct ps_span bytes = coded != NULL ? ps_load_decoded(life->l, coded) : ps_span_of("", 0);
        if (bytes.len == 0)
            bytes = ps_span_text(shown != NULL ? shown : "");
        ps_life_label(out, any ? "" : "arguments");
        any = true;
        ps_printable_add_broken(out, bytes, PS_LIFE_INDENT + 2, life->columns);
        ps_buffer_add_byte(out, '\n');
    }
}

/* Hierarchies of version 1 in which it has the same path, as a rule all of them, have that path once. */
static void add_cgroups(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    const cJSON *list = ps_load_at(record, "proc.cgroup"), *row;
    struct ps_span last = ps_span_of("", 0);
    bool any = false;

    cJSON_ArrayForEach(row, list)
    {
        struct ps_span controllers = ps_load_text(life->l, row, "controllers");
        struct ps_span path = ps_load_text(life->l, row, "path");
        if (ps_span_is(path, "/"))
            continue;
        if (!any || !ps_span_equal(path, last)) {
            ps_buffer_add_text(out, any ? "\n" : "");
            add_wrapped(life, any ? "" : "cgroup", path, out);
            ps_buffer_addf(out, "\n%*sof ", PS_LIFE_INDENT, "");
        } else {
            ps_buffer_add_text(out, ", ");
        }
        ps_printable_add(out, controllers.len > 0 ? controllers : ps_span_text("the unified hierarchy"));
        last = path;
        any = true;
    }
    if (any)
        ps_buffer_add_byte(out, '\n');
    else
        add_value(life, "cgroup", list != NULL ? ps_span_text("/ of every hierarchy") : ps_span_of("", 0), out);
}

static void add_namespaces(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    const cJSON *list = ps_load_at(record, "proc.ns"), *item;
    size_t used = PS_LIFE_INDENT, before = out->len;
    uint64_t inode;

    ps_life_label(out, "namespaces");
    before = out->len;
    cJSON_ArrayForEach(item, list)
    {
        struct ps_span name = ps_span_text(item->string != NULL ? item->string : "");
        size_t width = ps_printable_columns(name) + 13;
        if (!ps_json_number(item, &inode))
            continue;
        if (used > PS_LIFE_INDENT && used + width > life->columns) {
            ps_buffer_addf(out, "\n%*s", PS_LIFE_INDENT, "");
            used = PS_LIFE_INDENT;
        }
        ps_buffer_add_text(out, used > PS_LIFE_INDENT ? ", " : "");
        ps_printable_add(out, name);
        ps_buffer_addf(out, " %llu", (unsigned long long) inode);
        used += width;
    }
    ps_buffer_add_text(out, out->len == before ? "not read\n" : "\n");
}

void ps_life_add_identity(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    const struct ps_process_row *p = life->row;

    if (p == NULL) {
        out->failed = true; /* the row and the record are of one line: memory is out */
        return;
    }
    ps_life_label(out, "process");
    ps_show_add_process(life->s, p->pid, p->entity_id, out);
    ps_buffer_add_byte(out, '\n');
    add_value(life, "entity", p->entity_id, out);
    if (p->identity.len > 0) {
        ps_life_label(out, "identity");
        ps_printable_add(out, p->identity);
        ps_buffer_add_text(out, " while it was read\n");
    }
    if (p->unlisted) {
        ps_life_label(out, "hidden");
        ps_buffer_add_text(out, "no listing of /proc has it; it was found by its number\n");
    }
    add_parent(life, out);
    add_children(life, out);
    add_times(life, record, out);
    add_ids(life, record, out);
    add_via(record, out);
    add_program(life, record, out);
    add_arguments(life, record, out);
    add_value(life, "directory", text_at(life, record, "process.working_directory"), out);
    add_value(life, "root", text_at(life, record, "proc.root.target"), out);
    add_cgroups(life, record, out);
    add_namespaces(life, record, out);
}
