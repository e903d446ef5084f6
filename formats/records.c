/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of an entry: which record it becomes, and how every record begins and ends. What is in a record of one kind
 * is in record_<kind>.c.
 */
#include "formats/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"
#include "formats/records_state.h"
#include "formats/timestamp.h"

static const char *const kind_names[PS_KINDS] = {
    [PS_KIND_PROCESS] = "process", [PS_KIND_THREAD] = "thread",   [PS_KIND_FD] = "fd",
    [PS_KIND_MOUNT] = "mount",     [PS_KIND_ENVIRON] = "environ", [PS_KIND_EXECUTABLE] = "executable",
    [PS_KIND_SOCKET] = "socket",   [PS_KIND_NET] = "net",         [PS_KIND_SYSTEM] = "system",
    [PS_KIND_CHANGE] = "change",   [PS_KIND_GAP] = "gap",         [PS_KIND_TASK] = "task",
    [PS_KIND_CONTAINER] = "container", [PS_KIND_FILE] = "file",     [PS_KIND_MEMORY] = "memory",
};

enum { BOOT_ID_MAX = 64 };

/* A process is named some five times, as itself, as a parent and as an owner: no printf here. */
void ps_entity_id(const struct ps_records_facts *facts, uint32_t pid, uint64_t start, char out[41])
{
    const uint64_t numbers[] = {facts->pid_namespace, pid, start};
    uint8_t text[BOOT_ID_MAX + 3 * (1 + PS_U64_DIGITS)];
    size_t len = strnlen(facts->boot_id, BOOT_ID_MAX);
    memcpy(text, facts->boot_id, len);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        text[len++] = 0;
        len += ps_u64_digits(text + len, numbers[i]);
    }
    uint8_t digest[PS_SHA256_LEN];
    ps_sha256_of(ps_span_of(text, len), digest);
    ps_hex_text(ps_span_of(digest, 20), out);
}

struct ps_records *ps_records_new(const struct ps_records_facts *facts, ps_records_sink *sink, void *context)
{
    struct ps_records *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->facts = *facts;
    if (facts->clk_tck == 0 || facts->clk_tck > 1000000) /* a bundle is hostile: nothing may be divided by it */
        r->facts.clk_tck = 100;
    if (facts->socket_rows == 0 || facts->socket_rows > PS_SOCKET_ROWS_MAX)
        r->facts.socket_rows = PS_SOCKET_ROWS_MAX;
    if (facts->socket_text_bytes == 0 || facts->socket_text_bytes > PS_SOCKET_TEXT_MAX)
        r->facts.socket_text_bytes = PS_SOCKET_TEXT_MAX;
    r->l = &r->lanes[PS_QUIET];
    r->drafts_end = &r->drafts;
    r->facts.bundle = strdup(facts->bundle);
    r->facts.boot_id = strdup(facts->boot_id);
    r->facts.platform = strdup(facts->platform ? facts->platform : "unknown");
    r->facts.platform_by = strdup(facts->platform_by ? facts->platform_by : "");
    if (!r->facts.bundle || !r->facts.boot_id || !r->facts.platform || !r->facts.platform_by) {
        ps_records_free(r);
        return NULL;
    }
    r->sink = sink;
    r->context = context;
    char when[PS_TIMESTAMP_SIZE];
    ps_timestamp((int64_t) facts->realtime_us, when);
    for (size_t k = 0; k < PS_KINDS; k++)
        snprintf(r->parts[k].head, sizeof r->parts[k].head,
                 "{\"@timestamp\":\"%s\",\"event\":{\"kind\":\"state\",\"dataset\":\"procsnap.%s\"}", when,
                 kind_names[k]);
    snprintf(r->proc_head, sizeof r->proc_head, ",\"proc\":{\"bundle\":\"%.80s\",\"seq\":%llu", facts->bundle,
             (unsigned long long) facts->seq);
    return r;
}

