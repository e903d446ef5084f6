/* SPDX-License-Identifier: Apache-2.0
 *
 * The processes as a tree, by the lives that their records name as parents. A bundle may say anything: every row is
 * shown exactly once, also where parents go round in a circle.
 */
#include "analysis/show.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/show_text.h"
#include "formats/printable.h"
#include "formats/quantity.h"

#define NONE UINT32_MAX /* no enum: it does not fit an int */

enum place { BELOW, ORPHAN, FIRST, CIRCLE }; /* FIRST: the kernel says that nobody in this PID namespace started it */

/* One row of the snapshot; links are indices into the same array. */
struct node {
    uint32_t parent, child, sibling, depth;
    enum place place;
    bool by_pid, shown;
};

struct tree {
    const struct ps_snapshot *s;
    struct node *nodes;
    uint32_t *order; /* as shown: a parent directly before what it started */
    uint32_t *stack;
    uint32_t count, shown;
};

/* From the last to the first, so that children come out by pid and start. */
static void link_nodes(struct tree *t)
{
    for (uint32_t i = t->count; i-- > 0;) {
        struct node *n = &t->nodes[i];
        const struct ps_process_row *row = &t->s->processes[i];
        const struct ps_process_row *parent = ps_snapshot_parent(t->s, row, &n->by_pid);
        if (parent == NULL) {
            n->place = row->parent_known && row->ppid == 0 ? FIRST : ORPHAN;
            continue;
        }
        n->parent = (uint32_t) (parent - t->s->processes);
        n->sibling = t->nodes[n->parent].child;
        t->nodes[n->parent].child = i;
    }
}

static void show_from(struct tree *t, uint32_t root)
{
    uint32_t height = 0;

    t->stack[height++] = root;
    t->nodes[root].shown = true;
    while (height > 0) {
        uint32_t at = t->stack[--height];
        uint32_t first = height;
        t->order[t->shown++] = at;
        for (uint32_t c = t->nodes[at].child; c != NONE; c = t->nodes[c].sibling) {
            if (t->nodes[c].shown)
                continue;
            t->nodes[c].shown = true;
            t->nodes[c].depth = t->nodes[at].depth + 1;
            t->stack[height++] = c;
        }
        for (uint32_t low = first, high = height; low + 1 < high; low++) {
            uint32_t swapped = t->stack[low];
            t->stack[low] = t->stack[--high];
            t->stack[high] = swapped;
        }
    }
}

static void show_roots(struct tree *t, enum place place)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (!t->nodes[i].shown && t->nodes[i].parent == NONE && t->nodes[i].place == place)
            show_from(t, i);
}

/* Whatever no root leads to is started by its own offspring, so the bundle says. */
static void show_circles(struct tree *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->nodes[i].shown)
            continue;
        t->nodes[i].place = CIRCLE;
        show_from(t, i);
    }
}

static void done(struct tree *t)
{
    free(t->nodes);
    free(t->order);
    free(t->stack);
}

/* False when memory is out; done() in any case. */
static bool make(const struct ps_snapshot *s, struct tree *t)
{
    *t = (struct tree){.s = s};
    if (s->process_count >= NONE)
        return false;
    t->count = (uint32_t) s->process_count;
    t->nodes = malloc((t->count + 1) * sizeof *t->nodes);
    t->order = malloc((t->count + 1) * sizeof *t->order);
    t->stack = malloc((t->count + 1) * sizeof *t->stack);
    if (t->nodes == NULL || t->order == NULL || t->stack == NULL)
        return false;
    for (uint32_t i = 0; i < t->count; i++)
        t->nodes[i] = (struct node){.parent = NONE, .child = NONE, .sibling = NONE};
    link_nodes(t);
    show_roots(t, ORPHAN);
    show_roots(t, FIRST);
    show_circles(t);
    return true;
}

/* ---- as text ---- */

enum { AGE_WIDTH = 11, COMMAND_LEAST = 20, CUT_LEAST = 8, INDENT = 2, INDENT_SHARE = 3 };

