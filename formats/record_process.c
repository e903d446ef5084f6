/* SPDX-License-Identifier: Apache-2.0
 *
 * The process record: everything single about one life, joined over its two capture lines. Between them it is a draft:
 * the insides of its JSON objects, so far.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/records_state.h"
#include "formats/timestamp.h"
#include "parsers/link.h"

enum { PF_KTHREAD = 0x00200000 };

struct ps_draft *ps_draft_of(struct ps_records *r, uint32_t pid, uint64_t start)
{
    for (struct ps_draft *d = r->drafts; d; d = d->next) {
        if (d->pid == pid && d->start == start)
            return d;
    }
    struct ps_draft *d = calloc(1, sizeof *d);
    if (!d) {
        r->failed = true;
        return NULL;
    }
    d->pid = pid;
    d->start = start;
    *r->drafts_end = d;
    r->drafts_end = &d->next;
    return d;
}

static void draft_free(struct ps_draft *d)
{
    ps_buffer_done(&d->process);
    ps_buffer_done(&d->user);
    ps_buffer_done(&d->proc);
    ps_buffer_done(&d->ns);
    ps_buffer_done(&d->members);
    free(d);
}

void ps_drafts_free(struct ps_records *r)
{
    while (r->drafts) {
        struct ps_draft *next = r->drafts->next;
        draft_free(r->drafts);
        r->drafts = next;
    }
    r->drafts_end = &r->drafts;
}

size_t ps_records_drafts(const struct ps_records *r, size_t *count)
{
    size_t bytes = 0;
    *count = 0;
    for (const struct ps_draft *d = r->drafts; d; d = d->next) {
        bytes += sizeof *d + d->process.room + d->user.room + d->proc.room + d->ns.room + d->members.room;
        *count += d->quiet_ended;
    }
    return bytes;
}

/* A writer that goes on where the inside of an object stopped. */
static struct ps_json inside(struct ps_buffer *b)
{
    struct ps_json j = ps_json_into(b);
    j.comma = b->len > 0;
    return j;
}

static void note_member(struct ps_draft *d, const struct ps_entry *entry)
{
    char quoted[256];
    int n = snprintf(quoted, sizeof quoted, "%s\"%.200s\"", d->members.len ? "," : "", entry->member);
    size_t len = (size_t) n;
    struct ps_buffer *m = &d->members;
    size_t same = len - (d->members.len ? 1 : 0);
    if (m->len >= same && memcmp(m->data + m->len - same, quoted + len - same, same) == 0)
        return;
    ps_buffer_add(m, quoted, len);
    if (!d->read_us)
        d->read_us = entry->begin_us;
}

static void add_parent(struct ps_records *r, struct ps_json *j, uint32_t ppid)
{
    ps_json_object(j, "parent");
    ps_json_u64(j, "pid", ppid);
    const struct ps_known *parent = ps_known_pid(r, ppid);
    if (parent) {
        char id[41];
        ps_entity_id(&r->facts, parent->pid, parent->start, id);
        ps_json_text(j, "entity_id", id);
    }
    ps_json_object_end(j);
}

static void ecs_stat(struct ps_records *r, struct ps_draft *d, const struct ps_parser *p, const void *record)
{
    struct ps_json j = inside(&d->process);
    const struct ps_span *comm = ps_record_value(p, record, "comm");
    const int64_t *ppid = ps_record_value(p, record, "ppid");
    const uint64_t *flags = ps_record_value(p, record, "flags");
    if (comm) {
        ps_json_bytes(&j, "name", *comm);
        d->named = true;
    }
    if (ppid && *ppid > 0)
        add_parent(r, &j, (uint32_t) *ppid);
    if (flags && *flags & PF_KTHREAD) {
        struct ps_json own = inside(&d->proc);
        ps_json_bool(&own, "kernel_thread", true);
    }
}