void ps_records_free(struct ps_records *r)
{
    if (!r)
        return;
    for (size_t k = 0; k < PS_KINDS; k++)
        ps_buffer_done(&r->parts[k].text);
    ps_drafts_free(r);
    ps_sockets_free(r);
    ps_places_free(r);
    free(r->known.items);
    free(r->hidden);
    free(r->seen_pids);
    ps_executables_free(r);
    for (size_t i = 0; i < PS_READERS; i++) {
        ps_buffer_done(&r->lanes[i].exe);
        ps_buffer_done(&r->lanes[i].gap_text);
        ps_buffer_done(&r->lanes[i].net.text);
        free(r->lanes[i].net.member);
        ps_buffer_done(&r->lanes[i].fact_text);
        free(r->lanes[i].facts);
    }
    ps_buffer_done(&r->scratch);
    free((char *) (uintptr_t) r->facts.bundle);
    free((char *) (uintptr_t) r->facts.boot_id);
    free((char *) (uintptr_t) r->facts.platform);
    free((char *) (uintptr_t) r->facts.platform_by);
    free(r);
}

struct ps_json ps_records_begin(struct ps_records *r, enum ps_kind kind)
{
    struct ps_part *part = &r->parts[kind];
    part->line = part->text.len;
    ps_buffer_add_text(&part->text, part->head);
    struct ps_json j = ps_json_into(&part->text);
    j.comma = true;
    return j;
}

void ps_records_who(struct ps_records *r, struct ps_json *j)
{
    ps_buffer_add_text(j->out, ",\"process\":{");
    ps_buffer_add_text(j->out, r->l->who);
    ps_buffer_add_byte(j->out, '}');
}

void ps_records_proc(struct ps_records *r, struct ps_json *j)
{
    ps_buffer_add_text(j->out, r->proc_head);
    j->comma = true;
}

void ps_records_source(struct ps_json *j, const char *member, struct ps_span entry, uint64_t read_us)
{
    ps_json_array(j, "source");
    ps_buffer_add_byte(j->out, '"');
    ps_buffer_add_text(j->out, member);
    if (entry.len > 0) {
        ps_buffer_add_byte(j->out, '#');
        ps_buffer_add_span(j->out, entry);
    }
    ps_buffer_add_byte(j->out, '"');
    ps_json_array_end(j);
    ps_json_u64(j, "read_us", read_us);
}

static void hand_out(struct ps_records *r, enum ps_kind kind)
{
    struct ps_part *part = &r->parts[kind];
    r->failed = r->failed || part->text.failed;
    if (!r->failed && part->text.len > 0)
        r->failed = !r->sink(r->context, kind_names[kind], ++part->number, ps_buffer_span(&part->text));
    ps_buffer_clear(&part->text, PS_RECORDS_PART + PS_LINE_MAX);
    part->line = 0;
}

static void too_long(struct ps_records *r, enum ps_kind kind)
{
    struct ps_json j = ps_gap_begin(r, NULL, "truncated");
    ps_json_text(&j, "why", "the record would be longer than 1 MiB; the raw bytes are in the pack");
    ps_json_text(&j, "record", kind_names[kind]);
    ps_gap_end(&j);
}

void ps_records_end(struct ps_records *r, enum ps_kind kind, struct ps_json *j)
{
    struct ps_part *part = &r->parts[kind];
    ps_buffer_add_text(j->out, "}}\n");
    if (part->text.len - part->line > PS_LINE_MAX) {
        part->text.len = part->line;
        too_long(r, kind);
        return;
    }
    r->lines++;
    if (part->text.len >= PS_RECORDS_PART || part->text.failed)
        hand_out(r, kind);
}

void ps_records_gap_line(struct ps_records *r, struct ps_span line)
{
    struct ps_part *part = &r->parts[PS_KIND_GAP];
    ps_buffer_add_span(&part->text, line);
    ps_buffer_add_byte(&part->text, '\n');
    r->lines++;
    if (part->text.len >= PS_RECORDS_PART || part->text.failed)
        hand_out(r, PS_KIND_GAP);
}

