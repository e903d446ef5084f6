/* SPDX-License-Identifier: Apache-2.0
 *
 * The gaps, as an explanation: one paragraph for each way in which reads ended, with the processes and files it
 * happened to, why that is so, and what would change it.
 */
#include "analysis/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/gap_reason.h"
#include "analysis/show_left_out.h"
#include "analysis/show_text.h"
#include "formats/printable.h"
#include "formats/quantity.h"

enum { INDENT = PS_GAP_INDENT };

/* A gap, and why. */
struct told {
    struct ps_gap_row row;
    const struct ps_gap_reason *reason;
};

static int by_reason(const void *left, const void *right)
{
    const struct told *told_a = left, *told_b = right;
    const struct ps_gap_row *a = &told_a->row, *b = &told_b->row;
    int order = ps_show_order(a->outcome, b->outcome);

    if (order == 0)
        order = ps_show_order(a->error, b->error);
    if (order == 0)
        order = strcmp(told_a->reason->title, told_b->reason->title);
    if (order == 0)
        order = ps_show_order(a->files, b->files);
    if (order == 0)
        order = ps_show_order(a->why, b->why);
    return order != 0 ? order : a->pid < b->pid ? -1 : a->pid > b->pid;
}

static bool same_paragraph(const struct told *a, const struct told *b)
{
    return a->reason == b->reason && ps_span_equal(a->row.outcome, b->row.outcome) &&
           ps_span_equal(a->row.error, b->row.error);
}

static bool same_files(const struct told *a, const struct told *b)
{
    return same_paragraph(a, b) && ps_span_equal(a->row.files, b->row.files) && ps_span_equal(a->row.why, b->row.why);
}

void ps_show_gap_text(struct ps_buffer *out, const char *label, const char *text, size_t columns)
{
    ps_buffer_addf(out, "  %-*s", INDENT - 2, label);
    ps_show_add_prose(out, text, INDENT, columns);
}

/* Rows are sorted by pid: how many processes they are of, the machine as a whole (pid 0) left out. */
static size_t count_processes(const struct told *rows, size_t count)
{
    size_t processes = 0;

    for (size_t i = 0; i < count; i++)
        processes += rows[i].row.pid != 0 && (i == 0 || rows[i].row.pid != rows[i - 1].row.pid);
    return processes;
}

/* "101 nginx, 4711 php-fpm, 9 others" */
static void add_processes(const struct ps_snapshot *s, const struct told *rows, size_t count, size_t columns,
                          struct ps_buffer *out)
{
    enum { NAME_MOST = 20, OTHERS_ROOM = 14, COUNT_ROOM = 18 };
    size_t processes = count_processes(rows, count), used = INDENT + (processes > 1 ? COUNT_ROOM : 0), shown = 0;

    if (processes == 0)
        return;
    ps_buffer_addf(out, "  %-*s", INDENT - 2, "of");
    if (processes > 1)
        ps_buffer_addf(out, "%zu processes: ", processes);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].row.pid == 0 || (i > 0 && rows[i].row.pid == rows[i - 1].row.pid))
            continue;
        const struct ps_process_row *p = ps_snapshot_process(s, rows[i].row.pid, rows[i].row.entity_id);
        struct ps_span name = p != NULL && p->name.len > 0 ? p->name : ps_span_text("(no name)");
        size_t width = ps_printable_columns(name);
        width = (width < NAME_MOST ? width : NAME_MOST) + (size_t) snprintf(NULL, 0, "%u , ", rows[i].row.pid);
        if (shown > 0 && used + width + OTHERS_ROOM > columns)
            break;
        ps_buffer_addf(out, "%s%u ", shown > 0 ? ", " : "", rows[i].row.pid);
        ps_printable_add_cut(out, name, NAME_MOST);
        used += width;
        shown++;
    }
    if (shown < processes) {
        ps_buffer_add_text(out, ", ");
        ps_quantity_count(out, processes - shown, "other", "others");
    }
    ps_buffer_add_byte(out, '\n');
}

