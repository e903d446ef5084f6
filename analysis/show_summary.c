/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show.h"

#include "analysis/show_text.h"
#include "analysis/tally.h"
#include "formats/printable.h"
#include "formats/quantity.h"
#include "formats/timestamp.h"

enum { LABEL = 13 };

static void label(struct ps_buffer *out, const char *text)
{
    ps_buffer_addf(out, "%-*s", LABEL, text);
}

static void add_or(struct ps_buffer *out, struct ps_span text, const char *otherwise)
{
    if (text.len > 0)
        ps_printable_add(out, text);
    else
        ps_buffer_add_text(out, otherwise);
}

/* What stands side by side was read one after the other. */
static void add_skew(const struct ps_snapshot_facts *f, struct ps_buffer *out)
{
    const struct {
        uint64_t us;
        const char *words;
    } parts[] = {{f->skew_quiet_us, "processes"}, {f->skew_memory_us, "their memory files"},
                 {f->skew_content_us, "content"}};
    bool any = false;

    if (f->skew_us == 0)
        return;
    ps_buffer_addf(out, "%*sskew ", LABEL, "");
    ps_quantity_us(out, f->skew_us);
    ps_buffer_add_text(out, " from the first capture to the last");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].us == 0)
            continue;
        ps_buffer_addf(out, "%s%s ", any ? ", " : " (", parts[i].words);
        ps_quantity_us(out, parts[i].us);
        any = true;
    }
    ps_buffer_add_text(out, any ? ")\n" : "\n");
}

static void add_where(const struct ps_snapshot_facts *f, struct ps_buffer *out)
{
    char when[PS_TIMESTAMP_SIZE];

    label(out, "host");
    add_or(out, f->hostname, "(no host name)");
    ps_buffer_add_text(out, ", Linux ");
    add_or(out, f->kernel, "(unknown)");
    ps_buffer_add_byte(out, ' ');
    add_or(out, f->machine, "");
    ps_buffer_add_text(out, ", up ");
    ps_quantity_us(out, f->boottime_us);
    ps_buffer_add_byte(out, '\n');

    label(out, "taken");
    ps_timestamp((int64_t) f->realtime_us, when);
    ps_buffer_add_text(out, when);
    if (f->has_closing && f->closing_boottime_us >= f->boottime_us) {
        ps_buffer_add_text(out, ", in ");
        ps_quantity_us(out, f->closing_boottime_us - f->boottime_us);
    }
    ps_buffer_addf(out, "\n%*sprofile ", LABEL, "");
    add_or(out, f->profile, "(unknown)");
    ps_buffer_add_text(out, ", procsnap ");
    add_or(out, f->tool_version, "(unknown)");
    ps_buffer_add_byte(out, '\n');
    add_skew(f, out);
    if (f->clock_stepped_us != 0)
        ps_buffer_addf(out, "%*sthe wall clock was set meanwhile, by %lld us\n", LABEL, "",
                       (long long) f->clock_stepped_us);
}

static void add_case(const struct ps_snapshot_facts *f, struct ps_buffer *out)
{
    label(out, "case");
    add_or(out, f->case_id, "not stated");
    ps_buffer_add_text(out, ", examiner ");
    add_or(out, f->examiner, "not stated");
    ps_buffer_add_text(out, ", reason ");
    add_or(out, f->reason, "not stated");
    ps_buffer_add_byte(out, '\n');
}

static void add_rights(const struct ps_snapshot *s, struct ps_buffer *out)
{
    const struct ps_snapshot_facts *f = &s->facts;

    label(out, "rights");
    if (f->uid_known)
        ps_buffer_addf(out, "uid %llu, ", (unsigned long long) f->uid);
    if (!f->caps_known)
        ps_buffer_add_text(out, "capabilities unknown");
    else
        ps_buffer_add_text(out, ps_snapshot_could_trace(s) ? "with CAP_SYS_PTRACE" : "without CAP_SYS_PTRACE");
    ps_buffer_add_text(out, f->no_new_privs == 1 ? ", no_new_privs\n" : "\n");
    if (ps_snapshot_could_trace(s))
        return;
    label(out, "");
    ps_buffer_add_text(out, f->can_switch_ids ? "could read with the ids of the processes\n"
                                              : "could not take the ids of the processes\n");
}