static void ecs_executable(struct ps_records *r, struct ps_draft *d, const struct ps_parser *p, const void *record)
{
    const struct ps_span *target = ps_record_value(p, record, "target");
    if (!target)
        return;
    struct ps_json j = inside(&d->process);
    ps_json_bytes(&j, "executable", *target);
    ps_buffer_add_span(&r->exe, *target);
}

static void ecs_directory(struct ps_records *r, struct ps_draft *d, const struct ps_parser *p, const void *record)
{
    (void) r;
    const struct ps_span *target = ps_record_value(p, record, "target");
    struct ps_json j = inside(&d->process);
    if (target)
        ps_json_bytes(&j, "working_directory", *target);
}

static bool next_argument(struct ps_cursor *in, struct ps_span *piece)
{
    if (ps_cursor_done(in))
        return false;
    if (ps_take_until(in, 0, piece))
        return true;
    *piece = ps_cursor_rest(in);
    ps_skip_rest(in);
    return true;
}

static void ecs_arguments(struct ps_records *r, struct ps_draft *d, const struct ps_parser *p, const void *record)
{
    const struct ps_span *args = ps_record_value(p, record, "args");
    if (!args)
        return;
    struct ps_span shown = ps_span_of(args->data, args->len < PS_SHOWN_ARGS ? args->len : PS_SHOWN_ARGS);
    struct ps_json j = inside(&d->process);
    struct ps_cursor all = ps_cursor_over(*args);
    struct ps_span piece;
    uint64_t count = 0;
    while (next_argument(&all, &piece))
        count++;
    ps_json_bytes_array(&j, "args", shown, next_argument);
    ps_json_u64(&j, "args_count", count);
    ps_buffer_clear(&r->scratch, PS_SHOWN_ARGS);
    ps_buffer_add_span(&r->scratch, shown);
    size_t len = r->scratch.len;
    if (len > 0 && r->scratch.data[len - 1] == 0)
        len--;
    for (size_t i = 0; i < len; i++) {
        if (r->scratch.data[i] == 0)
            r->scratch.data[i] = ' ';
    }
    ps_json_bytes(&j, "command_line", ps_span_of(r->scratch.data, len));
    if (shown.len < args->len) {
        struct ps_json own = inside(&d->proc);
        ps_json_u64(&own, "args_shown_bytes", shown.len);
    }
}

static void ecs_user(struct ps_records *r, struct ps_draft *d, const struct ps_parser *p, const void *record)
{
    (void) r;
    const struct ps_span *uids = ps_record_value(p, record, "Uid");
    if (!uids)
        return;
    struct ps_cursor c = ps_cursor_over(*uids);
    uint64_t real = 0, effective = 0;
    if (!ps_take_u64(&c, &real) || ps_skip_run(&c, '\t') + ps_skip_run(&c, ' ') == 0 || !ps_take_u64(&c, &effective))
        return;
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long) effective);
    struct ps_json j = inside(&d->user);
    ps_json_text(&j, "id", text);
}

/* Kernel file to ECS names: the one mapping table. `whole`: every field has an ECS name, so proc.<file> would only
 * repeat it. */
static const struct {
    const char *kind;
    void (*take)(struct ps_records *r, struct ps_draft *d, const struct ps_parser *p, const void *record);
    bool whole;
} ecs[] = {
    {"pid_stat", ecs_stat, false},         {"pid_status", ecs_user, false},        {"pid_exe", ecs_executable, false},
    {"pid_cwd", ecs_directory, false},     {"pid_cmdline", ecs_arguments, true},
};

static bool to_ecs(struct ps_records *r, const struct ps_parser *p, const void *record)
{
    for (size_t i = 0; i < sizeof ecs / sizeof *ecs; i++) {
        if (strcmp(ecs[i].kind, p->kind) == 0) {
            ecs[i].take(r, r->draft, p, record);
            return ecs[i].whole;
        }
    }
    return false;
}

