/* SPDX-License-Identifier: Apache-2.0
 *
 * The evidence of a bundle while it passes: raw members and journal are matched, lines of JSON are checked, and, when
 * asked for, the records are derived again.
 */
#include <stdio.h>
#include <string.h>

#include "formats/verify_state.h"

enum { LINE_KEEP = 2 << 20 };

static bool take_part(void *context, const char *kind, unsigned part, struct ps_span text)
{
    struct ps_verify *v = context;
    char name[96];
    uint8_t sha256[PS_SHA256_LEN];
    (void) snprintf(name, sizeof name, "data/records/%s-%04u.ndjson", kind, part);
    ps_sha256_of(text, sha256);
    if (ps_manifest_add(&v->derived, ps_span_text(name), sha256, v->err))
        return true;
    v->failed = true;
    return false;
}

/* The records begin when the first thing comes that they are made of: data/meta.json is known by then. */
static struct ps_records *records_of(struct ps_verify *v)
{
    if (v->records == NULL && v->wants->rederive && v->facts_known && !v->failed) {
        v->records = ps_records_new(&v->facts, take_part, v);
        if (v->records == NULL)
            (void) ps_verify_out_of_memory(v);
    }
    return v->records;
}

static void on_line(void *context, const struct ps_line *line)
{
    struct ps_verify *v = context;
    struct ps_records *r = records_of(context);
    v->reader = ps_line_of_life(line->scope) ? line->reader : PS_QUIET;
    if (r != NULL)
        ps_records_line(r, line);
}

static void on_entry(void *context, const struct ps_entry *entry)
{
    struct ps_verify *v = context;
    struct ps_records *r = records_of(v);
    if (r != NULL)
        ps_records_entry(r, v->reader, entry);
}

static void on_capture(void *context, const struct ps_capture *capture)
{
    struct ps_verify *v = context;
    struct ps_records *r = records_of(v);
    if (r != NULL)
        ps_records_capture(r, v->reader, capture);
}

static void on_line_end(void *context, const struct ps_line_end *end)
{
    struct ps_verify *v = context;
    struct ps_records *r = records_of(v);
    if (r != NULL)
        ps_records_line_end(r, v->reader, end);
}

static void on_phase(void *context, const struct ps_phase *phase)
{
    struct ps_records *r = records_of(context);
    if (r != NULL)
        ps_records_phase(r, phase);
}

bool ps_verify_evidence_new(struct ps_verify *v)
{
    struct ps_evidence_visitor visitor = {v, on_line, on_entry, on_capture, on_line_end, on_phase};
    v->evidence = ps_evidence_new(&visitor);
    return v->evidence != NULL || ps_verify_out_of_memory(v);
}

/* Matching ends at the first flaw: whatever follows it would only be its echo. */
static void evidence_flaw(struct ps_verify *v, const char *why, uint64_t line)
{
    v->evidence_flawed = true;
    if (why == ps_no_memory)
        (void) ps_verify_out_of_memory(v);
    else
        ps_verify_find_line(v, why, ps_span_text(v->name), ps_evidence_culprit(v->evidence), line);
}

void ps_verify_raw_begin(struct ps_verify *v)
{
    const char *why;
    if (!v->evidence_flawed && !ps_evidence_member(v->evidence, ps_span_text(v->name), &why))
        evidence_flaw(v, why, 0);
}

void ps_verify_raw_piece(struct ps_verify *v, struct ps_span piece)
{
    const char *why;
    if (!v->evidence_flawed && !ps_evidence_bytes(v->evidence, piece, &why))
        evidence_flaw(v, why, 0);
}

static void line_flaw(struct ps_verify *v, const char *why)
{
    v->line_flawed = true;
    if (v->class == PS_MEMBER_JOURNAL)
        v->evidence_flawed = true;
    if (why == ps_no_memory)
        (void) ps_verify_out_of_memory(v);
    else
        ps_verify_find_line(v, why, ps_span_text(v->name), ps_span_of(NULL, 0), v->line_number);
}

static void take_line(struct ps_verify *v, struct ps_span line)
{
    struct ps_json_flaw flaw;
    const char *why;
    v->line_number++;
    if (line.len > PS_JSON_LINE_MAX) {
        line_flaw(v, "a line of more than 1 MiB");
        return;
    }
    if (v->class == PS_MEMBER_JOURNAL) {
        if (!v->evidence_flawed && !ps_evidence_journal(v->evidence, &v->check, line, &why))
            evidence_flaw(v, why, v->line_number);
        return;
    }
    if (!ps_json_check(&v->check, line, &flaw))
        line_flaw(v, flaw.why);
    else if (line.data[0] != '{')
        line_flaw(v, "not an object");
    else if (v->class == PS_MEMBER_RECORDS)
        v->report->record_lines++;
}

