/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/evidence_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"
#include "formats/member_class.h"
#include "formats/member_name.h"

enum { TURNS_MAX = 8 }; /* directories whose files take turns */

static bool say(const char **why, const char *what)
{
    *why = what;
    return false;
}

void ps_match_done(struct ps_match *m)
{
    free(m->used);
    *m = (struct ps_match){0};
}

/* "<stem>-0002.pack": four digits, or more from 10000 on. */
static bool is_numbered(struct ps_span name, const char *stem)
{
    char again[PS_MEMBER_NAME_MAX + 16];
    struct ps_cursor c = ps_cursor_over(name);
    uint64_t number = 0;
    if (!ps_take_text(&c, stem) || !ps_take_byte(&c, '-') || !ps_take_u64(&c, &number) || number == 0)
        return false;
    (void) snprintf(again, sizeof again, "%s-%04llu.pack", stem, (unsigned long long) number);
    return ps_span_is(name, again);
}

static bool is_process_pack(struct ps_span name, const char *life, const char *stem)
{
    char first[PS_MEMBER_NAME_MAX + 1];
    (void) snprintf(first, sizeof first, "data/proc/%s/%s.pack", life, stem);
    if (ps_span_is(name, first))
        return true;
    first[strlen(first) - strlen(".pack")] = '\0';
    return is_numbered(name, first);
}

/* "data/memory/4711.core" of the life "4711". */
static bool is_core_of(const char *life, struct ps_span name)
{
    size_t top = strlen("data/memory/"), end = strlen(".core");
    return name.len > top + end && ps_span_is(ps_span_of(name.data + top, name.len - top - end), life);
}

static bool is_content(struct ps_span name, const char *life)
{
    enum ps_member_class class = ps_member_class_of(name);
    if (class == PS_MEMBER_CORE)
        return is_core_of(life, name);
    return class == PS_MEMBER_OBJECT || is_process_pack(name, life, "files");
}

bool ps_match_pack_name(const struct ps_journal_line *line, const char *name)
{
    struct ps_span span = ps_span_text(name);
    switch (line->line.scope) {
    case PS_LINE_GLOBAL:
        return ps_member_class_of(span) == PS_MEMBER_GLOBAL && ps_span_starts(span, "data/proc/");
    case PS_LINE_FACTS:
        return ps_member_class_of(span) == PS_MEMBER_GLOBAL && ps_span_starts(span, "data/facts/");
    case PS_LINE_OPENING:
        return is_numbered(span, "data/opening/stat");
    case PS_LINE_CLOSING:
        return is_numbered(span, "data/closing/stat");
    case PS_LINE_CONTENT:
        return is_content(span, line->line.life);
    case PS_LINE_PROCESS:
        break;
    }
    const char *life = line->line.life;
    if (line->line.reader == PS_MEMORY)
        return is_process_pack(span, life, "memory");
    return is_process_pack(span, life, "state") || is_process_pack(span, life, "task");
}

static size_t entries_of(const struct ps_capture *c)
{
    return c->entry_count > 0 ? c->entry_count : c->stored ? 1 : 0;
}

static bool is_family(const struct ps_capture *c)
{
    return strstr(c->name, "{}") != NULL;
}

static bool make_room(struct ps_match *m, size_t count)
{
    if (count > m->room) {
        size_t *used = realloc(m->used, count * sizeof *used);
        if (used == NULL)
            return false;
        m->used = used;
        m->room = count;
    }
    if (count > 0)
        memset(m->used, 0, count * sizeof *m->used);
    m->first = 0;
    return true;
}

/* NULL, or what a capture says wrongly of its own. */
static const char *check_capture(const struct ps_capture *c)
{
    bool listed = c->entry_count > 0, hashed = c->facts != NULL && c->facts->hashed;
    uint64_t bytes = 0;
    for (size_t k = 0; k < c->entry_count; k++) {
        if (c->entries[k].bytes > UINT64_MAX - bytes)
            return "a capture whose entries are longer than anything";
        bytes += c->entries[k].bytes;
    }
    if (listed != c->stored && (listed || is_family(c)))
        return "a capture with a place but without entries, or with entries but without a place";
    /* Of content that is not kept the length is that of what was hashed. */
    if (bytes != c->bytes && (listed || !c->stored) && (listed || !hashed))
        return "the length of a capture is not the sum of its entries";
    return NULL;
}

bool ps_match_begin(struct ps_match *m, const struct ps_journal_line *line, const char **why)
{
    if (!make_room(m, line->capture_count))
        return say(why, ps_no_memory);
    for (size_t i = 0; i < line->capture_count; i++) {
        const char *flaw = check_capture(&line->captures[i]);
        if (flaw != NULL)
            return say(why, flaw);
    }
    return true;
}

static bool is_marked(struct ps_span name, struct ps_span whole, const char *mark)
{
    return ps_span_ends(name, mark) && ps_span_equal(ps_span_of(name.data, name.len - strlen(mark)), whole);
}

