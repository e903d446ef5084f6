/* SPDX-License-Identifier: Apache-2.0
 *
 * The records of a bundle that is cut short: those that it holds are not all that its raw captures tell, since records
 * and journal leave the collector later than the packs. They are made anew by the code that made them (records.h).
 */
#include "analysis/derive.h"

#include <stdlib.h>
#include <string.h>

#include "parsers/pid_stat.h"

static bool take_part(void *context, const char *kind, unsigned part, struct ps_span text)
{
    struct ps_derive *d = context;

    (void) part;
    d->l->failed = !ps_load_lines(d->l, kind, text) || d->l->failed;
    return !d->l->failed;
}

static struct ps_derived_life *add_life(struct ps_derive *d, uint32_t pid, uint64_t start)
{
    if (d->count == d->room) {
        size_t room = d->room > 0 ? d->room * 2 : 1024;
        struct ps_derived_life *lives = realloc(d->lives, room * sizeof *lives);
        if (lives == NULL) {
            d->l->failed = true;
            return NULL;
        }
        d->lives = lives;
        d->room = room;
    }
    d->lives[d->count] = (struct ps_derived_life){.pid = pid, .start = start};
    return &d->lives[d->count++];
}

static enum ps_reader reader_of(const struct ps_line *line)
{
    return line->reader;
}

void ps_derive_line(void *context, const struct ps_line *line)
{
    struct ps_derive *d = context;

    d->line = *line;
    ps_records_line(d->records, line);
}

bool ps_derive_stat(struct ps_span bytes, uint32_t *pid, uint64_t *start)
{
    struct ps_pid_stat stat = {0};
    struct ps_cursor in = ps_cursor_over(bytes);
    struct ps_issue issue;

    if (ps_parser_pid_stat.next(&in, &stat, &issue) != PS_STEP_RECORD || stat.pid <= 0 || stat.pid > UINT32_MAX ||
        !ps_record_has(&ps_parser_pid_stat, &stat, offsetof(struct ps_pid_stat, starttime)))
        return false;
    *pid = (uint32_t) stat.pid;
    *start = stat.starttime;
    return true;
}

/* Of a process that nobody came to read, the sweep is all there is. */
static void note_swept(struct ps_derive *d, const struct ps_entry *entry)
{
    struct ps_text_pool *pool = &d->l->out->pool;
    uint32_t pid;
    uint64_t start;

    if (!ps_derive_stat(entry->bytes, &pid, &start))
        return;
    struct ps_derived_life *life = add_life(d, pid, start);
    if (life == NULL)
        return;
    life->stat = ps_text_keep(pool, entry->bytes);
    life->member = (const char *) ps_text_keep(pool, ps_span_of(entry->member, strlen(entry->member) + 1)).data;
}

void ps_derive_entry(void *context, const struct ps_entry *entry)
{
    struct ps_derive *d = context;

    if (d->line.scope == PS_LINE_OPENING && !d->joined)
        note_swept(d, entry);
    ps_records_entry(d->records, reader_of(&d->line), entry);
}

void ps_derive_capture(void *context, const struct ps_capture *capture)
{
    struct ps_derive *d = context;

    ps_records_capture(d->records, reader_of(&d->line), capture);
}

void ps_derive_line_end(void *context, const struct ps_line_end *end)
{
    struct ps_derive *d = context;

    ps_records_line_end(d->records, reader_of(&d->line), end);
    if (d->line.scope != PS_LINE_PROCESS || d->joined)
        return;
    struct ps_derived_life *life = add_life(d, d->line.pid, d->line.start);
    if (life != NULL) {
        life->seen[d->line.reader] = true;
        life->ended[d->line.reader] = !end->more;
    }
}

static void take_phase(void *context, const struct ps_phase *phase)
{
    struct ps_derive *d = context;

    ps_records_phase(d->records, phase);
}

void ps_derive_begin(struct ps_loader *l, const cJSON *meta)
{
    const char *bundle = ps_json_string(ps_load_at(meta, "bundle"));
    const char *boot_id = ps_json_string(ps_load_at(meta, "host.boot_id"));
    bool can_trace = cJSON_IsTrue(ps_load_at(meta, "rights.can_trace"));
    struct ps_records_facts facts = {
        .bundle = bundle != NULL ? bundle : "",
        .boot_id = boot_id != NULL ? boot_id : "",
        .seq = l->out->facts.seq,
        .realtime_us = l->out->facts.realtime_us,
        .boottime_us = l->out->facts.boottime_us,
        .uncertainty_ns = ps_load_number(meta, "clock.uncertainty_ns"),
        .clk_tck = ps_load_number32(meta, "host.clk_tck"),
        .pid_namespace = ps_load_number(meta, "host.pid_namespace"),
        .net_namespace = ps_load_number(meta, "host.net_namespace"),
        .mnt_namespace = ps_load_number(meta, "host.mnt_namespace"),
        .ipc_namespace = ps_load_number(meta, "host.ipc_namespace"),
        .own_pid = ps_load_number32(meta, "host.own_pid"),
        .platform = ps_json_string(ps_load_at(meta, "host.platform")),
        .platform_by = ps_json_string(ps_load_at(meta, "host.platform_by")),
        .hides_pids = ps_proc_hides_pids(l->out->facts.proc_mount, can_trace),
    };
    if (facts.realtime_us > INT64_MAX)
        return;
    struct ps_derive *d = calloc(1, sizeof *d);
    l->failed = l->failed || d == NULL;
    if (d == NULL)
        return;
    struct ps_evidence_visitor visitor = {
        .context = d,
        .line = ps_derive_line,
        .entry = ps_derive_entry,
        .capture = ps_derive_capture,
        .line_end = ps_derive_line_end,
        .phase = take_phase,
    };
    d->l = l;
    d->records = ps_records_new(&facts, take_part, d);
    d->evidence = ps_evidence_new(&visitor);
    l->derive = d;
    if (d->records != NULL && d->evidence != NULL)
        return;
    l->failed = true;
    ps_derive_free(d);
    l->derive = NULL;
}

/* The matching ends at its first flaw; the packs that are there tell the rest. */
static void settle(struct ps_derive *d, bool taken, const char *why)
{
    d->flawed = d->flawed || !taken;
    d->l->failed = d->l->failed || (!taken && why == ps_no_memory);
}

void ps_derive_member(struct ps_derive *d, struct ps_span name)
{
    const char *why = NULL;

    if (!d->flawed)
        settle(d, ps_evidence_member(d->evidence, name, &why), why);
}

void ps_derive_bytes(struct ps_derive *d, struct ps_span bytes)
{
    const char *why = NULL;

    if (!d->flawed)
        settle(d, ps_evidence_bytes(d->evidence, bytes, &why), why);
}

void ps_derive_journal(struct ps_derive *d, struct ps_span line)
{
    const char *why = NULL;

    if (!d->flawed)
        settle(d, ps_evidence_journal(d->evidence, &d->check, line, &why), why);
}

void ps_derive_end(struct ps_derive *d)
{
    ps_derive_cut(d);
    d->l->failed = !ps_records_finish(d->records) || d->l->failed;
}

void ps_derive_free(struct ps_derive *d)
{
    if (d == NULL)
        return;
    ps_records_free(d->records);
    ps_evidence_free(d->evidence);
    ps_json_check_done(&d->check);
    free(d->lives);
    free(d);
}
