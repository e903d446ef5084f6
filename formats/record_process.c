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

/* Drafts kept for the next processes, and what each of their texts keeps. */
enum { SPARES = 8, SPARE_TEXT = 32 << 10 };

static struct ps_draft *new_draft(struct ps_records *r)
{
    struct ps_draft *d = r->spare;
    if (!d)
        return calloc(1, sizeof *d);
    r->spare = d->next;
    r->spare_count--;
    d->next = NULL;
    return d;
}

struct ps_draft *ps_draft_of(struct ps_records *r, uint32_t pid, uint64_t start)
{
    for (struct ps_draft *d = r->drafts; d; d = d->next) {
        if (d->pid == pid && d->start == start)
            return d;
    }
    struct ps_draft *d = new_draft(r);
    if (!d) {
        r->failed = true;
        return NULL;
    }
    d->pid = pid;
    d->start = start;
    d->place = (struct ps_place){0};
    *r->drafts_end = d;
    r->drafts_end = &d->next;
    return d;
}

static void half_empty(struct ps_half *h, size_t keep)
{
    ps_buffer_clear(&h->process, keep);
    ps_buffer_clear(&h->user, keep);
    ps_buffer_clear(&h->proc, keep);
    ps_buffer_clear(&h->ns, keep);
    ps_buffer_clear(&h->facts, keep);
    ps_buffer_clear(&h->members, keep);
    ps_buffer_clear(&h->container, keep);
    h->ended = h->named = h->identity_said = false;
    h->read_us = 0;
    h->via = 0;
    h->missing_count = 0;
}

static void drafts_free(struct ps_draft *list)
{
    while (list) {
        struct ps_draft *next = list->next;
        half_empty(&list->halves[PS_QUIET], 0);
        half_empty(&list->halves[PS_MEMORY], 0);
        free(list);
        list = next;
    }
}

void ps_drafts_free(struct ps_records *r)
{
    drafts_free(r->drafts);
    drafts_free(r->spare);
    r->drafts = r->spare = NULL;
    r->drafts_end = &r->drafts;
}

size_t ps_records_drafts(const struct ps_records *r, size_t *count)
{
    size_t bytes = 0;
    *count = 0;
    for (const struct ps_draft *d = r->drafts; d; d = d->next) {
        const struct ps_half *h = &d->halves[PS_QUIET];
        bytes += sizeof *d + h->process.room + h->user.room + h->proc.room + h->ns.room + h->members.room;
        *count += h->ended;
    }
    return bytes;
}

/* What the line under way says of its process. */
static struct ps_half *half(struct ps_records *r)
{
    return &r->l->draft->halves[r->l->line.reader];
}

/* Entries of one pack follow each other: all but the first find its name at the end. */
static void note_member(struct ps_half *h, const struct ps_entry *entry)
{
    struct ps_span name = ps_span_text(entry->member);
    struct ps_buffer *m = &h->members;
    if (m->len > name.len + 1 && m->data[m->len - name.len - 2] == '"' &&
        memcmp(m->data + m->len - name.len - 1, name.data, name.len) == 0)
        return;
    if (m->len > 0)
        ps_buffer_add_byte(m, ',');
    ps_buffer_add_byte(m, '"');
    ps_buffer_add_span(m, name);
    ps_buffer_add_byte(m, '"');
    if (!h->read_us)
        h->read_us = entry->begin_us;
}

enum { KEY_ROOM = 32 };

/* proc.<file>: "attr/current" is attr_current there. */
static const char *key_of(const char *path, char room[KEY_ROOM])
{
    if (!strchr(path, '/'))
        return path;
    snprintf(room, KEY_ROOM, "%s", path);
    for (char *at = room; (at = strchr(at, '/')) != NULL;)
        *at = '_';
    return room;
}

void ps_draft_entry(struct ps_records *r, const struct ps_entry *entry)
{
    const struct ps_parser *p = entry->row->parser;
    struct ps_half *h = half(r);
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    bool array = false;
    char room[KEY_ROOM];
    const char *key = key_of(entry->row->path, room);
    note_member(h, entry);
    if (strcmp(p->kind, "pid_stat") == 0)
        ps_sweep_born(r, entry);
    union ps_any_record record;
    while (ps_records_row(r, entry, &in, &record)) {
        ps_place_learn(r, p, &record);
        ps_mention_tracer(r, p, &record);
        if (ps_ecs_take(r, h, p, &record))
            continue;
        struct ps_json j = ps_json_inside(&h->proc);
        if (!p->single && !array)
            ps_json_array(&j, key);
        ps_json_object(&j, p->single ? key : NULL);
        ps_record_fields(&j, p, &record);
        ps_json_object_end(&j);
        array = !p->single;
    }
    if (array)
        ps_buffer_add_byte(&h->proc, ']');
}

