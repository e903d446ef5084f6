/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that the records say of one pid, life by life.
 */
#include "analysis/show_process.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/show.h"
#include "analysis/show_text.h"

/* By life, then in the order of this list. */
static const char *const kinds[] = {"process", "thread", "fd", "environ", "memory", "change", "gap", "file"};

static int rank(const char *kind)
{
    int i = 0;

    while (i < (int) (sizeof kinds / sizeof kinds[0]) && strcmp(kinds[i], kind) != 0)
        i++;
    return i;
}

/* Within a kind as in the bundle: lines lie in the pool in no order, so the index decides. */
struct sorted_record {
    struct ps_kept_record record;
    size_t index;
};

static int by_life(const void *left, const void *right)
{
    const struct sorted_record *a = left, *b = right;
    int order = ps_show_order(a->record.entity_id, b->record.entity_id);

    if (order == 0)
        order = rank(a->record.kind) - rank(b->record.kind);
    return order != 0 ? order : a->index < b->index ? -1 : a->index > b->index;
}

/* NULL when memory is out; free() it. */
static struct ps_kept_record *by_lives(const struct ps_snapshot *s)
{
    struct sorted_record *sorted = malloc((s->kept_count + 1) * sizeof *sorted);
    struct ps_kept_record *out = malloc((s->kept_count + 1) * sizeof *out);

    if (sorted != NULL && out != NULL) {
        for (size_t i = 0; i < s->kept_count; i++)
            sorted[i] = (struct sorted_record){s->kept[i], i};
        if (s->kept_count > 1)
            qsort(sorted, s->kept_count, sizeof *sorted, by_life);
        for (size_t i = 0; i < s->kept_count; i++)
            out[i] = sorted[i].record;
    } else {
        free(out);
        out = NULL;
    }
    free(sorted);
    return out;
}

size_t ps_life_count(const struct ps_life *life, const char *kind)
{
    size_t count = 0;

    for (size_t i = 0; i < life->count; i++)
        count += strcmp(life->records[i].kind, kind) == 0;
    return count;
}

void ps_life_each(const struct ps_life *life, const char *kind,
                  void (*each)(const struct ps_life *life, const cJSON *record, struct ps_buffer *out),
                  struct ps_buffer *out)
{
    for (size_t i = 0; i < life->count; i++) {
        struct ps_json_flaw flaw;
        if (strcmp(life->records[i].kind, kind) != 0)
            continue;
        cJSON *record = ps_json_parse(&life->l->check, life->records[i].line, &flaw);
        if (record != NULL)
            each(life, record, out);
        else
            out->failed = true; /* it was read once: memory is out */
        cJSON_Delete(record);
    }
}

static void add_life_text(const struct ps_life *life, struct ps_buffer *out)
{
    size_t before = out->len;

    ps_life_each(life, "process", ps_life_add_identity, out);
    if (out->len == before)
        ps_buffer_addf(out, "process      %u: no record of its own, it was never read\n", life->s->wants.pid);
    ps_life_add_threads(life, out);
    ps_life_add_holds(life, out);
    ps_buffer_add_byte(out, '\n');
}

/* The records themselves: one array for each kind, and the sockets that the life holds. */
static void add_life_json(const struct ps_life *life, struct ps_buffer *out)
{
    static const char *const names[] = {"process", "threads", "descriptors", "environment",
                                        "memory",  "changes", "gaps",        "contents"};
    struct ps_json j = ps_json_into(out);
    uint32_t pid = life->s->wants.pid;

    ps_json_object(&j, NULL);
    ps_json_u64(&j, "pid", pid);
    ps_json_bytes(&j, "entity_id", life->count > 0 ? life->records[0].entity_id : ps_span_of("", 0));
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        ps_json_array(&j, names[k]);
        for (size_t i = 0; i < life->count; i++)
            if (strcmp(life->records[i].kind, kinds[k]) == 0)
                ps_json_raw(&j, NULL, life->records[i].line);
        ps_json_array_end(&j);
    }
    ps_json_array(&j, "sockets");
    size_t count;
    const struct ps_life_entry *own = ps_life_index_find(&life->indexes->owners, pid, life->records[0].entity_id, &count);
    for (size_t i = 0; i < count; i++) {
        const struct ps_socket_row *row = &life->s->sockets[life->s->owners[own[i].row].socket];
        ps_show_socket_json(life->s, row, ps_socket_peer(life->sockets, row), &j);
    }
    ps_json_array_end(&j);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