/* The names of files, broken at the blanks between them. */
static void add_names(struct ps_buffer *out, struct ps_span names, size_t columns)
{
    struct ps_cursor in = ps_cursor_over(names);
    struct ps_span word;
    size_t used = INDENT;

    while (ps_take_word(&in, &word)) {
        size_t width = ps_printable_columns(word);
        if (used > INDENT && used + 1 + width > columns) {
            ps_buffer_addf(out, "\n%*s", INDENT, "");
            used = INDENT;
        } else if (used > INDENT) {
            ps_buffer_add_byte(out, ' ');
            used++;
        }
        ps_show_add_file(out, word);
        used += width;
        (void) ps_skip_run(&in, ' ');
    }
    ps_printable_add(out, ps_cursor_rest(&in)); /* no name that the kernel has: a bundle that was tampered with */
}

/* One line for each set of files, and the processes it is about. */
static void add_files(const struct ps_snapshot *s, const struct told *rows, size_t count, size_t columns,
                      struct ps_buffer *out)
{
    ps_buffer_addf(out, "  %-*s", INDENT - 2, rows->row.files.len > 0 ? "not read" : "what");
    if (rows->row.files.len > 0)
        add_names(out, rows->row.files, columns);
    else
        ps_printable_add(out, rows->row.why);
    if (rows->row.files.len == 0 && count > 1)
        ps_buffer_addf(out, ", %zu times", count);
    ps_buffer_add_byte(out, '\n');
    add_processes(s, rows, count, columns, out);
}

/* What the run as a whole has to say of it: why it was ended, its limits, how many readers never came back. */
static void add_run(const struct ps_snapshot *s, const struct told *first, size_t columns, struct ps_buffer *out)
{
    if (ps_span_is(first->row.outcome, "skipped") && s->facts.early.len > 0) {
        ps_buffer_addf(out, "  %-*s", INDENT - 2, "ended");
        ps_printable_add(out, s->facts.early);
        ps_buffer_add_byte(out, '\n');
    }
    if (first->reason->limits && s->facts.limits_reached.len > 0) {
        ps_buffer_addf(out, "  %-*s", INDENT - 2, "reached");
        add_names(out, s->facts.limits_reached, columns);
        ps_buffer_add_byte(out, '\n');
    }
    if (ps_span_is(first->row.outcome, "timed_out") && s->facts.readers_abandoned > 0) {
        ps_buffer_addf(out, "  %-*s", INDENT - 2, "readers");
        ps_buffer_addf(out, "%llu left behind, hung in the kernel and not to be killed\n",
                       (unsigned long long) s->facts.readers_abandoned);
    }
}

static void add_paragraph(const struct ps_snapshot *s, const struct told *rows, size_t count, size_t columns,
                          struct ps_buffer *out)
{
    const struct ps_gap_reason *r = rows->reason;

    ps_buffer_add_text(out, r->title);
    if (rows->row.error.len > 0) {
        ps_buffer_add_text(out, " (");
        ps_printable_add(out, rows->row.error);
        ps_buffer_add_text(out, ")");
    }
    ps_buffer_add_byte(out, '\n');
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && same_files(&rows[at], &rows[end]);)
            end++;
        add_files(s, rows + at, end - at, columns, out);
    }
    ps_show_gap_text(out, "because", r->because, columns);
    add_run(s, rows, columns, out);
    ps_show_gap_text(out, "change", r->change, columns);
    ps_buffer_add_byte(out, '\n');
}

