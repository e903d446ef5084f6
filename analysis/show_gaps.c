/* SPDX-License-Identifier: Apache-2.0
 *
 * The gaps, as an explanation: one paragraph for each way in which reads ended, with the processes and files it
 * happened to, why that is so, and what would change it.
 */
#include "analysis/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/show_text.h"
#include "formats/printable.h"
#include "formats/quantity.h"

/* Where text stands behind a label. */
enum { INDENT = 12 };

/* What to say of an outcome. */
struct reason {
    const char *outcome, *title, *because, *change;
};

static const struct reason reasons[] = {
    {"timed_out", "No answer in time",
     "The kernel made no progress for the read timeout. Behind such a process is a file system that "
     "does not answer (FUSE, NFS), or a lock that it holds, perhaps on purpose.",
     "a longer --read-timeout; look at the state of the process and at what it has mounted"},
    {"gone", "Ended meanwhile",
     "The process (or the descriptor) ended before it could be read. What was read before is in the "
     "bundle.",
     "nothing now; --profile card or --pid reads sooner"},
    {"truncated", "Cut at the limit",
     "More bytes than one capture may hold. The bytes before the limit are in the bundle.",
     "nothing in this version; the limits stand in data/meta.json"},
    {"partial", "Broken off", "The kernel gave an error after the first bytes, which are in the bundle.",
     "a second snapshot, when the error was a passing one"},
    {"failed", "Failed", "The kernel gave an error that is neither a refusal nor the end of the process.",
     "see errno(3) for the name of the error"},
    {"malformed", "Not understood",
     "A row is not what the kernel writes, or is newer than this procsnap. Its raw bytes are in "
     "the bundle; no record was made of it.",
     "a newer procsnap: verify --rederive makes the records again"},
};

static const struct reason other = {"", "Not read", "The bundle names an outcome that this procsnap does not know.",
                                    "a newer procsnap"};

/* Refusals and what was not tried have reasons that depend on the run. */
static struct reason denied(const struct ps_snapshot *s)
{
    struct reason r = {"denied", "Denied", NULL, NULL};

    if (ps_snapshot_could_trace(s)) {
        r.because =
            "The kernel refused although procsnap held CAP_SYS_PTRACE: another user namespace, a security module, or a "
            "/proc that is mounted with hidepid.";
        r.change = "run in the user namespace of the process";
    } else if (s->facts.can_switch_ids) {
        r.because =
            "procsnap asked with its own ids and with those of the process. That does not help with processes that are "
            "not dumpable, whose ids differ among themselves, or that hold more capabilities than procsnap.";
        r.change = "CAP_SYS_PTRACE; on ECS: linuxParameters.capabilities.add [\"SYS_PTRACE\"] in the task definition";
    } else {
        r.because = "procsnap ran without the right to read processes of other users.";
        r.change = "run it as root (ECS Exec does), or with CAP_SYS_PTRACE";
    }
    return r;
}

static struct reason skipped(const struct ps_snapshot *s)
{
    struct reason r = {"skipped", "Not tried", NULL, NULL};

    if (s->facts.early.len > 0) {
        r.because = "The run was ended early, or an earlier read of the same process gave no answer.";
        r.change = "a longer --deadline; let the run come to its end";
    } else {
        r.because = "An earlier read of the same process gave no answer, so that the rest of it was left alone.";
        r.change = "a longer --read-timeout";
    }
    return r;
}

static struct reason reason_for(const struct ps_snapshot *s, struct ps_span outcome)
{
    if (ps_span_is(outcome, "denied"))
        return denied(s);
    if (ps_span_is(outcome, "skipped"))
        return skipped(s);
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (ps_span_is(outcome, reasons[i].outcome))
            return reasons[i];
    return other;
}

static int by_reason(const void *left, const void *right)
{
    const struct ps_gap_row *a = left, *b = right;
    int order = ps_show_order(a->outcome, b->outcome);

    if (order == 0)
        order = ps_show_order(a->error, b->error);
    if (order == 0)
        order = ps_show_order(a->files, b->files);
    if (order == 0)
        order = ps_show_order(a->why, b->why);
    return order != 0 ? order : a->pid < b->pid ? -1 : a->pid > b->pid;
}

static bool same_paragraph(const struct ps_gap_row *a, const struct ps_gap_row *b)
{
    return ps_span_equal(a->outcome, b->outcome) && ps_span_equal(a->error, b->error);
}

static bool same_files(const struct ps_gap_row *a, const struct ps_gap_row *b)
{
    return same_paragraph(a, b) && ps_span_equal(a->files, b->files) && ps_span_equal(a->why, b->why);
}

static void add_wrapped(struct ps_buffer *out, const char *label, const char *text, size_t columns)
{
    ps_buffer_addf(out, "  %-*s", INDENT - 2, label);
    ps_show_add_prose(out, text, INDENT, columns);
}

/* Rows are sorted by pid: how many processes they are of, the machine as a whole (pid 0) left out. */
static size_t count_processes(const struct ps_gap_row *rows, size_t count)
{
    size_t processes = 0;

    for (size_t i = 0; i < count; i++)
        processes += rows[i].pid != 0 && (i == 0 || rows[i].pid != rows[i - 1].pid);
    return processes;
}