static bool make_indexes(const struct ps_snapshot *s, struct ps_life_indexes *x)
{
    bool by_pid, ok = ps_life_index_make(&x->children, s->process_count) &&
                      ps_life_index_make(&x->executables, s->content_count) &&
                      ps_life_index_make(&x->unread, s->gap_count) && ps_life_index_make(&x->owners, s->owner_count);

    for (size_t i = 0; ok && i < s->process_count; i++) {
        const struct ps_process_row *child = &s->processes[i];
        const struct ps_process_row *parent = child->ppid == s->wants.pid ? ps_snapshot_parent(s, child, &by_pid) : NULL;
        if (parent != NULL)
            ps_life_index_add(&x->children, (uint64_t) (parent - s->processes), ps_span_of("", 0), i);
    }
    for (size_t i = 0; ok && i < s->content_count; i++)
        ps_life_index_add(&x->executables, 0, s->contents[i].exe_id, i);
    for (size_t i = 0; ok && i < s->gap_count; i++)
        if (ps_show_lacks_descriptors(&s->gaps[i]))
            ps_life_index_add(&x->unread, s->gaps[i].pid, s->gaps[i].entity_id, i);
    for (size_t i = 0; ok && i < s->owner_count; i++)
        ps_life_index_add(&x->owners, s->owners[i].pid, s->owners[i].entity_id, i);
    ps_life_index_sort(&x->children);
    ps_life_index_sort(&x->executables);
    ps_life_index_sort(&x->unread);
    ps_life_index_sort(&x->owners);
    return ok;
}

static void indexes_done(struct ps_life_indexes *x)
{
    ps_life_index_done(&x->children);
    ps_life_index_done(&x->executables);
    ps_life_index_done(&x->unread);
    ps_life_index_done(&x->owners);
}

static void show_lives(const struct ps_snapshot *s, size_t columns,
                       void (*add)(const struct ps_life *life, struct ps_buffer *out), struct ps_buffer *out)
{
    struct ps_socket_index sockets;
    struct ps_life_indexes indexes = {0};
    struct ps_kept_record *records = by_lives(s);
    struct ps_snapshot fields = {0}; /* its pool alone */
    struct ps_loader l = {.out = &fields};

    if (!ps_socket_index_make(s, &sockets) || !make_indexes(s, &indexes) || records == NULL)
        out->failed = true;
    for (size_t at = 0, end; !out->failed && at < s->kept_count; at = end) {
        for (end = at + 1; end < s->kept_count && ps_span_equal(records[end].entity_id, records[at].entity_id);)
            end++;
        struct ps_life life = {
            .s = s,
            .row = ps_snapshot_process(s, s->wants.pid, records[at].entity_id),
            .records = records + at,
            .count = end - at,
            .columns = columns,
            .sockets = &sockets,
            .indexes = &indexes,
            .l = &l,
        };
        add(&life, out);
        out->failed = out->failed || fields.pool.failed;
    }
    ps_json_check_done(&l.check);
    ps_text_pool_done(&fields.pool);
    ps_socket_index_done(&sockets);
    indexes_done(&indexes);
    free(records);
}

void ps_show_process(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    show_lives(s, columns, add_life_text, out);
}

void ps_show_process_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    show_lives(s, columns, add_life_json, out);
}