/* Counts what was added, says it behind its label, and frees it. */
static void add_tally(const char *name, struct ps_tally *t, size_t columns, struct ps_buffer *out)
{
    ps_tally_count(t);
    label(out, name);
    ps_tally_line(t, columns - LABEL, "unknown", "none", out);
    ps_buffer_add_byte(out, '\n');
    out->failed = out->failed || t->failed;
    ps_tally_done(t);
}

static bool is_deleted(const struct ps_process_row *p)
{
    return p->exe_deleted;
}

/* It answers to a number that no listing has. */
static bool is_unlisted(const struct ps_process_row *p)
{
    return p->unlisted;
}

/* The names of those processes; nothing where there is none. */
static void add_names(const struct ps_snapshot *s, const char *name, bool (*is_one)(const struct ps_process_row *p),
                      size_t columns, struct ps_buffer *out)
{
    struct ps_tally names = {0};

    for (size_t i = 0; i < s->process_count; i++)
        if (is_one(&s->processes[i]))
            ps_tally_add(&names, s->processes[i].name);
    if (names.count > 0 || names.failed)
        add_tally(name, &names, columns, out);
}

static void add_processes(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct ps_tally users = {0}, groups = {0};
    size_t threads = 0;

    for (size_t i = 0; i < s->process_count; i++) {
        const struct ps_process_row *p = &s->processes[i];
        threads += p->kernel_thread;
        if (p->kernel_thread)
            continue;
        ps_tally_add(&users, p->user);
        ps_tally_add(&groups, p->cgroup);
    }
    label(out, "processes");
    ps_buffer_addf(out, "%zu", s->process_count - threads);
    if (threads > 0) {
        ps_buffer_add_text(out, ", and ");
        ps_quantity_count(out, threads, "kernel thread", "kernel threads");
    }
    ps_buffer_add_byte(out, '\n');
    add_tally(" by user", &users, columns, out);
    add_tally(" by cgroup", &groups, columns, out);
    add_names(s, " exe deleted", is_deleted, columns, out);
    add_names(s, " hidden", is_unlisted, columns, out);
}

static void add_changes(const struct ps_snapshot *s, struct ps_buffer *out)
{
    static const struct {
        const char *change, *words;
    } kinds[] = {
        {"appeared", "appeared"}, {"ended", "ended"}, {"program", "changed the program"}, {"name", "changed the name"}};
    bool any = false;

    label(out, " meanwhile");
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        size_t count = 0;
        for (size_t i = 0; i < s->change_count; i++)
            count += ps_span_is(s->changes[i].change, kinds[k].change);
        if (count == 0)
            continue;
        ps_buffer_addf(out, "%s%zu %s", any ? ", " : "", count, kinds[k].words);
        any = true;
    }
    ps_buffer_add_text(out, any ? "\n" : "no process appeared, ended or changed\n");
}

static void add_sockets(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct ps_tally kinds = {0}, states = {0};
    size_t unseen = 0;

    for (size_t i = 0; i < s->socket_count; i++) {
        const struct ps_socket_row *row = &s->sockets[i];
        if (row->again)
            continue;
        ps_tally_add(&kinds, row->transport);
        if (row->state.len > 0)
            ps_tally_add(&states, row->state);
        unseen += ps_span_is(row->owner_absent, "not in view");
    }
    add_tally("sockets", &kinds, columns, out);
    if (states.count > 0 || states.failed)
        add_tally(" tcp states", &states, columns, out);
    if (unseen > 0) {
        label(out, "");
        ps_quantity_count(out, unseen, "socket has", "sockets have");
        ps_buffer_add_text(out, " no holder among the descriptors that could be read\n");
    }
}

