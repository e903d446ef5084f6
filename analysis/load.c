/* SPDX-License-Identifier: Apache-2.0
 *
 * Members to tables: the two documents whole, the records line by line, everything else passed over.
 */
#include "analysis/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_SYS_PTRACE_BIT = 19 };

/* One line of a record, or a whole document. */
static bool take_text(struct ps_loader *l, struct ps_span text)
{
    struct ps_json_flaw flaw;
    cJSON *tree = ps_json_parse(&l->check, text, &flaw);

    if (tree == NULL && flaw.why == ps_no_memory)
        return ps_fail(l->err, ENOMEM, "cannot load the bundle");
    if (tree == NULL || !cJSON_IsObject(tree)) {
        l->out->unreadable_lines++;
        cJSON_Delete(tree);
        return true;
    }
    if (l->take != NULL)
        l->take(l, tree);
    if (l->keep != NULL)
        ps_load_kept(l, tree, text);
    cJSON_Delete(tree);
    if (!l->failed && !l->out->pool.failed)
        return true;
    return ps_fail(l->err, ENOMEM, "cannot load the bundle");
}

/* Which records go into which table, and which are told of one process. */
static const struct {
    const char *prefix, *kind;
    unsigned table;
    void (*take)(struct ps_loader *l, const cJSON *tree);
} tables[] = {
    {"data/records/process-", "process", PS_LOAD_PROCESSES, ps_load_process},
    {"data/records/socket-", NULL, PS_LOAD_SOCKETS, ps_load_socket},
    {"data/records/gap-", "gap", PS_LOAD_GAPS, ps_load_gap},
    {"data/records/change-", "change", PS_LOAD_CHANGES, ps_load_change},
    {"data/records/environ-", "environ", PS_LOAD_ENVIRONS, ps_load_environ},
    {"data/records/fd-", "fd", PS_LOAD_FILES, ps_load_file},
    {"data/records/executable-", NULL, PS_LOAD_CONTENTS, ps_load_content},
    {"data/records/file-", "file", PS_LOAD_CONTENTS, ps_load_content},
    {"data/records/memory-", "memory", 0, NULL},
};

static void choose_records(struct ps_loader *l, struct ps_span name)
{
    const struct ps_snapshot_wants *wants = &l->out->wants;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (!ps_span_starts(name, tables[i].prefix))
            continue;
        l->take = (wants->tables & tables[i].table) != 0 ? tables[i].take : NULL;
        l->keep = wants->pid != 0 ? tables[i].kind : NULL;
    }
}

static void choose(struct ps_loader *l, struct ps_span name)
{
    l->take = NULL;
    l->keep = NULL;
    l->lines = true;
    l->too_long = false;
    ps_buffer_clear(&l->text, PS_JSON_LINE_MAX);
    choose_records(l, name);
    if (ps_span_is(name, "data/meta.json"))
        l->take = ps_load_meta;
    else if (ps_span_is(name, "data/closing.json"))
        l->take = ps_load_closing;
    else
        return;
    l->lines = false;
}

/* What has come is a whole line or document. */
static bool finish_text(struct ps_loader *l)
{
    bool ok = true;

    if (l->too_long)
        l->out->unreadable_lines++;
    else if (l->text.len > 0)
        ok = take_text(l, ps_buffer_span(&l->text));
    l->too_long = false;
    ps_buffer_clear(&l->text, PS_JSON_LINE_MAX);
    return ok;
}

static bool add_piece(struct ps_loader *l, struct ps_span piece)
{
    size_t most = l->lines ? PS_JSON_LINE_MAX : PS_JSON_DOCUMENT_MAX;

    if (piece.len > most - l->text.len)
        l->too_long = true; /* verify says so; here it is one line less */
    if (!l->too_long)
        ps_buffer_add_span(&l->text, piece);
    if (l->text.failed)
        return ps_fail(l->err, ENOMEM, "cannot load the bundle");
    return true;
}

