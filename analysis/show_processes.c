/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show.h"

#include "analysis/show_text.h"
#include "formats/printable.h"

enum { PID_WIDTH = 7, AGE_WIDTH = 11, EXE_WIDTH = 7, NAME_WIDTH = 15, COMMAND_LEAST = 16 };
/* Containers have a column on a wide terminal, when there are any. */
enum { CONTAINER_WIDTH = 16, CONTAINER_COLUMNS = 120 };

static size_t container_width(const struct ps_snapshot *s, size_t columns)
{
    for (size_t i = 0; columns >= CONTAINER_COLUMNS && i < s->process_count; i++)
        if (s->processes[i].container.len > 0)
            return CONTAINER_WIDTH;
    return 0;
}

/* What gives way on a narrow terminal: the start after boot, since the age says as much. */
static const struct layout {
    size_t least;    /* columns from which it is used */
    int user, start; /* widths; start 0: no such column */
} layouts[] = {
    {100, 10, 14}, /* no uid is cut */
    {0, 9, 0},
};

static const struct layout *layout_for(size_t columns)
{
    return columns >= layouts[0].least ? &layouts[0] : &layouts[1];
}

static const char *exe_word(const struct ps_process_row *p)
{
    if (p->kernel_thread)
        return "-";
    if (!p->exe_known)
        return "?";
    return p->exe_deleted ? "DELETED" : "ok";
}

static void add_times(const struct ps_snapshot *s, const struct ps_process_row *p, const struct layout *l,
                      struct ps_buffer *out)
{
    struct ps_buffer text = {0};

    ps_show_add_start(&text, p->start_boot_us);
    if (l->start > 0)
        ps_buffer_addf(out, "%*.*s ", l->start, (int) text.len, (const char *) text.data);
    ps_buffer_clear(&text, SIZE_MAX);
    ps_show_add_age(s, &text, p->start_boot_us);
    ps_printable_add_cell(out, ps_buffer_span(&text), AGE_WIDTH);
    out->failed = out->failed || text.failed;
    ps_buffer_done(&text);
}

static void add_row(const struct ps_snapshot *s, const struct ps_process_row *p, const struct layout *l,
                    size_t container, size_t command, struct ps_buffer *out)
{
    ps_buffer_addf(out, "%*u %*u ", PID_WIDTH, p->pid, PID_WIDTH, p->ppid);
    ps_printable_add_cell(out, p->user.len > 0 ? p->user : ps_span_text("?"), (size_t) l->user);
    ps_buffer_add_byte(out, ' ');
    add_times(s, p, l, out);
    ps_buffer_addf(out, " %-*s ", EXE_WIDTH, exe_word(p));
    if (container > 0) {
        ps_printable_add_cell(out, p->container.len > 0 ? p->container : ps_span_text("-"), container);
        ps_buffer_add_byte(out, ' ');
    }
    ps_printable_add_cell(out, p->name, NAME_WIDTH);
    ps_buffer_add_byte(out, ' ');
    ps_show_add_command(out, p, command);
    if (p->identity.len > 0) {
        ps_buffer_add_text(out, "  <");
        ps_printable_add(out, p->identity);
        ps_buffer_add_text(out, " while read>");
    }
    ps_buffer_add_byte(out, '\n');
}

void ps_show_processes(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    const struct layout *l = layout_for(columns);
    size_t fixed = 2 * PID_WIDTH + AGE_WIDTH + EXE_WIDTH + NAME_WIDTH + 6 + (size_t) (l->user + l->start + (l->start > 0));
    size_t container = container_width(s, columns);
    fixed += container > 0 ? container + 1 : 0;
    size_t command = columns > fixed + COMMAND_LEAST ? columns - fixed : COMMAND_LEAST;

    ps_buffer_addf(out, "%*s %*s %-*s ", PID_WIDTH, "PID", PID_WIDTH, "PPID", l->user, "USER");
    if (l->start > 0)
        ps_buffer_addf(out, "%*s ", l->start, "AFTER BOOT");
    ps_buffer_addf(out, "%-*s %-*s ", AGE_WIDTH, "AGE", EXE_WIDTH, "EXE");
    if (container > 0)
        ps_buffer_addf(out, "%-*s ", (int) container, "CONTAINER");
    ps_buffer_addf(out, "%-*s COMMAND\n", NAME_WIDTH, "NAME");
    for (size_t i = 0; i < s->process_count; i++)
        add_row(s, &s->processes[i], l, container, command, out);
}

void ps_show_processes_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    (void) columns;
    for (size_t i = 0; i < s->process_count; i++) {
        const struct ps_process_row *p = &s->processes[i];
        struct ps_json j = ps_json_into(out);
        ps_json_object(&j, NULL);
        ps_json_u64(&j, "pid", p->pid);
        ps_json_u64(&j, "ppid", p->ppid);
        ps_json_bytes(&j, "entity_id", p->entity_id);
        ps_json_bytes(&j, "user", p->user);
        ps_json_u64(&j, "start_boot_us", p->start_boot_us);
        ps_json_i64(&j, "age_us", (int64_t) (s->facts.boottime_us - p->start_boot_us));
        ps_json_bytes(&j, "name", p->name);
        ps_json_bytes(&j, "command_line", p->command_line);
        ps_json_bytes(&j, "executable", p->executable);
        if (p->exe_known)
            ps_json_bool(&j, "exe_deleted", p->exe_deleted);
        ps_json_bytes(&j, "cgroup", p->cgroup);
        ps_json_bytes(&j, "container", p->container);
        ps_json_bytes(&j, "role", p->role);
        ps_json_bool(&j, "kernel_thread", p->kernel_thread);
        ps_json_bytes(&j, "identity", p->identity.len > 0 ? p->identity : ps_span_text("same"));
        ps_json_object_end(&j);
        ps_buffer_add_byte(out, '\n');
    }
}