/* "fd/{}" with "3" is "fd/3"; a part is listed by its whole name; anything else is the name of the capture itself, or
 * that with ".masked", or, for what holds secrets, with ".redacted". */
static bool is_named(const struct ps_capture *c, size_t index, struct ps_span name)
{
    struct ps_span whole = ps_span_text(c->name);
    const char *gap = strstr(c->name, "{}");
    if (c->entry_count == 0)
        return ps_span_equal(name, whole) || is_marked(name, whole, ".masked") ||
               ((c->row == NULL || c->row->secret) && is_marked(name, whole, ".redacted"));
    struct ps_span entry = c->entries[index].name;
    if (gap == NULL)
        return ps_span_equal(name, entry);
    size_t before = (size_t) (gap - c->name), after = whole.len - before - 2;
    return name.len == before + entry.len + after && memcmp(name.data, c->name, before) == 0 &&
           memcmp(name.data + before, entry.data, entry.len) == 0 &&
           memcmp(name.data + before + entry.len, gap + 2, after) == 0;
}

static bool is_next(const struct ps_match *m, const struct ps_journal_line *line, size_t i, size_t pack,
                    const struct ps_pack_entry *entry)
{
    const struct ps_capture *c = &line->captures[i];
    size_t index = m->used[i];
    if (index >= entries_of(c) || !is_named(c, index, entry->name))
        return false;
    uint64_t length = c->entry_count > 0 ? c->entries[index].bytes : c->bytes;
    if (entry->bytes.len != length || (index == 0 && (c->pack != pack || c->offset != entry->at)))
        return false;
    return c->row == NULL || (c->row->source == PS_READLINK) == (entry->kind == PS_PACK_LINK);
}

static size_t next_unfinished(const struct ps_match *m, const struct ps_journal_line *line, size_t from)
{
    while (from < line->capture_count && m->used[from] == entries_of(&line->captures[from]))
        from++;
    return from;
}

/* Directories that are read together, and stand beside each other in the line: fd and fdinfo, or the files of threads,
 * take turns in the pack. The one behind the capture i whose turn it is, or capture_count. */
static size_t beside(const struct ps_match *m, const struct ps_journal_line *line, size_t i, size_t pack,
                     const struct ps_pack_entry *entry)
{
    for (size_t at = i; at < line->capture_count && at - i < TURNS_MAX && is_family(&line->captures[at]); at++) {
        if (at > i && is_next(m, line, at, pack, entry))
            return at;
    }
    return line->capture_count;
}

bool ps_match_entry(struct ps_match *m, const struct ps_journal_line *line, size_t pack,
                    const struct ps_pack_entry *entry, size_t *capture, const char **why)
{
    m->first = next_unfinished(m, line, m->first);
    size_t i = m->first;
    if (i < line->capture_count && !is_next(m, line, i, pack, entry))
        i = beside(m, line, i, pack, entry);
    if (i == line->capture_count)
        return say(why, "an entry of a pack is not the one that the journal says comes next");
    m->used[i]++;
    *capture = i;
    return true;
}

/* What the journal says that the member hashes to; NULL: nothing. */
static const uint8_t *said_hash(const struct ps_capture *c, bool core)
{
    if (core)
        return c->dump != NULL && c->dump->hashed ? c->dump->sha256 : NULL;
    return c->facts != NULL && c->facts->hashed ? c->facts->sha256 : NULL;
}

bool ps_match_object(struct ps_match *m, const struct ps_journal_line *line, size_t pack, uint64_t length,
                     const uint8_t *sha256, const char **why)
{
    uint8_t named[PS_SHA256_LEN];
    struct ps_span name = ps_span_text(line->packs[pack]);
    m->first = next_unfinished(m, line, m->first);
    const struct ps_capture *c = m->first < line->capture_count ? &line->captures[m->first] : NULL;
    if (c == NULL || !c->stored || c->entry_count > 0 || c->pack != pack || c->offset != 0)
        return say(why, "an object that is not the one that the journal says comes next");
    bool core = ps_member_class_of(name) == PS_MEMBER_CORE;
    const uint8_t *said = said_hash(c, core);
    if (said == NULL || c->bytes != length || memcmp(said, sha256, PS_SHA256_LEN) != 0)
        return say(why, "an object of another length or hash than the journal says");
    bool whole = c->outcome == PS_COMPLETE || c->outcome == PS_TRUNCATED;
    if (!core && (!ps_member_object(name, named) || (whole && memcmp(named, sha256, PS_SHA256_LEN) != 0)))
        return say(why, "an object whose name is not its hash");
    m->used[m->first]++;
    return true;
}

bool ps_match_end(struct ps_match *m, const struct ps_journal_line *line, size_t *capture, const char **why)
{
    size_t i = next_unfinished(m, line, m->first);
    if (i == line->capture_count)
        return true;
    *capture = i;
    return say(why, "the packs do not hold what the journal says of this capture");
}
