/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/output.h"

#include <stdio.h>
#include <string.h>

void ps_output_out_of_memory(struct ps_output *o)
{
    if (!o->failed)
        o->failed = !ps_fail(&o->error, 0, "out of memory while storing captures");
}

void ps_output_member(struct ps_output *o, const char *name, struct ps_span bytes)
{
    if (!o->failed)
        o->failed = !ps_bundle_add(o->bundle, name, bytes, &o->error);
}

void ps_output_journal_flush(struct ps_output *o)
{
    char name[64];
    if (o->journal.failed && !o->failed)
        o->failed = !ps_fail(&o->error, 0, "out of memory while writing the journal");
    if (o->journal.len == 0)
        return;
    o->journal_raw = o->raw_bytes;
    snprintf(name, sizeof name, "data/journal/%04u.ndjson", ++o->journal_part);
    ps_output_member(o, name, ps_buffer_span(&o->journal));
    ps_buffer_clear(&o->journal, 2 * PS_JOURNAL_PART);
}

void ps_output_journal_grown(struct ps_output *o)
{
    if (o->journal.len >= PS_JOURNAL_PART || o->raw_bytes - o->journal_raw >= PS_JOURNAL_RAW || o->journal.failed)
        ps_output_journal_flush(o);
}

void ps_output_phase(struct ps_output *o, const char *name, uint64_t us, uint64_t processes)
{
    struct ps_phase phase = {.name = name, .us = us, .processes = processes};
    ps_journal_phase(&phase, &o->journal);
    ps_records_phase(o->records, &phase);
    ps_output_journal_grown(o);
}

static void widen(struct ps_skew *s, const struct ps_capture *c)
{
    if (s->last_us == 0 || c->begin_us < s->first_us)
        s->first_us = c->begin_us;
    if (c->begin_us + c->took_us > s->last_us)
        s->last_us = c->begin_us + c->took_us;
}

/* What was not tried, or is held elsewhere, is of no moment. */
static void note_skew(struct ps_output *o, const struct ps_line *line, const struct ps_capture *c)
{
    if (c->outcome == PS_SKIPPED || c->outcome == PS_SHARED)
        return;
    widen(&o->skew[PS_SKEW_ALL], c);
    if (line->scope == PS_LINE_CONTENT)
        widen(&o->skew[PS_SKEW_CONTENT], c);
    else if (line->scope == PS_LINE_PROCESS)
        widen(&o->skew[line->reader == PS_QUIET ? PS_SKEW_QUIET : PS_SKEW_MEMORY], c);
}

uint64_t ps_output_skew_us(const struct ps_output *o, enum ps_skew_of of)
{
    return o->skew[of].last_us - o->skew[of].first_us;
}

void ps_output_count(struct ps_output *o, const struct ps_line *line, const struct ps_capture *c, bool own)
{
    size_t index = c->row ? (size_t) (c->row - ps_catalog) : PS_CATALOG_MAX;
    o->captures++;
    o->raw_bytes += c->stored ? c->bytes : 0; /* content may be hashed alone */
    o->outcomes[c->outcome]++;
    if (index < PS_CATALOG_MAX)
        o->coverage[index][c->outcome]++;
    note_skew(o, line, c);
    o->switched += c->switched;
    o->objects_full = o->objects_full || (c->facts && c->facts->withheld == PS_WITHHELD_OBJECTS);
    bool fact = c->row && c->row->scope == PS_PER_FACT; /* no right of ours opens these */
    bool denied = c->outcome == PS_DENIED && !fact;
    o->ptrace_denied = o->ptrace_denied || (denied && !own);
    o->own_denied += denied && own;
}

bool ps_output_records(void *context, const char *kind, unsigned part, struct ps_span text)
{
    struct ps_output *o = context;
    char name[96];
    snprintf(name, sizeof name, "data/records/%s-%04u.ndjson", kind, part);
    ps_output_member(o, name, text);
    return !o->failed;
}

bool ps_output_ok(struct ps_output *o)
{
    if (!o->failed && o->records && !ps_records_ok(o->records))
        o->failed = !ps_fail(&o->error, 0, "out of memory while deriving records");
    return !o->failed;
}