void ps_verify_lines_piece(struct ps_verify *v, struct ps_span piece)
{
    struct ps_cursor in = ps_cursor_over(piece);
    struct ps_span line;
    while (!v->line_flawed && !v->failed && ps_take_until(&in, '\n', &line)) {
        if (v->line.len > 0) { /* its beginning came with an earlier piece */
            ps_buffer_add_span(&v->line, line);
            line = ps_buffer_span(&v->line);
        }
        if (v->line.failed)
            (void) ps_verify_out_of_memory(v);
        else
            take_line(v, line);
        ps_buffer_clear(&v->line, LINE_KEEP);
    }
    if (v->line_flawed || v->failed)
        return;
    ps_buffer_add_span(&v->line, ps_cursor_rest(&in));
    if (v->line.failed) {
        (void) ps_verify_out_of_memory(v);
    } else if (v->line.len > PS_JSON_LINE_MAX) {
        v->line_number++;
        line_flaw(v, "a line of more than 1 MiB");
    }
}

void ps_verify_lines_end(struct ps_verify *v)
{
    if (!v->line_flawed && !v->failed && v->line.len > 0)
        line_flaw(v, "the last line does not end");
    else if (!v->line_flawed && !v->failed && v->class == PS_MEMBER_CUSTODY && v->line_number == 0)
        line_flaw(v, "no line: not even the acquisition");
    ps_buffer_clear(&v->line, LINE_KEEP);
}

static bool is_record(struct ps_span path)
{
    return ps_member_class_of(path) == PS_MEMBER_RECORDS;
}

static void differs(struct ps_verify *v, const char *what, struct ps_span part)
{
    struct ps_verify_report *r = v->report;
    r->parts_differ++;
    if (r->parser_changed) /* the number of them tells enough */
        return;
    if (r->parts_differ == 1)
        ps_verify_find(v, PS_FINDING_TAMPERED, what, part);
}

/* Both ways: a part that is not there is a difference as well. */
static void compare_records(struct ps_verify *v)
{
    struct ps_verify_report *r = v->report;
    ps_manifest_sort(&v->derived);
    ps_manifest_sort(&v->payload);
    r->parser_changed = r->records_version != PS_RECORDS_VERSION;
    r->parts = v->derived.count;
    for (size_t i = 0; i < v->derived.count; i++) {
        struct ps_span path = ps_manifest_path(&v->derived, i);
        const uint8_t *sealed = ps_manifest_find(&v->payload, path);
        if (sealed == NULL)
            differs(v, "derived again there are records that the bundle does not hold", path);
        else if (memcmp(sealed, ps_manifest_sha256(&v->derived, i), PS_SHA256_LEN) != 0)
            differs(v, "derived again these records are others", path);
    }
    for (size_t i = 0; i < v->payload.count; i++) {
        struct ps_span path = ps_manifest_path(&v->payload, i);
        if (is_record(path) && ps_manifest_find(&v->derived, path) == NULL)
            differs(v, "records that do not come from the raw bytes", path);
    }
    r->parser_changed = r->parser_changed && r->parts_differ > 0;
    r->rederived = true;
    if (r->parser_changed)
        ps_verify_find(v, PS_FINDING_NOTE, "PARSER-CHANGED: another version of procsnap made these records",
                       ps_span_of(NULL, 0));
}

static void count(struct ps_verify *v)
{
    const struct ps_evidence_counts *c = ps_evidence_counts(v->evidence);
    v->report->lines = c->lines;
    v->report->captures = c->captures;
    v->report->raw_members = c->raw_members;
    memcpy(v->report->outcomes, c->outcomes, sizeof c->outcomes);
}

void ps_verify_evidence_end(struct ps_verify *v)
{
    const char *why;
    count(v);
    if (v->stopped || v->evidence_flawed || v->failed || !v->whole[PS_MEMBER_JOURNAL])
        return;
    (void) snprintf(v->name, sizeof v->name, "data/journal");
    if (!ps_evidence_end(v->evidence, &why)) {
        evidence_flaw(v, why, 0);
        return;
    }
    v->report->matched = true;
    if (!v->wants->rederive || records_of(v) == NULL)
        return;
    if (!ps_records_finish(v->records))
        (void) ps_verify_out_of_memory(v);
    else
        compare_records(v);
}
