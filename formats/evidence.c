/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/evidence.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"
#include "formats/evidence_match.h"
#include "formats/member_name.h"

/* A raw member that no line has named yet. Of an object or a core only length and hash are kept: nobody parses it. */
struct raw {
    char name[PS_MEMBER_NAME_MAX + 1];
    struct ps_buffer bytes;
    bool object;
    struct ps_sha256 hash;
    uint64_t length;
};

struct ps_evidence {
    struct ps_evidence_visitor visitor;
    struct ps_evidence_counts counts;
    struct ps_match match;
    void *waiting; /* tree of struct raw, by name: no order of hostile names makes it slow */
    struct raw *current;
    uint64_t held; /* memory of what waits: many small members cost more than their bytes */
    size_t phases; /* of phase_names, how many have come or were left out */
    const char *failed;
    char culprit[PS_MEMBER_NAME_MAX + 1];
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct raw *) a)->name, ((const struct raw *) b)->name);
}

struct ps_evidence *ps_evidence_new(const struct ps_evidence_visitor *visitor)
{
    struct ps_evidence *e = calloc(1, sizeof *e);
    if (e != NULL)
        e->visitor = *visitor;
    return e;
}

static void free_raw(struct ps_evidence *e, struct raw *raw)
{
    (void) tdelete(raw, &e->waiting, by_name);
    e->held -= sizeof *raw + raw->bytes.room;
    if (e->current == raw)
        e->current = NULL;
    ps_buffer_done(&raw->bytes);
    free(raw);
}

void ps_evidence_free(struct ps_evidence *e)
{
    if (e == NULL)
        return;
    while (e->waiting != NULL)
        free_raw(e, *(struct raw **) e->waiting);
    ps_match_done(&e->match);
    free(e);
}

static bool fail(struct ps_evidence *e, const char *what, const char *culprit, const char **why)
{
    e->failed = what;
    *why = what;
    e->culprit[0] = '\0';
    if (culprit != NULL && strlen(culprit) < sizeof e->culprit)
        memcpy(e->culprit, culprit, strlen(culprit) + 1);
    return false;
}

static bool has_failed(const struct ps_evidence *e, const char **why)
{
    if (e->failed != NULL)
        *why = e->failed;
    return e->failed != NULL;
}

bool ps_evidence_member(struct ps_evidence *e, struct ps_span name, const char **why)
{
    if (has_failed(e, why))
        return false;
    struct raw *raw = calloc(1, sizeof *raw);
    if (raw == NULL || name.len >= sizeof raw->name) {
        free(raw);
        return fail(e, ps_no_memory, NULL, why);
    }
    memcpy(raw->name, name.data, name.len);
    struct raw **slot = tsearch(raw, &e->waiting, by_name);
    if (slot == NULL || *slot != raw) {
        const char *flaw = slot == NULL ? ps_no_memory : "a raw member of the same name waits already";
        (void) fail(e, flaw, raw->name, why);
        free(raw);
        return false;
    }
    enum ps_member_class class = ps_member_class_of(name);
    raw->object = class == PS_MEMBER_OBJECT || class == PS_MEMBER_CORE;
    ps_sha256_init(&raw->hash);
    e->current = raw;
    e->held += sizeof *raw;
    e->counts.raw_members++;
    return true;
}

bool ps_evidence_bytes(struct ps_evidence *e, struct ps_span bytes, const char **why)
{
    if (has_failed(e, why))
        return false;
    if (e->current == NULL)
        return fail(e, "bytes of no raw member", NULL, why);
    if (e->current->object) {
        ps_sha256_update(&e->current->hash, bytes);
        e->current->length += bytes.len;
        return true;
    }
    struct ps_buffer *to = &e->current->bytes;
    size_t room = to->room;
    ps_buffer_add_span(to, bytes);
    if (to->failed)
        return fail(e, ps_no_memory, e->current->name, why);
    e->held += to->room - room;
    if (e->held > PS_EVIDENCE_BYTES_MAX)
        return fail(e, "more than 2 GiB of raw members come before the journal lines that name them", e->current->name,
                    why);
    return true;
}

static struct raw *find_raw(struct ps_evidence *e, const char *name)
{
    struct raw key = {0};
    size_t len = strlen(name);
    if (len >= sizeof key.name)
        return NULL;
    memcpy(key.name, name, len);
    struct raw **slot = tfind(&key, &e->waiting, by_name);
    return slot != NULL ? *slot : NULL;
}

static bool take_entry(struct ps_evidence *e, const struct ps_journal_line *line, size_t pack,
                       const struct ps_pack_entry *found, const char **why)
{
    size_t index = 0;
    if (!ps_match_entry(&e->match, line, pack, found, &index, why))
        return fail(e, *why, line->packs[pack], why);
    struct ps_entry entry = {
        .row = line->captures[index].row,
        .name = found->name,
        .bytes = found->bytes,
        .member = line->packs[pack],
        .begin_us = line->captures[index].begin_us,
    };
    e->counts.entries++;
    e->counts.bytes += found->bytes.len;
    if (e->visitor.entry != NULL)
        e->visitor.entry(e->visitor.context, &entry);
    return true;
}