void ps_draft_entry(struct ps_records *r, const struct ps_entry *entry)
{
    const struct ps_parser *p = entry->row->parser;
    struct ps_draft *d = r->draft;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    bool array = false;
    note_member(d, entry);
    if (strcmp(p->kind, "pid_stat") == 0)
        ps_sweep_know(r, entry);
    for (;;) {
        union ps_any_record record;
        memset(&record, 0, p->record_size);
        struct ps_issue issue = {0};
        enum ps_step step = p->next(&in, &record, &issue);
        if (step == PS_STEP_END)
            break;
        if (step == PS_STEP_BAD) {
            ps_records_malformed(r, entry, &issue);
            continue;
        }
        if (to_ecs(r, p, &record))
            continue;
        struct ps_json j = inside(&d->proc);
        if (!p->single && !array)
            ps_json_array(&j, entry->row->path);
        ps_json_object(&j, p->single ? entry->row->path : NULL);
        ps_record_fields(&j, p, &record);
        ps_json_object_end(&j);
        array = !p->single;
    }
    if (array)
        ps_buffer_add_byte(&d->proc, ']');
}

/* The kernel's names of namespaces, so that an entry's name can be a key. */
static const char *const namespaces[] = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
                                         "time_for_children", "user", "uts"};

void ps_draft_namespace(struct ps_records *r, const struct ps_entry *entry)
{
    struct ps_link link = {0};
    struct ps_issue issue;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    if (entry->row->parser->next(&in, &link, &issue) != PS_STEP_RECORD)
        return;
    const uint64_t *inode = ps_record_value(entry->row->parser, &link, "inode");
    struct ps_span name = ps_span_of(entry->name.data + 3, entry->name.len - 3); /* behind "ns/" */
    for (size_t i = 0; inode && i < sizeof namespaces / sizeof *namespaces; i++) {
        if (!ps_span_is(name, namespaces[i]))
            continue;
        if (strcmp(namespaces[i], "net") == 0)
            r->net_namespace = *inode;
        struct ps_json j = inside(&r->draft->ns);
        ps_json_u64(&j, namespaces[i], *inode);
    }
}

static void add_executable(struct ps_records *r, const struct ps_capture *c)
{
    struct ps_json j = inside(&r->draft->proc);
    if (c->facts) {
        char id[128];
        ps_executable_id(c->facts, id);
        ps_json_text(&j, "exe_id", id);
        ps_json_bool(&j, "exe_deleted", c->facts->nlink == 0);
        ps_executable(r, c, id);
        return;
    }
    if (r->exe.len == 0)
        return;
    ps_json_bool(&j, "exe_deleted", ps_span_ends(ps_buffer_span(&r->exe), " (deleted)"));
    ps_json_text(&j, "exe_deleted_by", "name");
}

void ps_draft_capture(struct ps_records *r, const struct ps_capture *c)
{
    struct ps_draft *d = r->draft;
    if (strcmp(c->name, "exe") == 0)
        add_executable(r, c);
    if (c->outcome == PS_COMPLETE && c->lost_count == 0)
        return;
    if (c->row && d->missing_count < PS_MISSING_MAX)
        d->missing[d->missing_count++] = (struct ps_missing){c->row->path, c->outcome};
}

static void add_coverage(struct ps_json *j, const struct ps_draft *d)
{
    ps_json_object(j, "coverage");
    for (unsigned outcome = 0; outcome < PS_OUTCOMES; outcome++) {
        bool open = false;
        for (size_t i = 0; i < d->missing_count; i++) {
            if (d->missing[i].outcome != outcome)
                continue;
            if (!open)
                ps_json_array(j, outcome == PS_COMPLETE ? "lost_entries" : ps_outcome_name((enum ps_outcome) outcome));
            open = true;
            ps_json_text(j, NULL, d->missing[i].file);
        }
        if (open)
            ps_json_array_end(j);
    }
    ps_json_object_end(j);
}