struct widths {
    size_t pid, user, start, indent, command;
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static struct widths measure(const struct ps_snapshot *s, size_t columns)
{
    struct widths w = {.pid = 3, .user = 4, .start = 10};
    struct ps_buffer text = {0};

    for (size_t i = 0; i < s->process_count; i++) {
        const struct ps_process_row *p = &s->processes[i];
        ps_buffer_clear(&text, SIZE_MAX);
        ps_buffer_add_u64(&text, p->pid);
        w.pid = larger(w.pid, text.len);
        ps_buffer_clear(&text, SIZE_MAX);
        ps_show_add_start(&text, p->start_boot_us);
        w.start = larger(w.start, text.len);
        w.user = larger(w.user, ps_printable_columns(p->user));
    }
    ps_buffer_done(&text);
    w.user = w.user < 12 ? w.user : 12;
    size_t fixed = w.pid + w.user + w.start + AGE_WIDTH + 4;
    w.command = columns > fixed + COMMAND_LEAST ? columns - fixed : COMMAND_LEAST;
    w.indent = larger(w.command / INDENT_SHARE, INDENT);
    w.indent = w.indent < 60 ? w.indent : 60;
    return w;
}

/* Two columns for each generation while there is room, then its number. Returns the columns used. */
static size_t add_indent(const struct widths *w, uint32_t depth, struct ps_buffer *out)
{
    if (depth <= w->indent / INDENT) {
        ps_buffer_addf(out, "%*s", (int) (depth * INDENT), "");
        return depth * INDENT;
    }
    size_t before = out->len;
    ps_buffer_addf(out, "%*s(%u) ", (int) w->indent, "", depth);
    return out->len - before;
}

static void add_note(const struct ps_snapshot *s, const struct node *n, const struct ps_process_row *p,
                     struct ps_buffer *out)
{
    if (!p->parent_known)
        ps_buffer_add_text(out, "  <parent not read>");
    else if (n->place == ORPHAN)
        ps_buffer_addf(out, "  <parent %u not in view>", p->ppid);
    else if (n->place == CIRCLE)
        ps_buffer_addf(out, "  <parent %u is its own offspring: no kernel says that>", p->ppid);
    else if (n->by_pid)
        ps_buffer_add_text(out, "  <parent by pid alone>");
    if (p->exe_deleted)
        ps_buffer_add_text(out, "  <exe deleted>");
    ps_show_add_marks(s, p, out);
}

static void add_node(const struct tree *t, uint32_t at, const struct widths *w, struct ps_buffer *out)
{
    const struct node *n = &t->nodes[at];
    const struct ps_process_row *p = &t->s->processes[at];
    struct ps_buffer text = {0};

    ps_buffer_addf(out, "%*u ", (int) w->pid, p->pid);
    ps_printable_add_cell(out, p->user.len > 0 ? p->user : ps_span_text("?"), w->user);
    ps_show_add_start(&text, p->start_boot_us);
    ps_buffer_addf(out, " %*.*s ", (int) w->start, (int) text.len, (const char *) text.data);
    ps_buffer_clear(&text, SIZE_MAX);
    ps_show_add_age(t->s, &text, p->start_boot_us);
    ps_printable_add_cell(out, ps_buffer_span(&text), AGE_WIDTH);
    ps_buffer_add_byte(out, ' ');

    ps_buffer_clear(&text, SIZE_MAX);
    add_note(t->s, n, p, &text);
    size_t used = add_indent(w, n->depth, out) + text.len;
    ps_show_add_command(out, p, w->command > used + CUT_LEAST ? w->command - used : CUT_LEAST);
    ps_buffer_add_span(out, ps_buffer_span(&text));
    ps_buffer_add_byte(out, '\n');
    out->failed = out->failed || text.failed;
    ps_buffer_done(&text);
}

/* A host has hundreds of kernel threads, which start nothing: they are counted. */
static bool is_folded(const struct tree *t, uint32_t at)
{
    const struct node *n = &t->nodes[at];

    return t->s->processes[at].kernel_thread && n->child == NONE && n->parent != NONE &&
           t->s->processes[n->parent].kernel_thread;
}

void ps_show_tree(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct widths w = measure(s, columns);
    struct tree t;
    size_t folded = 0;

    if (make(s, &t)) {
        ps_buffer_addf(out, "%*s %-*s %*s %-*s COMMAND\n", (int) w.pid, "PID", (int) w.user, "USER", (int) w.start,
                       "AFTER BOOT", AGE_WIDTH, "AGE");
        for (uint32_t i = 0; i < t.shown; i++) {
            bool fold = is_folded(&t, t.order[i]);
            folded += fold;
            if (!fold)
                add_node(&t, t.order[i], &w, out);
        }
        if (folded > 0) {
            ps_buffer_add_text(out, "and ");
            ps_quantity_count(out, folded, "kernel thread", "kernel threads");
            ps_buffer_add_text(out, " below these: show processes, or --json, has them\n");
        }
    } else {
        out->failed = true;
    }
    done(&t);
}

/* ---- as JSON ---- */

static void add_json(const struct tree *t, uint32_t at, struct ps_buffer *out)
{
    static const char *const places[] = {"below", "parent not in view", "first", "circle"};
    const struct node *n = &t->nodes[at];
    const struct ps_process_row *p = &t->s->processes[at];
    struct ps_json j = ps_json_into(out);

    ps_json_object(&j, NULL);
    ps_json_u64(&j, "depth", n->depth);
    ps_json_text(&j, "place", places[n->place]);
    ps_json_u64(&j, "pid", p->pid);
    ps_json_bytes(&j, "entity_id", p->entity_id);
    if (p->parent_known)
        ps_json_u64(&j, "ppid", p->ppid);
    if (n->parent != NONE)
        ps_json_bytes(&j, "parent_entity_id", t->s->processes[n->parent].entity_id);
    if (n->by_pid)
        ps_json_bool(&j, "parent_by_pid", true);
    ps_json_bytes(&j, "user", p->user);
    ps_json_u64(&j, "start_boot_us", p->start_boot_us);
    ps_json_i64(&j, "age_us", (int64_t) (t->s->facts.boottime_us - p->start_boot_us));
    ps_json_bytes(&j, "name", p->name);
    ps_json_bytes(&j, "command_line", p->command_line);
    ps_json_bytes(&j, "executable", p->executable);
    if (p->exe_known)
        ps_json_bool(&j, "exe_deleted", p->exe_deleted);
    ps_json_bool(&j, "kernel_thread", p->kernel_thread);
    ps_json_bytes(&j, "identity", p->identity.len > 0 ? p->identity : ps_span_text("same"));
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

void ps_show_tree_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct tree t;

    (void) columns;
    if (make(s, &t))
        for (uint32_t i = 0; i < t.shown; i++)
            add_json(&t, t.order[i], out);
    else
        out->failed = true;
    done(&t);
}