void ps_records_malformed(struct ps_records *r, const struct ps_entry *entry, const struct ps_issue *issue)
{
    struct ps_json j = ps_gap_begin(r, entry, "malformed");
    ps_json_text(&j, "why", issue->why);
    ps_json_u64(&j, "at", issue->at);
    ps_gap_end(&j);
}

bool ps_records_row(struct ps_records *r, const struct ps_entry *entry, struct ps_cursor *in,
                    union ps_any_record *record)
{
    const struct ps_parser *p = entry->row->parser;
    for (;;) {
        struct ps_issue issue = {0};
        memset(record, 0, p->record_size);
        enum ps_step step = p->next(in, record, &issue);
        if (step != PS_STEP_BAD)
            return step == PS_STEP_RECORD;
        ps_records_malformed(r, entry, &issue);
    }
}

const void *ps_record_value(const struct ps_parser *parser, const void *record, const char *field)
{
    for (size_t i = 0; i < parser->field_count; i++) {
        if (strcmp(parser->fields[i].name, field) != 0)
            continue;
        bool present = ((const struct ps_record *) record)->present >> i & 1;
        return present ? (const uint8_t *) record + parser->fields[i].offset : NULL;
    }
    return NULL;
}

void ps_records_line(struct ps_records *r, const struct ps_line *line)
{
    r->l = &r->lanes[line->reader];
    r->l->line = *line;
    r->l->draft = NULL;
    r->l->born.pid = 0;
    r->l->table = NULL;
    r->l->net.row = NULL;
    r->l->net_namespace = line->scope == PS_LINE_GLOBAL ? r->facts.net_namespace : 0;
    r->l->gap_count = 0;
    ps_buffer_clear(&r->l->exe, 8192);
    if (!ps_line_of_life(line->scope))
        return;
    snprintf(r->l->life, sizeof r->l->life, "%s", line->life);
    r->l->line.life = r->l->life;
    if (line->scope == PS_LINE_PROCESS)
        r->l->draft = ps_draft_of(r, line->pid, line->start);
    ps_entity_id(&r->facts, line->pid, line->start, r->l->entity);
    snprintf(r->l->who, sizeof r->l->who, "\"pid\":%u,\"entity_id\":\"%s\"", line->pid, r->l->entity);
}

static void netns_entry(struct ps_records *r, const struct ps_entry *entry)
{
    if (ps_is_socket_table(entry->row))
        ps_socket_entry(r, entry);
    else
        ps_net_entry(r, entry);
}

static void process_entry(struct ps_records *r, const struct ps_entry *entry)
{
    const char *path = entry->row->path;
    if (entry->row->scope == PS_PER_THREAD)
        ps_thread_entry(r, entry);
    else if (strcmp(path, "fd/{}") == 0)
        ps_fd_entry(r, entry);
    else if (strcmp(path, "fdinfo/{}") == 0)
        ps_fdinfo_entry(r, entry);
    else if (strcmp(path, "ns/{}") == 0)
        ps_draft_namespace(r, entry);
    else if (entry->row->scope == PS_PER_NETNS)
        netns_entry(r, entry);
    else if (entry->row->scope == PS_PER_MNTNS)
        ps_mount_entry(r, entry);
    else if (strcmp(path, "environ") == 0)
        ps_environ_entry(r, entry);
    else if (strcmp(path, "maps") != 0) /* mappings are derived offline: they would triple the records */
        ps_draft_entry(r, entry);
}