static bool take_piece(struct ps_loader *l, struct ps_span piece)
{
    while (l->lines && piece.len > 0) {
        const uint8_t *end = memchr(piece.data, '\n', piece.len);
        size_t len = end != NULL ? (size_t) (end - piece.data) : piece.len;
        if (!add_piece(l, ps_span_of(piece.data, len)))
            return false;
        if (end == NULL)
            return true;
        if (!finish_text(l))
            return false;
        piece = ps_span_of(piece.data + len + 1, piece.len - len - 1);
    }
    return add_piece(l, piece);
}

static enum ps_source_step load_member(struct ps_loader *l, const struct ps_member_source *source)
{
    struct ps_span piece;
    enum ps_source_step step;

    while ((step = source->piece(source->self, &piece, &l->out->flaw, l->err)) == PS_SOURCE_NEXT)
        if (!take_piece(l, piece))
            return PS_SOURCE_FAILED;
    if (step == PS_SOURCE_END && !finish_text(l))
        return PS_SOURCE_FAILED;
    return step;
}

static enum ps_source_step load_members(struct ps_loader *l, const struct ps_member_source *source)
{
    struct ps_member member;
    enum ps_source_step step;

    while ((step = source->member(source->self, &member, &l->out->flaw, l->err)) == PS_SOURCE_NEXT) {
        choose(l, member.name);
        if (l->take == NULL && l->keep == NULL)
            continue;
        step = load_member(l, source);
        if (step != PS_SOURCE_END)
            return step;
    }
    return step;
}

static int by_pid_and_start(const void *left, const void *right)
{
    const struct ps_process_row *a = left, *b = right;

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return a->start_boot_us < b->start_boot_us ? -1 : a->start_boot_us > b->start_boot_us;
}

bool ps_snapshot_load(const struct ps_member_source *source, const struct ps_snapshot_wants *wants,
                      struct ps_snapshot *out, struct ps_error *err)
{
    struct ps_loader l = {.out = out, .err = err};

    *out = (struct ps_snapshot){.wants = *wants, .facts = {.no_new_privs = -1}};
    enum ps_source_step step = load_members(&l, source);
    out->flawed = step == PS_SOURCE_FLAW;
    ps_buffer_done(&l.text);
    ps_json_check_done(&l.check);
    if (out->process_count > 1)
        qsort(out->processes, out->process_count, sizeof *out->processes, by_pid_and_start);
    return step != PS_SOURCE_FAILED;
}

void ps_snapshot_done(struct ps_snapshot *s)
{
    free(s->processes);
    free(s->sockets);
    free(s->gaps);
    free(s->changes);
    free(s->owners);
    free(s->files);
    free(s->contents);
    free(s->kept);
    ps_text_pool_done(&s->pool);
    *s = (struct ps_snapshot){0};
}

/* The first row of a pid, or where it would stand. */
static size_t first_of(const struct ps_snapshot *s, uint32_t pid)
{
    size_t low = 0, high = s->process_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->processes[middle].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct ps_process_row *ps_snapshot_process(const struct ps_snapshot *s, uint32_t pid, struct ps_span entity_id)
{
    for (size_t i = first_of(s, pid); i < s->process_count && s->processes[i].pid == pid; i++)
        if (entity_id.len == 0 || ps_span_equal(s->processes[i].entity_id, entity_id))
            return &s->processes[i];
    return NULL;
}

const struct ps_process_row *ps_snapshot_parent(const struct ps_snapshot *s, const struct ps_process_row *child,
                                                bool *by_pid)
{
    const struct ps_process_row *last = NULL;

    *by_pid = false;
    if (child->ppid == 0)
        return NULL;
    if (child->parent_entity_id.len > 0)
        return ps_snapshot_process(s, child->ppid, child->parent_entity_id);
    for (size_t i = first_of(s, child->ppid); i < s->process_count && s->processes[i].pid == child->ppid; i++)
        if (s->processes[i].start_boot_us <= child->start_boot_us)
            last = &s->processes[i];
    *by_pid = last != NULL;
    return last;
}

bool ps_snapshot_could_trace(const struct ps_snapshot *s)
{
    return s->facts.caps_known && (s->facts.capabilities >> CAP_SYS_PTRACE_BIT & 1) != 0;
}
