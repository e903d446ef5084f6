/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/evidence.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"
#include "formats/evidence_course.h"
#include "formats/evidence_match.h"
#include "formats/evidence_raw.h"
#include "formats/member_name.h"

struct ps_evidence {
    struct ps_evidence_visitor visitor;
    struct ps_evidence_counts counts;
    struct ps_match match;
    void *waiting; /* tree of struct ps_raw, by name: no order of hostile names makes it slow */
    struct ps_raw *current, *first, *last;
    struct ps_raw *key; /* to look for */
    bool again;         /* the current one is being read again */
    uint64_t held;    /* memory of what waits: many small members cost more than their bytes */
    struct ps_course course;
    const char *failed;
    char culprit[PS_MEMBER_NAME_MAX + 1];
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ps_raw *) a)->name, ((const struct ps_raw *) b)->name);
}

struct ps_evidence *ps_evidence_new(const struct ps_evidence_visitor *visitor)
{
    static const uint8_t longest[PS_MEMBER_NAME_MAX];
    struct ps_evidence *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->visitor = *visitor;
    e->key = ps_raw_new(ps_span_of(longest, sizeof longest), false);
    if (e->key == NULL) {
        free(e);
        return NULL;
    }
    return e;
}

static void free_raw(struct ps_evidence *e, struct ps_raw *raw)
{
    (void) tdelete(raw, &e->waiting, by_name);
    e->held -= ps_raw_held(raw);
    *(raw->before != NULL ? &raw->before->after : &e->first) = raw->after;
    *(raw->after != NULL ? &raw->after->before : &e->last) = raw->before;
    if (e->current == raw)
        e->current = NULL;
    ps_raw_free(raw);
}

static void free_all(struct ps_evidence *e)
{
    while (e->waiting != NULL)
        free_raw(e, *(struct ps_raw **) e->waiting);
}

void ps_evidence_free(struct ps_evidence *e)
{
    if (e == NULL)
        return;
    free_all(e);
    ps_raw_free(e->key);
    ps_match_done(&e->match);
    ps_course_done(&e->course);
    free(e);
}

/* The end of the work: nothing that waits is of use any more. `culprit` may lie in it. */
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
    struct ps_raw *raw = ps_raw_new(name, e->visitor.entry != NULL);
    if (raw == NULL)
        return fail(e, ps_no_memory, NULL, why);
    struct ps_raw **slot = tsearch(raw, &e->waiting, by_name);
    if (slot == NULL || *slot != raw) {
        const char *flaw = slot == NULL ? ps_no_memory : "a raw member of the same name waits already";
        (void) fail(e, flaw, raw->name, why);
        ps_raw_free(raw);
        return false;
    }
    raw->before = e->last;
    *(e->last != NULL ? &e->last->after : &e->first) = raw;
    e->last = raw;
    e->current = raw;
    e->held += ps_raw_held(raw);
    e->counts.raw_members++;
    return true;
}

bool ps_evidence_bytes(struct ps_evidence *e, struct ps_span bytes, const char **why)
{
    if (has_failed(e, why))
        return false;
    struct ps_raw *raw = e->current;
    if (raw == NULL)
        return fail(e, "bytes of no raw member", NULL, why);
    if (e->visitor.again != NULL && !e->again && !raw->object)
        return true;
    e->held -= ps_raw_held(raw);
    const char *flaw = ps_raw_bytes(raw, bytes);
    e->held += ps_raw_held(raw);
    if (flaw != NULL)
        return fail(e, flaw, raw->name, why);
    if (!e->again && e->held > (raw->whole ? PS_EVIDENCE_BYTES_MAX : PS_EVIDENCE_HEADS_MAX))
        return fail(e, "more raw members come before the journal lines that name them than may wait", raw->name, why);
    return true;
}