/* The right that was missing, said once however many reads it would have opened. */
static void add_right(const struct ps_snapshot *s, const struct told *rows, size_t columns, struct ps_buffer *out)
{
    bool missing = false;

    for (size_t i = 0; i < s->gap_count; i++)
        missing = missing || rows[i].reason->right;
    if (!missing)
        return;
    ps_buffer_add_text(out, "The right that was missing: CAP_SYS_PTRACE\n");
    ps_show_gap_text(out, "because",
                "Without it the kernel shows what a process runs, holds and maps, and its environment, only to a "
                "reader with the same ids and no fewer capabilities.",
                columns);
    ps_show_gap_text(out, "on ECS",
                "in the task definition, for the container in which procsnap runs: linuxParameters.capabilities.add "
                "[\"SYS_PTRACE\"]; and for the task, pidMode \"task\" shows the processes of all its containers. Both "
                "take a new task.",
                columns);
    ps_show_gap_text(out, "Fargate",
                "gives both from platform version 1.4.0 on. It adds no other capability, and has neither privileged "
                "containers nor pidMode host.",
                columns);
    ps_show_gap_text(out, "elsewhere", "docker run --cap-add SYS_PTRACE; Kubernetes: securityContext.capabilities.add.",
                     columns);
    ps_buffer_add_byte(out, '\n');
}

static void add_switched(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct ps_buffer text = {0};

    if (s->facts.read_as_others == 0)
        return;
    ps_quantity_count(&text, s->facts.read_as_others, "capture", "captures");
    ps_buffer_add_text(&text, " of processes of other users were made with the file system ids of these users, and are "
                              "no gap. The journal says so of each (column 6).");
    ps_buffer_add_byte(&text, 0);
    ps_buffer_add_text(out, "Read with the ids of others\n");
    if (!text.failed)
        ps_show_gap_text(out, "how", (const char *) text.data, columns);
    out->failed = out->failed || text.failed;
    ps_buffer_done(&text);
    ps_buffer_add_byte(out, '\n');
}

static struct told *sorted(const struct ps_snapshot *s)
{
    struct told *rows = malloc((s->gap_count + 1) * sizeof *rows);

    if (rows == NULL)
        return NULL;
    for (size_t i = 0; i < s->gap_count; i++)
        rows[i] = (struct told){s->gaps[i], ps_gap_reason(s, &s->gaps[i])};
    if (s->gap_count > 0)
        qsort(rows, s->gap_count, sizeof *rows, by_reason);
    return rows;
}

void ps_show_gaps(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct told *rows = sorted(s);

    if (rows == NULL) {
        out->failed = true;
        return;
    }
    if (!s->facts.has_closing)
        ps_show_add_prose(out,
                          "The end of the bundle is not here. These are the gaps that its journal tells as far as it "
                          "goes; files that it does not name may have been read or not.\n",
                          0, columns);
    else if (s->gap_count == 0)
        ps_buffer_add_text(out, "All that was planned was read.\n\n");
    add_right(s, rows, columns, out);
    add_switched(s, columns, out);
    for (size_t at = 0, end; at < s->gap_count; at = end) {
        for (end = at + 1; end < s->gap_count && same_paragraph(&rows[at], &rows[end]);)
            end++;
        add_paragraph(s, rows + at, end - at, columns, out);
    }
    ps_show_left_out(s, columns, out);
    free(rows);
}

void ps_show_gaps_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    (void) columns;
    for (size_t i = 0; i < s->gap_count; i++) {
        const struct ps_gap_row *g = &s->gaps[i];
        const struct ps_process_row *p = g->pid != 0 ? ps_snapshot_process(s, g->pid, g->entity_id) : NULL;
        const struct ps_gap_reason *r = ps_gap_reason(s, g);
        struct ps_json j = ps_json_into(out);
        ps_json_object(&j, NULL);
        ps_json_bytes(&j, "outcome", g->outcome);
        ps_json_bytes(&j, "errno", g->error);
        if (g->pid != 0) {
            ps_json_u64(&j, "pid", g->pid);
            ps_json_bytes(&j, "entity_id", g->entity_id);
        }
        if (p != NULL)
            ps_json_bytes(&j, "name", p->name);
        ps_json_bytes(&j, "files", g->files);
        ps_json_bytes(&j, "why", g->why);
        ps_json_text(&j, "because", r->because);
        ps_json_text(&j, "change", r->change);
        ps_json_object_end(&j);
        ps_buffer_add_byte(out, '\n');
    }
}