/* The kernel's names of namespaces, so that an entry's name can be a key. */
static const char *const namespaces[] = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
                                         "time_for_children", "user", "uts"};

void ps_draft_namespace(struct ps_records *r, const struct ps_entry *entry)
{
    union ps_any_record link = {.head = {0}};
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
            r->l->net_namespace = *inode;
        if (strcmp(namespaces[i], "mnt") == 0)
            r->l->draft->place.mnt = *inode;
        struct ps_json j = ps_json_inside(&half(r)->ns);
        ps_json_u64(&j, namespaces[i], *inode);
    }
}

static void add_executable(struct ps_records *r, const struct ps_capture *c)
{
    struct ps_json j = ps_json_inside(&half(r)->facts);
    if (c->facts) {
        char id[128];
        ps_executable_id(c->facts, id);
        ps_json_text(&j, "exe_id", id);
        ps_json_bool(&j, "exe_deleted", c->facts->nlink == 0);
        ps_executable(r, c, id);
        return;
    }
    if (r->l->exe.len == 0)
        return;
    ps_json_bool(&j, "exe_deleted", ps_span_ends(ps_buffer_span(&r->l->exe), " (deleted)"));
    ps_json_text(&j, "exe_deleted_by", "name");
}

void ps_draft_capture(struct ps_records *r, const struct ps_capture *c)
{
    struct ps_half *h = half(r);
    if (strcmp(c->name, "exe") == 0)
        add_executable(r, c);
    if (c->outcome == PS_COMPLETE && c->lost_count == 0)
        return;
    if (c->row && h->missing_count < PS_MISSING_MAX)
        h->missing[h->missing_count++] = (struct ps_missing){c->row->path, c->outcome};
}

/* Files of both lines that ended in this outcome, as an array; nothing when there are none. */
static void add_missing(struct ps_json *j, const struct ps_draft *d, enum ps_outcome outcome)
{
    bool open = false;
    for (size_t i = 0; i < 2; i++) {
        const struct ps_half *h = &d->halves[i];
        for (size_t k = 0; k < h->missing_count; k++) {
            if (h->missing[k].outcome != outcome)
                continue;
            if (!open)
                ps_json_array(j, outcome == PS_COMPLETE ? "lost_entries" : ps_outcome_name(outcome));
            open = true;
            ps_json_text(j, NULL, h->missing[k].file);
        }
    }
    if (open)
        ps_json_array_end(j);
}

static void add_coverage(struct ps_json *j, const struct ps_draft *d)
{
    ps_json_object(j, "coverage");
    for (unsigned outcome = 0; outcome < PS_OUTCOMES; outcome++)
        add_missing(j, d, (enum ps_outcome) outcome);
    ps_json_object_end(j);
}

/* A life that ended before anybody could read more than the sweep did. */
static void add_known(struct ps_records *r, struct ps_json *j)
{
    const struct ps_known *k = ps_known_life(r, r->l->line.pid, r->l->line.start);
    if (!k)
        return;
    ps_json_bytes(j, "name", ps_span_of(k->comm, k->comm_len));
    if (k->ppid > 0)
        ps_ecs_parent(r, j, k->ppid);
}

static void add_start(struct ps_records *r, struct ps_json *j)
{
    uint32_t tick_us = 1000000 / r->facts.clk_tck;
    uint64_t start_us = r->l->line.start * tick_us;
    ps_json_u64(j, "start_boot_us", start_us);
    ps_json_u64(j, "start_uncertainty_us", tick_us + (r->facts.uncertainty_ns + 999) / 1000);
}

/* The two readers choose a thread each, mostly the same. */
static void add_via(struct ps_json *j, const struct ps_draft *d)
{
    uint32_t quiet = d->halves[PS_QUIET].via, memory = d->halves[PS_MEMORY].via;
    if (quiet)
        ps_json_u64(j, "via_thread", quiet);
    if (memory && memory != quiet)
        ps_json_u64(j, "via_thread_memory", memory);
}