static bool take_pack(struct ps_evidence *e, const struct ps_journal_line *line, size_t pack, struct ps_span bytes,
                      const char **why)
{
    struct ps_cursor in = ps_cursor_over(bytes);
    struct ps_pack_entry entry;
    if (bytes.len == 0)
        return fail(e, "an empty pack", line->packs[pack], why);
    for (;;) {
        enum ps_pack_step step = ps_pack_next(&in, &entry, why);
        if (step == PS_PACK_END)
            return true;
        if (step == PS_PACK_BAD)
            return fail(e, *why, line->packs[pack], why);
        if (ps_member_check(entry.name) != NULL)
            return fail(e, "an entry whose name packs do not have", line->packs[pack], why);
        if (!take_entry(e, line, pack, &entry, why))
            return false;
    }
}

/* A file that exists once is a member of its own: one entry, named as in the journal. */
static bool take_global(struct ps_evidence *e, const struct ps_journal_line *line, size_t pack, struct ps_span bytes,
                        const char **why)
{
    struct ps_pack_entry entry = {
        .kind = PS_PACK_FILE,
        .name = ps_span_text(line->packs[pack] + strlen("data/proc/")),
        .bytes = bytes,
    };
    return take_entry(e, line, pack, &entry, why);
}

/* The content of a file, or memory: nothing is handed out, but its capture must say the same of it. */
static bool take_object(struct ps_evidence *e, const struct ps_journal_line *line, size_t pack, struct raw *raw,
                        const char **why)
{
    uint8_t sha256[PS_SHA256_LEN];
    ps_sha256_final(&raw->hash, sha256);
    e->counts.entries++;
    e->counts.bytes += raw->length;
    return ps_match_object(&e->match, line, pack, raw->length, sha256, why) || fail(e, *why, raw->name, why);
}

static bool take_packs(struct ps_evidence *e, const struct ps_journal_line *line, const char **why)
{
    for (size_t i = 0; i < line->pack_count; i++) {
        const char *name = line->packs[i];
        if (!ps_match_pack_name(line, name))
            return fail(e, "a line names a member that lines of its scope do not have", name, why);
        struct raw *raw = find_raw(e, name);
        if (raw == NULL)
            return fail(e, "the journal names raw bytes that did not come before it", name, why);
        struct ps_span bytes = ps_buffer_span(&raw->bytes);
        bool global = line->line.scope == PS_LINE_GLOBAL;
        bool taken = raw->object ? take_object(e, line, i, raw, why)
                     : global    ? take_global(e, line, i, bytes, why)
                                 : take_pack(e, line, i, bytes, why);
        free_raw(e, raw);
        if (!taken)
            return false;
    }
    return true;
}

static bool take_line(struct ps_evidence *e, const struct ps_journal_line *line, const char **why)
{
    const struct ps_evidence_visitor *v = &e->visitor;
    size_t culprit = 0;
    e->counts.lines++;
    if (!ps_match_begin(&e->match, line, why))
        return fail(e, *why, line->line.life, why);
    if (v->line != NULL)
        v->line(v->context, &line->line);
    if (!take_packs(e, line, why))
        return false;
    if (!ps_match_end(&e->match, line, &culprit, why))
        return fail(e, *why, line->captures[culprit].name, why);
    for (size_t i = 0; i < line->capture_count; i++) {
        e->counts.captures++;
        e->counts.outcomes[line->captures[i].outcome]++;
        if (v->capture != NULL)
            v->capture(v->context, &line->captures[i]);
    }
    if (v->line_end != NULL)
        v->line_end(v->context, &line->end);
    return true;
}

/* The phases in their order; a run that was ended early leaves some out, but never the first. */
static bool take_phase(struct ps_evidence *e, const struct ps_phase *phase, const char **why)
{
    static const char *const names[] = {"start",      "global-end",  "opening-end", "quiet-end",
                                        "memory-end", "content-end", "closing-end", "seal"};
    enum { PHASES = sizeof names / sizeof *names };
    size_t at = e->phases;
    while (at < PHASES && strcmp(phase->name, names[at]) != 0)
        at++;
    if (at == PHASES || (e->phases == 0 && at != 0))
        return fail(e, "a phase that is none, or comes twice or too late", NULL, why);
    e->phases = at + 1;
    if (e->visitor.phase != NULL)
        e->visitor.phase(e->visitor.context, phase);
    return true;
}

bool ps_evidence_journal(struct ps_evidence *e, struct ps_json_check *check, struct ps_span text, const char **why)
{
    struct ps_journal_line line;
    if (has_failed(e, why))
        return false;
    e->current = NULL;
    if (!ps_journal_read(check, text, &line, why))
        return fail(e, *why, NULL, why);
    bool taken;
    if (line.is_phase)
        taken = take_phase(e, &line.phase, why);
    else if (e->phases == 0)
        taken = fail(e, "a line before the phase \"start\"", NULL, why);
    else
        taken = take_line(e, &line, why);
    ps_journal_line_done(&line);
    return taken;
}

bool ps_evidence_end(struct ps_evidence *e, const char **why)
{
    if (has_failed(e, why))
        return false;
    if (e->waiting == NULL)
        return true;
    return fail(e, "raw bytes that no line of the journal names", (*(struct raw **) e->waiting)->name, why);
}

struct ps_span ps_evidence_culprit(const struct ps_evidence *e)
{
    return ps_span_text(e->culprit);
}

const struct ps_evidence_counts *ps_evidence_counts(const struct ps_evidence *e)
{
    return &e->counts;
}