static void add_endpoint(const struct ps_snapshot *s, const struct ps_socket_row *row, struct ps_buffer *out)
{
    const struct ps_process_row *p = row->owner != 0 ? ps_snapshot_process(s, row->owner, ps_span_of("", 0)) : NULL;

    ps_show_add_endpoint(out, row->address, row->port);
    ps_buffer_add_text(out, " (");
    if (row->owner != 0)
        ps_buffer_addf(out, "%u ", row->owner);
    if (p != NULL)
        ps_printable_add_cut(out, p->name, 20);
    else
        add_or(out, row->owner_absent, "");
    ps_buffer_add_text(out, ")\n");
}

static void add_listening(const struct ps_snapshot *s, struct ps_buffer *out)
{
    enum { MOST = 8 };
    size_t listening = 0;

    for (size_t i = 0; i < s->socket_count; i++) {
        if (s->sockets[i].again || !ps_span_is(s->sockets[i].state, "LISTEN"))
            continue;
        if (listening++ >= MOST)
            continue;
        label(out, listening == 1 ? " listening" : "");
        add_endpoint(s, &s->sockets[i], out);
    }
    if (listening <= MOST)
        return;
    ps_buffer_addf(out, "%*sand ", LABEL, "");
    ps_quantity_count(out, listening - MOST, "other", "others");
    ps_buffer_add_byte(out, '\n');
}

static void add_missing(const struct ps_snapshot *s, struct ps_buffer *out)
{
    const struct ps_snapshot_facts *f = &s->facts;
    static const enum ps_outcome gaps[] = {PS_DENIED,  PS_TIMED_OUT, PS_SKIPPED, PS_TRUNCATED,
                                           PS_PARTIAL, PS_FAILED,    PS_GONE};
    bool any = false;

    label(out, "not seen");
    if (!f->has_closing) {
        ps_buffer_add_text(out, "not known: the counts stand at the end of the bundle, which is not here\n");
        return;
    }
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        if (f->outcomes[gaps[i]] == 0)
            continue;
        ps_buffer_addf(out, "%s%llu %s", any ? ", " : "", (unsigned long long) f->outcomes[gaps[i]],
                       ps_outcome_name(gaps[i]));
        any = true;
    }
    ps_buffer_addf(out,
                   any ? " of %llu captures; why: show BUNDLE gaps\n"
                       : "nothing that was planned: all %llu captures "
                         "were made\n",
                   (unsigned long long) f->captures);
}

static void add_environs(const struct ps_snapshot *s, struct ps_buffer *out)
{
    label(out, "environ");
    ps_quantity_count(out, s->environs, "process", "processes");
    ps_buffer_add_text(out, s->facts.redacted ? ", values hashed\n" : ", with values\n");
}

static void add_warnings(const struct ps_snapshot *s, struct ps_buffer *out)
{
    if (!s->facts.has_closing && !s->wants.derive)
        ps_buffer_add_text(out, "INCOMPLETE: this is only the beginning of a bundle; counts are of what is there\n");
    if (s->facts.processes_missed > 0) {
        ps_quantity_count(out, s->facts.processes_missed, "process", "processes");
        ps_buffer_add_text(out, " were beyond the limit of what one run lists\n");
    }
    if (s->facts.readers_abandoned > 0) {
        ps_quantity_count(out, s->facts.readers_abandoned, "reader", "readers");
        ps_buffer_add_text(out, " of procsnap hung in the kernel and were left behind\n");
    }
    if (s->unreadable_lines > 0) {
        ps_quantity_count(out, s->unreadable_lines, "line", "lines");
        ps_buffer_add_text(out, " of the records are not what the format allows, and missing here\n");
    }
}

void ps_show_summary(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    add_warnings(s, out);
    add_where(&s->facts, out);
    ps_show_add_place(s, columns, LABEL, out);
    add_case(&s->facts, out);
    add_rights(s, out);
    ps_buffer_add_byte(out, '\n');
    add_processes(s, columns, out);
    add_changes(s, out);
    add_sockets(s, columns, out);
    add_listening(s, out);
    add_missing(s, out);
    add_environs(s, out);
}