/* The inside of an object, of both lines. */
static void add_inside(struct ps_json *j, const struct ps_buffer *quiet, const struct ps_buffer *memory)
{
    const struct ps_buffer *both[] = {quiet, memory};
    for (size_t i = 0; i < 2; i++) {
        if (both[i]->len == 0)
            continue;
        if (j->comma)
            ps_buffer_add_byte(j->out, ',');
        ps_buffer_add_span(j->out, ps_buffer_span(both[i]));
        j->comma = true;
    }
}

static void process_out(struct ps_records *r, struct ps_draft *d)
{
    const struct ps_half *quiet = &d->halves[PS_QUIET], *memory = &d->halves[PS_MEMORY];
    char when[PS_TIMESTAMP_SIZE];
    uint64_t start_us = d->start * (1000000 / r->facts.clk_tck);
    ps_timestamp((int64_t) (r->facts.realtime_us - r->facts.boottime_us + start_us), when);
    struct ps_json j = ps_records_begin(r, PS_KIND_PROCESS);
    ps_json_object(&j, "process");
    ps_buffer_add_text(j.out, r->l->who);
    j.comma = true;
    ps_json_text(&j, "start", when);
    if (!quiet->named)
        add_known(r, &j);
    add_inside(&j, &quiet->process, &memory->process);
    ps_json_object_end(&j);
    if (quiet->user.len > 0) {
        ps_json_object(&j, "user");
        add_inside(&j, &quiet->user, &memory->user);
        ps_json_object_end(&j);
    }
    if (quiet->container.len > 0) {
        ps_json_object(&j, "container");
        add_inside(&j, &quiet->container, &memory->container);
        ps_json_object_end(&j);
    }
    ps_records_proc(r, &j);
    ps_json_array(&j, "source");
    add_inside(&j, &quiet->members, &memory->members);
    ps_json_array_end(&j);
    ps_json_u64(&j, "read_us", quiet->read_us ? quiet->read_us : memory->read_us);
    add_start(r, &j);
    if (ps_is_hidden(r, d->pid, d->start))
        ps_json_bool(&j, "listed", false);
    add_via(&j, d);
    add_coverage(&j, d);
    ps_json_object(&j, "ns");
    add_inside(&j, &quiet->ns, &memory->ns);
    ps_json_object_end(&j);
    add_inside(&j, &quiet->facts, &memory->facts);
    add_inside(&j, &quiet->proc, &memory->proc);
    ps_records_end(r, PS_KIND_PROCESS, &j);
}

static void add_identity(struct ps_half *h, const struct ps_line_end *end, enum ps_reader reader)
{
    if (end->identity == PS_SAME || h->identity_said)
        return;
    struct ps_json j = ps_json_inside(&h->proc);
    ps_json_object(&j, reader == PS_QUIET ? "identity_quiet" : "identity_memory");
    ps_json_text(&j, "last_look", ps_identity_name(end->identity));
    if (end->comm_changed)
        ps_json_bool(&j, "comm_changed", true);
    if (end->image_changed)
        ps_json_bool(&j, "image_changed", true);
    ps_json_object_end(&j);
    h->identity_said = true;
}

static void forget(struct ps_records *r, struct ps_draft *d)
{
    for (struct ps_draft **at = &r->drafts; *at; at = &(*at)->next) {
        if (*at != d)
            continue;
        *at = d->next;
        if (r->drafts_end == &d->next)
            r->drafts_end = at;
        break;
    }
    d->next = NULL;
    if (r->spare_count == SPARES) {
        drafts_free(d);
        return;
    }
    half_empty(&d->halves[PS_QUIET], SPARE_TEXT);
    half_empty(&d->halves[PS_MEMORY], SPARE_TEXT);
    d->next = r->spare;
    r->spare = d;
    r->spare_count++;
}

void ps_draft_line_end(struct ps_records *r, const struct ps_line_end *end)
{
    struct ps_draft *d = r->l->draft;
    struct ps_half *h = half(r);
    add_identity(h, end, r->l->line.reader);
    if (!h->via)
        h->via = end->via;
    if (r->l->line.reader == PS_QUIET && !end->more)
        ps_place_settle(r, h, &d->place);
    r->failed = r->failed || h->process.failed || h->user.failed || h->proc.failed || h->ns.failed ||
                h->facts.failed || h->members.failed || h->container.failed;
    h->ended = !end->more;
    if (!d->halves[PS_QUIET].ended || !d->halves[PS_MEMORY].ended)
        return;
    process_out(r, d);
    forget(r, d);
    r->l->draft = NULL;
}