void ps_records_entry(struct ps_records *r, enum ps_reader reader, const struct ps_entry *entry)
{
    r->l = &r->lanes[reader];
    if (!entry->row || !entry->row->parser->next)
        return;
    switch (r->l->line.scope) {
    case PS_LINE_GLOBAL:
        if (entry->row->scope == PS_PER_NETNS)
            netns_entry(r, entry);
        else
            ps_fact_entry(r, entry);
        return;
    case PS_LINE_OPENING:
    case PS_LINE_CLOSING:
        ps_sweep_entry(r, entry);
        return;
    case PS_LINE_FACTS:
        ps_fact_entry(r, entry);
        return;
    case PS_LINE_PROCESS:
        if (r->l->draft)
            process_entry(r, entry);
        return;
    case PS_LINE_CONTENT:
        ps_file_entries(r, entry);
        return;
    }
}

/* An executable that is `shared` was told when it was read first. */
static void content(struct ps_records *r, const struct ps_capture *capture)
{
    bool executable = strcmp(capture->name, "exe") == 0;
    if (executable && capture->outcome != PS_SHARED)
        ps_executable_content(r, capture);
    else if (!executable)
        ps_file_content(r, capture);
}

void ps_records_capture(struct ps_records *r, enum ps_reader reader, const struct ps_capture *capture)
{
    r->l = &r->lanes[reader];
    if (r->l->draft)
        ps_draft_capture(r, capture);
    ps_diag_capture(r, capture);
    if (r->l->line.scope == PS_LINE_CONTENT && capture->facts)
        content(r, capture);
    if (r->l->line.scope == PS_LINE_CONTENT && capture->dump)
        ps_memory_record(r, capture);
    ps_gap_capture(r, capture);
    ps_mention_capture(r, capture);
}

void ps_records_line_end(struct ps_records *r, enum ps_reader reader, const struct ps_line_end *end)
{
    r->l = &r->lanes[reader];
    ps_fd_flush(r);
    ps_net_flush(r);
    ps_thread_flush(r);
    ps_facts_out(r);
    ps_gap_line_end(r);
    ps_sweep_know_born(r);
    if (r->l->draft)
        ps_draft_line_end(r, end);
    r->l->draft = NULL;
    ps_gap_flush(r);
}

static void closed(struct ps_records *r)
{
    ps_sweep_closed(r);
    ps_mentions_out(r);
}

void ps_records_phase(struct ps_records *r, const struct ps_phase *phase)
{
    /* Between lines: whatever comes out is nobody's. */
    r->l = &r->lanes[PS_QUIET];
    r->l->line.scope = PS_LINE_GLOBAL;
    if (strcmp(phase->name, "opening-end") == 0) {
        ps_platform_out(r);
        ps_diag_settle(r);
    } else if (strcmp(phase->name, "quiet-end") == 0)
        ps_sockets_out(r);
    else if (strcmp(phase->name, "content-end") == 0)
        ps_executables_out(r);
    else if (strcmp(phase->name, "closing-end") == 0)
        closed(r);
    ps_gap_flush(r);
}

/* Texts that wait for the end of their line, or are copied from: without a byte of them a record is another one. */
static bool lost_text(const struct ps_records *r)
{
    for (size_t i = 0; i < PS_READERS; i++) {
        if (r->lanes[i].exe.failed || r->lanes[i].gap_text.failed || r->lanes[i].net.text.failed)
            return true;
    }
    return r->scratch.failed || r->executables.text.failed;
}

bool ps_records_finish(struct ps_records *r)
{
    r->l = &r->lanes[PS_QUIET];
    r->l->line.scope = PS_LINE_GLOBAL;
    ps_sockets_out(r);
    ps_executables_out(r);
    ps_gap_flush(r);
    for (size_t k = 0; k < PS_KINDS; k++)
        hand_out(r, (enum ps_kind) k);
    return ps_records_ok(r);
}

bool ps_records_ok(const struct ps_records *r)
{
    return !r->failed && !lost_text(r);
}

const char *ps_records_task_arn(const struct ps_records *r)
{
    return r->places.task_arn;
}

uint64_t ps_records_lines(const struct ps_records *r)
{
    return r->lines;
}
