/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show.h"

#include "analysis/tally.h"
#include "formats/printable.h"
#include "formats/quantity.h"

static void add_label(struct ps_buffer *out, int width, const char *text)
{
    ps_buffer_addf(out, "%-*s", width, text);
}

/* ", " and the text, when there is one. */
static void add_more(struct ps_buffer *out, const char *before, struct ps_span text)
{
    if (text.len == 0)
        return;
    ps_buffer_add_text(out, before);
    ps_printable_add(out, text);
}

static bool mount_hides(struct ps_span options)
{
    struct ps_cursor c = ps_cursor_over(options);
    struct ps_span option;

    for (bool more = true; more;) {
        more = ps_take_until(&c, ',', &option);
        option = more ? option : ps_cursor_rest(&c);
        bool shows_all = ps_span_is(option, "hidepid=0") || ps_span_is(option, "hidepid=off");
        if ((ps_span_starts(option, "hidepid=") && !shows_all) || ps_span_starts(option, "subset="))
            return true;
    }
    return false;
}

static void add_platform(const struct ps_snapshot *s, int label, struct ps_buffer *out)
{
    const struct ps_snapshot_place *p = &s->place;

    if (p->platform.len == 0)
        return;
    add_label(out, label, "platform");
    ps_printable_add(out, p->platform);
    add_more(out, ", told by ", p->by);
    if (p->host_pids || p->host_ipc)
        ps_buffer_addf(out, "; the %s%s%s of the machine", p->host_pids ? "PID" : "",
                       p->host_pids && p->host_ipc ? " and IPC namespaces" : p->host_pids ? " namespace" : "",
                       p->host_ipc && !p->host_pids ? "IPC namespace" : "");
    ps_buffer_add_byte(out, '\n');
    if (p->oom_kills > 0) {
        ps_buffer_addf(out, "%*s", label, "");
        ps_quantity_count(out, p->oom_kills, "process was", "processes were");
        ps_buffer_add_text(out, " killed here for lack of memory (oom_kill)\n");
    }
    if (!mount_hides(s->facts.proc_mount))
        return;
    ps_buffer_addf(out, "%*s/proc is mounted so that it hides things: ", label, "");
    ps_printable_add(out, s->facts.proc_mount);
    ps_buffer_add_byte(out, '\n');
}

/* Nobody mounts anything there but to hide something. */
static void add_covers(const struct ps_snapshot_facts *f, int label, struct ps_buffer *out)
{
    if (f->covers == 0)
        return;
    add_label(out, label, "hidden");
    ps_quantity_count(out, f->covers, "mount lies", "mounts lie");
    ps_buffer_add_text(out, " over /proc (");
    ps_printable_add(out, f->covered);
    ps_buffer_add_text(out, f->seen_past ? "); what is below was read all the same\n"
                                         : "); what is below was not seen: that takes CAP_SYS_ADMIN\n");
}

static void add_task(const struct ps_snapshot_place *p, int label, struct ps_buffer *out)
{
    if (p->family.len == 0)
        return;
    add_label(out, label, "task");
    ps_printable_add(out, p->family);
    add_more(out, ":", p->revision);
    add_more(out, ", ", p->status);
    add_more(out, ", cluster ", p->cluster);
    add_more(out, ", ", p->zone);
    ps_buffer_add_byte(out, '\n');
}

static void add_containers(const struct ps_snapshot *s, size_t columns, int label, struct ps_buffer *out)
{
    struct ps_tally names = {0};
    size_t known = 0, responders = 0;

    for (size_t i = 0; i < s->process_count; i++) {
        const struct ps_process_row *p = &s->processes[i];
        if (p->kernel_thread)
            continue;
        known += p->container.len > 0;
        responders += p->role.len > 0;
        ps_tally_add(&names, p->container);
    }
    if (known > 0) {
        ps_tally_count(&names);
        add_label(out, label, "containers");
        ps_tally_line(&names, columns - (size_t) label, "in none that is known", "none", out);
        ps_buffer_add_byte(out, '\n');
    }
    if (responders > 0)
        ps_buffer_addf(out, "%*s%zu of the processes are the responder's own\n", label, "", responders);
    out->failed = out->failed || names.failed;
    ps_tally_done(&names);
}

void ps_show_add_place(const struct ps_snapshot *s, size_t columns, int label, struct ps_buffer *out)
{
    add_platform(s, label, out);
    add_covers(&s->facts, label, out);
    add_task(&s->place, label, out);
    add_containers(s, columns, label, out);
}

void ps_show_place_json(const struct ps_snapshot *s, struct ps_json *j)
{
    const struct ps_snapshot_place *p = &s->place;

    ps_json_object(j, "place");
    ps_json_bytes(j, "platform", p->platform);
    ps_json_bytes(j, "by", p->by);
    ps_json_bool(j, "host_pid_namespace", p->host_pids);
    ps_json_bool(j, "host_ipc_namespace", p->host_ipc);
    ps_json_bytes(j, "proc_mount", s->facts.proc_mount);
    ps_json_u64(j, "covers", s->facts.covers);
    ps_json_bytes(j, "covered", s->facts.covered);
    ps_json_bool(j, "seen_past", s->facts.seen_past);
    if (p->family.len > 0) {
        ps_json_object(j, "task");
        ps_json_bytes(j, "family", p->family);
        ps_json_bytes(j, "revision", p->revision);
        ps_json_bytes(j, "status", p->status);
        ps_json_bytes(j, "cluster", p->cluster);
        ps_json_bytes(j, "availability_zone", p->zone);
        ps_json_object_end(j);
    }
    ps_json_object_end(j);
}