/* A life that ended before anybody could read more than the sweep did. */
static void add_known(struct ps_records *r, struct ps_json *j)
{
    const struct ps_known *k = ps_known_life(r, r->line.pid, r->line.start);
    if (!k)
        return;
    ps_json_bytes(j, "name", ps_span_of(k->comm, k->comm_len));
    if (k->ppid > 0)
        add_parent(r, j, k->ppid);
}

static void add_start(struct ps_records *r, struct ps_json *j)
{
    uint32_t tick_us = 1000000 / r->facts.clk_tck;
    uint64_t start_us = r->line.start * tick_us;
    ps_json_u64(j, "start_boot_us", start_us);
    ps_json_u64(j, "start_uncertainty_us", tick_us + (r->facts.uncertainty_ns + 999) / 1000);
}

static void add_object(struct ps_json *j, const char *name, const struct ps_buffer *inside_of)
{
    ps_json_object(j, name);
    ps_buffer_add_span(j->out, ps_buffer_span(inside_of));
    ps_json_object_end(j);
}

static void process_out(struct ps_records *r, struct ps_draft *d)
{
    char when[PS_TIMESTAMP_SIZE];
    uint64_t start_us = d->start * (1000000 / r->facts.clk_tck);
    ps_timestamp((int64_t) (r->facts.realtime_us - r->facts.boottime_us + start_us), when);
    struct ps_json j = ps_records_begin(r, PS_KIND_PROCESS);
    ps_json_object(&j, "process");
    ps_buffer_add_text(j.out, r->who);
    j.comma = true;
    ps_json_text(&j, "start", when);
    if (!d->named)
        add_known(r, &j);
    if (d->process.len > 0)
        ps_buffer_add_byte(j.out, ',');
    ps_buffer_add_span(j.out, ps_buffer_span(&d->process));
    ps_json_object_end(&j);
    if (d->user.len > 0)
        add_object(&j, "user", &d->user);
    ps_records_proc(r, &j);
    ps_json_array(&j, "source");
    ps_buffer_add_span(j.out, ps_buffer_span(&d->members));
    ps_json_array_end(&j);
    ps_json_u64(&j, "read_us", d->read_us);
    add_start(r, &j);
    add_coverage(&j, d);
    if (d->ns.len > 0)
        add_object(&j, "ns", &d->ns);
    if (d->proc.len > 0)
        ps_buffer_add_byte(j.out, ',');
    ps_buffer_add_span(j.out, ps_buffer_span(&d->proc));
    ps_records_end(r, PS_KIND_PROCESS, &j);
}

static void add_identity(struct ps_draft *d, const struct ps_line_end *end)
{
    if (end->identity == PS_SAME || d->identity_said)
        return;
    struct ps_json j = inside(&d->proc);
    ps_json_text(&j, "identity", ps_identity_name(end->identity));
    if (end->comm_changed)
        ps_json_bool(&j, "comm_changed", true);
    if (end->image_changed)
        ps_json_bool(&j, "image_changed", true);
    d->identity_said = true;
}

void ps_draft_line_end(struct ps_records *r, const struct ps_line_end *end)
{
    struct ps_draft *d = r->draft;
    add_identity(d, end);
    if (end->more)
        return;
    if (r->line.reader == PS_QUIET)
        d->quiet_ended = true;
    else
        d->memory_ended = true;
    if (!d->quiet_ended || !d->memory_ended)
        return;
    r->failed = r->failed || d->process.failed || d->user.failed || d->proc.failed || d->ns.failed || d->members.failed;
    process_out(r, d);
    for (struct ps_draft **at = &r->drafts; *at; at = &(*at)->next) {
        if (*at != d)
            continue;
        *at = d->next;
        if (r->drafts_end == &d->next)
            r->drafts_end = at;
        break;
    }
    draft_free(d);
    r->draft = NULL;
}