/* "101 nginx, 4711 php-fpm, 9 others" */
static void add_processes(const struct ps_snapshot *s, const struct ps_gap_row *rows, size_t count, size_t columns,
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
        if (rows[i].pid == 0 || (i > 0 && rows[i].pid == rows[i - 1].pid))
            continue;
        const struct ps_process_row *p = ps_snapshot_process(s, rows[i].pid, rows[i].entity_id);
        struct ps_span name = p != NULL && p->name.len > 0 ? p->name : ps_span_text("(no name)");
        size_t width = ps_printable_columns(name);
        width = (width < NAME_MOST ? width : NAME_MOST) + (size_t) snprintf(NULL, 0, "%u , ", rows[i].pid);
        if (shown > 0 && used + width + OTHERS_ROOM > columns)
            break;
        ps_buffer_addf(out, "%s%u ", shown > 0 ? ", " : "", rows[i].pid);
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
static void add_files(const struct ps_snapshot *s, const struct ps_gap_row *rows, size_t count, size_t columns,
                      struct ps_buffer *out)
{
    ps_buffer_addf(out, "  %-*s", INDENT - 2, "not read");
    if (rows->files.len > 0)
        add_names(out, rows->files, columns);
    else
        ps_printable_add(out, rows->why);
    if (rows->files.len == 0 && count > 1)
        ps_buffer_addf(out, ", %zu times", count);
    ps_buffer_add_byte(out, '\n');
    add_processes(s, rows, count, columns, out);
}

/* What the run as a whole has to say of it: why it was ended, how many readers never came back. */
static void add_run(const struct ps_snapshot *s, struct ps_span outcome, struct ps_buffer *out)
{
    if (ps_span_is(outcome, "skipped") && s->facts.early.len > 0) {
        ps_buffer_addf(out, "  %-*s", INDENT - 2, "ended");
        ps_printable_add(out, s->facts.early);
        ps_buffer_add_byte(out, '\n');
    }
    if (ps_span_is(outcome, "timed_out") && s->facts.readers_abandoned > 0) {
        ps_buffer_addf(out, "  %-*s", INDENT - 2, "readers");
        ps_buffer_addf(out, "%llu left behind, hung in the kernel and not to be killed\n",
                       (unsigned long long) s->facts.readers_abandoned);
    }
}

static void add_paragraph(const struct ps_snapshot *s, const struct ps_gap_row *rows, size_t count, size_t columns,
                          struct ps_buffer *out)
{
    struct reason r = reason_for(s, rows->outcome);

    ps_buffer_add_text(out, r.title);
    if (rows->error.len > 0) {
        ps_buffer_add_text(out, " (");
        ps_printable_add(out, rows->error);
        ps_buffer_add_text(out, ")");
    }
    ps_buffer_add_byte(out, '\n');
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && same_files(&rows[at], &rows[end]);)
            end++;
        add_files(s, rows + at, end - at, columns, out);
    }
    add_wrapped(out, "because", r.because, columns);
    add_run(s, rows->outcome, out);
    add_wrapped(out, "change", r.change, columns);
    ps_buffer_add_byte(out, '\n');
}

/* What was never planned, and so left no gap. */
static void add_left_out(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    ps_buffer_add_text(out, "Left out on purpose\n");
    if (s->facts.redacted)
        add_wrapped(out, "environ",
                    "Values of environment variables are stored as keyed hashes, their names are kept. "
                    "--redact none keeps the values.",
                    columns);
    if (ps_span_is(s->facts.profile, "card"))
        add_wrapped(out, "profile", "card reads few files of each process. --profile standard reads more.", columns);
    if (s->facts.chosen_pids)
        add_wrapped(out, "processes", "Only those named with --pid were read in full.", columns);
    add_wrapped(out, "memory", "Memory of processes is read only of those that --memory names.", columns);
    add_wrapped(out, "files", "Content of files is kept when it would be lost, or changed (--files).", columns);
    add_wrapped(out, "elsewhere",
                "Processes of other PID namespaces that this /proc does not show. On ECS, pidMode task "
                "shows all containers of a task.",
                columns);
}

static struct ps_gap_row *sorted(const struct ps_snapshot *s)
{
    struct ps_gap_row *rows = malloc((s->gap_count + 1) * sizeof *rows);

    if (rows == NULL)
        return NULL;
    if (s->gap_count > 0) {
        memcpy(rows, s->gaps, s->gap_count * sizeof *rows);
        qsort(rows, s->gap_count, sizeof *rows, by_reason);
    }
    return rows;
}

void ps_show_gaps(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct ps_gap_row *rows = sorted(s);

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
    for (size_t at = 0, end; at < s->gap_count; at = end) {
        for (end = at + 1; end < s->gap_count && same_paragraph(&rows[at], &rows[end]);)
            end++;
        add_paragraph(s, rows + at, end - at, columns, out);
    }
    add_left_out(s, columns, out);
    free(rows);
}

void ps_show_gaps_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    (void) columns;
    for (size_t i = 0; i < s->gap_count; i++) {
        const struct ps_gap_row *g = &s->gaps[i];
        const struct ps_process_row *p = g->pid != 0 ? ps_snapshot_process(s, g->pid, g->entity_id) : NULL;
        struct reason r = reason_for(s, g->outcome);
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
        ps_json_text(&j, "because", r.because);
        ps_json_text(&j, "change", r.change);
        ps_json_object_end(&j);
        ps_buffer_add_byte(out, '\n');
    }
}
