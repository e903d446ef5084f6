/* SPDX-License-Identifier: Apache-2.0
 *
 * Members to tables: the two documents whole, the records line by line, everything else passed over. Where records are
 * derived, those of the bundle are passed over as well, and raw captures and journal are read instead.
 */
#include "analysis/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/socket_index.h"
#include "formats/lower_bound.h"

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
    {"data/records/thread-", "thread", 0, NULL},
    {"data/records/fd-", "fd", PS_LOAD_FILES, ps_load_file},
    {"data/records/task-", NULL, PS_LOAD_PLACE, ps_load_task},
    {"data/records/system-", NULL, PS_LOAD_PLACE, ps_load_system},
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

static bool is_raw(const struct ps_loader *l)
{
    return l->class == PS_MEMBER_PACK || l->class == PS_MEMBER_GLOBAL;
}

static void choose(struct ps_loader *l, struct ps_span name)
{
    l->take = NULL;
    l->keep = NULL;
    l->lines = true;
    l->too_long = false;
    ps_buffer_clear(&l->text, PS_JSON_LINE_MAX);
    l->class = ps_member_class_of(name);
    if (l->class == PS_MEMBER_RECORDS && !l->out->wants.derive)
        choose_records(l, name);
    else if (l->class == PS_MEMBER_META)
        l->take = ps_load_meta;
    else if (l->class == PS_MEMBER_CLOSING)
        l->take = ps_load_closing;
    l->lines = l->class == PS_MEMBER_RECORDS || l->class == PS_MEMBER_JOURNAL;
    if (l->derive != NULL && is_raw(l))
        ps_derive_member(l->derive, name);
}

static bool is_wanted(const struct ps_loader *l)
{
    bool derived_from = l->derive != NULL && (is_raw(l) || l->class == PS_MEMBER_JOURNAL);

    return l->take != NULL || l->keep != NULL || derived_from;
}

bool ps_load_lines(struct ps_loader *l, const char *kind, struct ps_span text)
{
    struct ps_cursor in = ps_cursor_over(text);
    struct ps_span line;
    char name[64];

    (void) snprintf(name, sizeof name, "data/records/%s-", kind);
    l->take = NULL;
    l->keep = NULL;
    choose_records(l, ps_span_text(name));
    if (l->take == NULL && l->keep == NULL)
        return true;
    while (ps_take_line(&in, &line))
        if (!take_text(l, line))
            return false;
    return true;
}

static bool take_journal(struct ps_loader *l, struct ps_span line)
{
    ps_derive_journal(l->derive, line);
    return !l->failed || ps_fail(l->err, ENOMEM, "cannot load the bundle");
}

/* What has come is a whole line or document. */
static bool finish_text(struct ps_loader *l)
{
    bool ok = true;

    if (l->too_long)
        l->out->unreadable_lines++;
    else if (l->text.len > 0)
        ok = (l->class == PS_MEMBER_JOURNAL ? take_journal : take_text)(l, ps_buffer_span(&l->text));
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
    if (is_raw(l)) {
        ps_derive_bytes(l->derive, piece);
        return !l->failed || ps_fail(l->err, ENOMEM, "cannot load the bundle");
    }
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
        if (!is_wanted(l))
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

/* Sorts the processes, so that rows keep their places from here on. False when memory is out. */
static bool index_lives(struct ps_snapshot *s)
{
    if (s->process_count > 1)
        qsort(s->processes, s->process_count, sizeof *s->processes, by_pid_and_start);
    if (!ps_life_index_make(&s->lives, s->process_count))
        return false;
    for (size_t i = 0; i < s->process_count; i++)
        ps_life_index_add(&s->lives, s->processes[i].pid, s->processes[i].entity_id, i);
    ps_life_index_sort(&s->lives);
    return true;
}

bool ps_snapshot_load(const struct ps_member_source *source, const struct ps_snapshot_wants *wants,
                      struct ps_snapshot *out, struct ps_error *err)
{
    struct ps_loader l = {.out = out, .err = err};

    *out = (struct ps_snapshot){.wants = *wants, .facts = {.no_new_privs = -1}};
    enum ps_source_step step = load_members(&l, source);
    out->flawed = step == PS_SOURCE_FLAW;
    if (step != PS_SOURCE_FAILED && l.derive != NULL) {
        ps_derive_end(l.derive);
        if (l.failed || out->pool.failed) {
            ps_fail(err, ENOMEM, "cannot load the bundle");
            step = PS_SOURCE_FAILED;
        }
    }
    ps_derive_free(l.derive);
    if (step != PS_SOURCE_FAILED && !ps_sockets_mark(out)) {
        ps_fail(err, ENOMEM, "cannot load the bundle");
        step = PS_SOURCE_FAILED;
    }
    if (step != PS_SOURCE_FAILED && !index_lives(out)) {
        ps_fail(err, ENOMEM, "cannot load the bundle");
        step = PS_SOURCE_FAILED;
    }
    ps_buffer_done(&l.text);
    ps_json_check_done(&l.check);
    return step != PS_SOURCE_FAILED;
}

void ps_snapshot_done(struct ps_snapshot *s)
{
    free(s->processes);
    ps_life_index_done(&s->lives);
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

/* The first row of a pid that was not started before then, or where it would stand. */
static size_t first_from(const struct ps_snapshot *s, uint32_t pid, uint64_t start_boot_us)
{
    struct ps_process_row wanted = {.pid = pid, .start_boot_us = start_boot_us};

    return ps_lower_bound(&wanted, s->processes, s->process_count, sizeof wanted, by_pid_and_start);
}

const struct ps_process_row *ps_snapshot_process(const struct ps_snapshot *s, uint32_t pid, struct ps_span entity_id)
{
    size_t count, first = first_from(s, pid, 0);

    if (entity_id.len > 0) {
        const struct ps_life_entry *entry = ps_life_index_find(&s->lives, pid, entity_id, &count);
        return entry != NULL ? &s->processes[entry->row] : NULL;
    }
    return first < s->process_count && s->processes[first].pid == pid ? &s->processes[first] : NULL;
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
    size_t until = first_from(s, child->ppid, child->start_boot_us + (child->start_boot_us < UINT64_MAX));
    if (until > 0 && s->processes[until - 1].pid == child->ppid)
        last = &s->processes[until - 1];
    *by_pid = last != NULL;
    return last;
}

bool ps_snapshot_could_trace(const struct ps_snapshot *s)
{
    return s->facts.caps_known && (s->facts.capabilities >> CAP_SYS_PTRACE_BIT & 1) != 0;
}
