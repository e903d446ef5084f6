/* SPDX-License-Identifier: Apache-2.0
 *
 * The evidence of a bundle while it passes: raw members and journal are matched, and, when asked for, the records are
 * derived again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/verify_state.h"

/* Processes in both sweeps together; memory of processes that have one of their two lines; lines between two looks. */
enum { SWEPT_MAX = 4 << 20, DRAFTS_MAX = 512 << 20, DRAFTS_EVERY = 1024 };

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
    v->reader = line->reader;
    v->sweeping = line->scope == PS_LINE_OPENING || line->scope == PS_LINE_CLOSING;
    if (r != NULL)
        ps_records_line(r, line);
}

static void on_entry(void *context, const struct ps_entry *entry)
{
    struct ps_verify *v = context;
    struct ps_records *r = records_of(v);
    v->swept += v->sweeping;
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

/* A member of the extracted bundle once more. Its bytes must be those that were hashed. */
static bool read_again(struct ps_verify *v, int file, struct ps_span member, const char **why)
{
    struct ps_sha256 hash;
    uint8_t piece[16 << 10], sha256[PS_SHA256_LEN];
    ssize_t n;
    ps_sha256_init(&hash);
    while ((n = read(file, piece, sizeof piece)) != 0) {
        if (n < 0 && errno != EINTR) {
            v->failed = !ps_fail(v->err, errno, "reading %s again", v->name);
            return false;
        }
        struct ps_span bytes = ps_span_of(piece, n > 0 ? (size_t) n : 0);
        ps_sha256_update(&hash, bytes);
        if (!ps_evidence_bytes(v->evidence, bytes, why))
            return false;
    }
    ps_sha256_final(&hash, sha256);
    /* Raw members come before the journal: they were all sorted when its first line came. */
    struct ps_manifest raw = v->payload;
    raw.count = v->raw_sorted;
    const uint8_t *before = ps_manifest_find(&raw, member);
    return before != NULL && memcmp(before, sha256, sizeof sha256) == 0;
}

static bool on_again(void *context, struct ps_span member, const char **why)
{
    struct ps_verify *v = context;
    char name[PS_MEMBER_NAME_MAX + 1];
    (void) snprintf(name, sizeof name, "%.*s", (int) member.len, (const char *) member.data);
    if (v->raw_sorted == 0) {
        ps_manifest_sort(&v->payload);
        v->raw_sorted = v->payload.count;
    }
    *why = "it changed while it was read";
    int file = ps_bundle_dir_open(v->files, name);
    if (file < 0) {
        v->failed = !ps_fail(v->err, errno, "opening %s again", name);
        return false;
    }
    bool same = read_again(v, file, member, why);
    (void) close(file);
    return same;
}

bool ps_verify_evidence_new(struct ps_verify *v)
{
    struct ps_evidence_visitor visitor = {.context = v, .again = v->files != NULL ? on_again : NULL};
    if (v->wants->rederive)
        visitor = (struct ps_evidence_visitor){v,           on_line,  on_entry,     on_capture,
                                               on_line_end, on_phase, visitor.again};
    v->evidence = ps_evidence_new(&visitor);
    return v->evidence != NULL || ps_verify_out_of_memory(v);
}

/* Matching ends at the first flaw: whatever follows it would only be its echo. */
static void evidence_flaw(struct ps_verify *v, const char *why, uint64_t line)
{
    v->evidence_flawed = true;
    if (v->failed)
        return;
    if (why == ps_no_memory)
        (void) ps_verify_out_of_memory(v);
    else
        ps_verify_find_line(v, why, ps_span_text(v->name), ps_evidence_culprit(v->evidence), line);
}

void ps_verify_raw_begin(struct ps_verify *v, uint64_t size)
{
    const char *why;
    if (v->evidence_flawed)
        return;
    if (size == 0 && v->class == PS_MEMBER_PACK)
        evidence_flaw(v, "an empty pack", 0);
    else if (!ps_evidence_member(v->evidence, ps_span_text(v->name), &why))
        evidence_flaw(v, why, 0);
}

void ps_verify_raw_piece(struct ps_verify *v, struct ps_span piece)
{
    const char *why;
    if (!v->evidence_flawed && !ps_evidence_bytes(v->evidence, piece, &why))
        evidence_flaw(v, why, 0);
}

/* What deriving keeps grows with what a bundle claims. Looked at now and then, since it takes time to count. */
static bool keeps_too_much(const struct ps_verify *v)
{
    size_t waiting = 0;
    if (v->records == NULL || ps_evidence_counts(v->evidence)->lines % DRAFTS_EVERY != 0)
        return false;
    return v->swept > SWEPT_MAX || ps_records_drafts(v->records, &waiting) > DRAFTS_MAX;
}

void ps_verify_journal_line(struct ps_verify *v, struct ps_span line)
{
    const char *why = "more processes than one machine has, or too many without the line of their other reader";
    if (v->evidence_flawed)
        return;
    if (!ps_evidence_journal(v->evidence, &v->check, line, &why) || keeps_too_much(v))
        evidence_flaw(v, why, v->line_number);
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
    v->report->raw_bytes = c->bytes;
    memcpy(v->report->outcomes, c->outcomes, sizeof c->outcomes);
}

/* data/closing.json counts what stands elsewhere. */
static void check_counts(struct ps_verify *v)
{
    const struct ps_verify_report *r = v->report;
    const struct ps_verify_counts *said = &v->said;
    bool same = said->captures == r->captures && said->raw_bytes == r->raw_bytes && said->records == r->record_lines &&
                memcmp(said->outcomes, r->outcomes, sizeof r->outcomes) == 0;
    if (v->whole[PS_MEMBER_CLOSING] && v->said_counts && !same)
        ps_verify_find(v, PS_FINDING_CONTENT, "its counts are not those of the journal and the records",
                       ps_span_text(ps_member_class_name(PS_MEMBER_CLOSING)));
}

/* data/meta.json says what was planned. */
static void check_course(struct ps_verify *v)
{
    bool ended, content = ps_evidence_has_content(v->evidence, &ended);
    bool whole = ps_evidence_is_complete(v->evidence) && (ended || !v->content_planned || !v->plan_known);
    if (v->not_early && !whole)
        ps_verify_find(v, PS_FINDING_CONTENT, "phases are missing, and yet the run was not sealed early",
                       ps_span_text(v->name));
    if (v->plan_known && !v->content_planned && (content || ended))
        ps_verify_find(v, PS_FINDING_CONTENT, "content that data/meta.json says was not planned",
                       ps_span_text(v->name));
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
    check_counts(v);
    check_course(v);
    if (!v->wants->rederive || records_of(v) == NULL)
        return;
    if (!ps_records_finish(v->records))
        (void) ps_verify_out_of_memory(v);
    else
        compare_records(v);
}