static struct ps_raw *find_raw(struct ps_evidence *e, const char *name)
{
    size_t len = strlen(name);
    if (len > PS_MEMBER_NAME_MAX)
        return NULL;
    memcpy(e->key->name, name, len + 1);
    struct ps_raw **slot = tfind(e->key, &e->waiting, by_name);
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

static bool take_pack(struct ps_evidence *e, const struct ps_journal_line *line, size_t pack, const struct ps_raw *raw,
                      const char **why)
{
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&raw->kept));
    struct ps_pack_entry entry;
    uint64_t at = 0;
    if (raw->size == 0)
        return fail(e, "an empty pack", line->packs[pack], why);
    for (;;) {
        enum ps_pack_step step = ps_raw_next(raw, &in, &at, &entry, why);
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

/* A file that exists once, or a fact, is a member of its own: one entry, named as in the journal. */
static bool take_whole(struct ps_evidence *e, const struct ps_journal_line *line, size_t pack,
                       const struct ps_raw *raw, const char **why)
{
    struct ps_pack_entry entry = {
        .kind = PS_PACK_FILE,
        .name = ps_span_text(line->packs[pack] + strlen(ps_line_member_top(&line->line))),
        .bytes = ps_span_of(raw->kept.data, (size_t) raw->size),
    };
    return take_entry(e, line, pack, &entry, why);
}

/* The bytes of a member that were not kept when they came. */
static bool read_again(struct ps_evidence *e, struct ps_raw *raw, const char **why)
{
    e->current = raw;
    e->again = true;
    bool read = e->visitor.again(e->visitor.context, ps_span_text(raw->name), why);
    e->again = false;
    if (!read && e->failed == NULL)
        return fail(e, *why, raw->name, why);
    return read;
}

/* The content of a file, or memory: nothing is handed out, but its capture must say the same of it. */
static bool take_object(struct ps_evidence *e, const struct ps_journal_line *line, size_t pack, struct ps_raw *raw,
                        const char **why)
{
    uint8_t sha256[PS_SHA256_LEN];
    ps_sha256_final(&raw->hash, sha256);
    e->counts.entries++;
    e->counts.bytes += raw->size;
    return ps_match_object(&e->match, line, pack, raw->size, sha256, why) || fail(e, *why, raw->name, why);
}

static bool take_packs(struct ps_evidence *e, const struct ps_journal_line *line, const char **why)
{
    for (size_t i = 0; i < line->pack_count; i++) {
        const char *name = line->packs[i];
        if (!ps_match_pack_name(line, name))
            return fail(e, "a line names a member that lines of its scope do not have", name, why);
        struct ps_raw *raw = find_raw(e, name);
        if (raw == NULL)
            return fail(e, "the journal names raw bytes that did not come before it", name, why);
        if (e->visitor.again != NULL && !raw->object && !read_again(e, raw, why))
            return false;
        bool whole = ps_line_has_members(&line->line);
        bool taken = raw->object ? take_object(e, line, i, raw, why)
                     : whole     ? take_whole(e, line, i, raw, why)
                                 : take_pack(e, line, i, raw, why);
        if (!taken)
            return false;
        free_raw(e, raw);
    }
    return true;
}

static bool take_line(struct ps_evidence *e, const struct ps_journal_line *line, const char **why)
{
    const struct ps_evidence_visitor *v = &e->visitor;
    size_t culprit = 0;
    e->counts.lines++;
    if (!ps_course_line(&e->course, line, why) || !ps_match_begin(&e->match, line, why))
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

static bool take_phase(struct ps_evidence *e, const struct ps_phase *phase, const char **why)
{
    if (!ps_course_phase(&e->course, phase, why))
        return fail(e, *why, NULL, why);
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
    bool taken = line.is_phase ? take_phase(e, &line.phase, why) : take_line(e, &line, why);
    ps_journal_line_done(&line);
    return taken;
}

bool ps_evidence_end(struct ps_evidence *e, const char **why)
{
    if (has_failed(e, why))
        return false;
    if (e->waiting == NULL)
        return true;
    return fail(e, "raw bytes that no line of the journal names", (*(struct ps_raw **) e->waiting)->name, why);
}

void ps_evidence_left(const struct ps_evidence *e, void *context,
                      void (*each)(void *context, struct ps_span name, struct ps_span bytes))
{
    for (const struct ps_raw *raw = e->first; raw != NULL; raw = raw->after)
        each(context, ps_span_text(raw->name), ps_buffer_span(&raw->kept));
}

struct ps_span ps_evidence_culprit(const struct ps_evidence *e)
{
    return ps_span_text(e->culprit);
}

bool ps_evidence_is_complete(const struct ps_evidence *e)
{
    return ps_course_is_complete(&e->course);
}

bool ps_evidence_has_content(const struct ps_evidence *e, bool *ended)
{
    *ended = e->course.content_ended;
    return e->course.content_told;
}

const struct ps_evidence_counts *ps_evidence_counts(const struct ps_evidence *e)
{
    return &e->counts;
}
