/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show.h"

#include "analysis/show_text.h"
#include "formats/printable.h"

enum { AGE_WIDTH = 11, EXE_WIDTH = 7, NAME_WIDTH = 15, COMMAND_LEAST = 16, COMMAND_MARKED = 6, USER_MOST = 10 };
/* The start after boot gives way on a narrow terminal, since the age says as much. */
enum { START_WIDTH = 14, START_FROM = 100 };
/* Containers have a column on a wide terminal, when there are any. */
enum { CONTAINER_WIDTH = 16, CONTAINER_COLUMNS = 120 };

static size_t container_width(const struct ps_snapshot *s, size_t columns)
{
    for (size_t i = 0; columns >= CONTAINER_COLUMNS && i < s->process_count; i++)
        if (s->processes[i].container.len > 0)
            return CONTAINER_WIDTH;
    return 0;
}

/* As wide as what stands in them. */
struct layout {
    int pid, user, start; /* start 0: no such column */
    size_t container;     /* 0: no such column */
    size_t command;       /* for the arguments, and what is said behind them */
};

static int digits_of(uint32_t number)
{
    int digits = 1;

    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

static struct layout layout_for(const struct ps_snapshot *s, size_t columns)
{
    struct layout l = {.pid = 4, .user = 4, .start = columns >= START_FROM ? START_WIDTH : 0};

    for (size_t i = 0; i < s->process_count; i++) {
        const struct ps_process_row *p = &s->processes[i];
        int pid = digits_of(p->pid > p->ppid ? p->pid : p->ppid);
        size_t user = ps_printable_columns(p->user);
        l.pid = pid > l.pid ? pid : l.pid;
        l.user = user <= (size_t) l.user ? l.user : user < USER_MOST ? (int) user : USER_MOST;
    }
    l.container = container_width(s, columns);
    size_t fixed = AGE_WIDTH + EXE_WIDTH + NAME_WIDTH + 6 + (size_t) (2 * l.pid + l.user + l.start + (l.start > 0));
    fixed += l.container + (l.container > 0);
    l.command = columns > fixed + COMMAND_LEAST ? columns - fixed : COMMAND_LEAST;
    return l;
}

static const char *exe_word(const struct ps_process_row *p)
{
    if (p->kernel_thread)
        return "-";
    if (!p->exe_known)
        return "unread";
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
                    struct ps_buffer *out)
{
    struct ps_buffer marks = {0};

    ps_show_add_marks(s, p, &marks);
    ps_buffer_addf(out, "%*u ", l->pid, p->pid);
    if (p->parent_known)
        ps_buffer_addf(out, "%*u ", l->pid, p->ppid);
    else
        ps_buffer_addf(out, "%*s ", l->pid, "?");
    ps_printable_add_cell(out, p->user.len > 0 ? p->user : ps_span_text("?"), (size_t) l->user);
    ps_buffer_add_byte(out, ' ');
    add_times(s, p, l, out);
    ps_buffer_addf(out, " %-*s ", EXE_WIDTH, exe_word(p));
    if (l->container > 0) {
        ps_printable_add_cell(out, p->container.len > 0 ? p->container : ps_span_text("-"), l->container);
        ps_buffer_add_byte(out, ' ');
    }
    ps_printable_add_cell(out, p->name.len > 0 ? p->name : ps_span_text("(no name)"), NAME_WIDTH);
    ps_buffer_add_byte(out, ' ');
    ps_show_add_command(out, p, l->command > marks.len + COMMAND_MARKED ? l->command - marks.len : COMMAND_MARKED);
    ps_buffer_add_span(out, ps_buffer_span(&marks));
    ps_buffer_add_byte(out, '\n');
    out->failed = out->failed || marks.failed;
    ps_buffer_done(&marks);
}

void ps_show_processes(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct layout l = layout_for(s, columns);

    ps_buffer_addf(out, "%*s %*s %-*s ", l.pid, "PID", l.pid, "PPID", l.user, "USER");
    if (l.start > 0)
        ps_buffer_addf(out, "%*s ", l.start, "AFTER BOOT");
    ps_buffer_addf(out, "%-*s %-*s ", AGE_WIDTH, "AGE", EXE_WIDTH, "EXE");
    if (l.container > 0)
        ps_buffer_addf(out, "%-*s ", (int) l.container, "CONTAINER");
    ps_buffer_addf(out, "%-*s COMMAND\n", NAME_WIDTH, "NAME");
    for (size_t i = 0; i < s->process_count; i++)
        add_row(s, &s->processes[i], &l, out);
}

void ps_show_processes_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    (void) columns;
    for (size_t i = 0; i < s->process_count; i++) {
        const struct ps_process_row *p = &s->processes[i];
        struct ps_json j = ps_json_into(out);
        ps_json_object(&j, NULL);
        ps_json_u64(&j, "pid", p->pid);
        if (p->parent_known)
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
        ps_json_bool(&j, "listed", !p->unlisted);
        ps_json_bytes(&j, "identity", p->identity.len > 0 ? p->identity : ps_span_text("same"));
        ps_json_object_end(&j);
        ps_buffer_add_byte(out, '\n');
    }
}
