/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base64.h"
#include "formats/digest.h"
#include "formats/journal_read_state.h"
#include "formats/member_name.h"
#include "formats/utf8.h"

enum column { NAME, OUTCOME, ERRNO, BYTES, BEGIN, TOOK, AS, PACK, OFFSET, NINTH, LOST, COLUMNS };

struct row {
    const cJSON *column[COLUMNS]; /* NULL: left out */
};

static bool say(const char **why, const char *what)
{
    *why = what;
    return false;
}

static bool is_null(const cJSON *value)
{
    return value == NULL || cJSON_IsNull(value);
}

/* "1000:0": two numbers of 32 bits in their one spelling. */
static bool read_pair(const cJSON *value, uint32_t *first, uint32_t *second)
{
    const char *text = ps_json_string(value);
    uint64_t a = 0, b = 0;
    char again[32];
    if (text == NULL)
        return false;
    struct ps_cursor c = ps_cursor_over(ps_span_text(text));
    if (!ps_take_u64(&c, &a) || !ps_take_byte(&c, ':') || !ps_take_u64(&c, &b) || a > UINT32_MAX || b > UINT32_MAX)
        return false;
    (void) snprintf(again, sizeof again, "%u:%u", (unsigned) a, (unsigned) b);
    *first = (uint32_t) a;
    *second = (uint32_t) b;
    return strcmp(text, again) == 0;
}

/* NULL, or the name of an errno: one of the few letters that these have, so that it can be shown anywhere. */
static bool read_error(const cJSON *value, const char **out)
{
    *out = NULL;
    if (is_null(value))
        return true;
    const char *text = ps_json_string(value);
    if (text == NULL || text[0] != 'E' || strlen(text) > 32)
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if (!((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '?'))
            return false;
    *out = text;
    return true;
}

static bool read_outcome(const cJSON *value, enum ps_outcome *out)
{
    const char *text = ps_json_string(value);
    return text != NULL && ps_outcome_named(ps_span_text(text), out);
}

/* name, length, name, length, ... */
static bool read_entries(const cJSON *list, struct ps_journal_owned *o, struct ps_capture *c)
{
    struct ps_stored *first = o->entries + o->entry_count;
    for (const cJSON *name = list->child; name != NULL; name = name->next->next) {
        struct ps_stored *entry = &o->entries[o->entry_count];
        const char *text = ps_json_string(name);
        if (text == NULL || name->next == NULL || !ps_json_number(name->next, &entry->bytes))
            return false;
        entry->name = ps_span_text(text);
        if (ps_member_check(entry->name) != NULL)
            return false;
        o->entry_count++;
        c->entry_count++;
    }
    c->entries = c->entry_count > 0 ? first : NULL;
    return true;
}

/* [[name, outcome, errno], ...] */
static bool read_lost(const cJSON *list, struct ps_journal_owned *o, struct ps_capture *c)
{
    struct ps_lost *first = o->lost + o->lost_count;
    if (list == NULL)
        return true;
    if (!cJSON_IsArray(list))
        return false;
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        struct ps_lost *lost = &o->lost[o->lost_count];
        if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 3)
            return false;
        const char *name = ps_json_string(item->child);
        if (name == NULL || !read_outcome(item->child->next, &lost->outcome) ||
            !read_error(item->child->next->next, &lost->error))
            return false;
        lost->name = ps_span_text(name);
        o->lost_count++;
        c->lost_count++;
    }
    c->lost = c->lost_count > 0 ? first : NULL;
    return true;
}

static bool read_owner(const cJSON *object, struct ps_file_facts *f, int *keys)
{
    if (ps_json_get(object, "ctime_ns") == NULL)
        return true;
    f->owned = true;
    *keys += 3;
    return ps_json_signed(ps_json_get(object, "ctime_ns"), &f->ctime_ns) &&
           ps_json_number32(ps_json_get(object, "uid"), &f->uid) &&
           ps_json_number32(ps_json_get(object, "gid"), &f->gid);
}

static bool read_digest(const cJSON *object, struct ps_file_facts *f, int *keys)
{
    const cJSON *digest = ps_json_get(object, "sha256"), *atime = ps_json_get(object, "atime");
    const cJSON *withheld = ps_json_get(object, "withheld"), *kept = ps_json_get(object, "kept_seq");
    const char *hex = ps_json_string(digest), *why = ps_json_string(withheld);
    *keys += (digest != NULL) + (atime != NULL) + (withheld != NULL) + (kept != NULL);
    f->hashed = digest != NULL;
    f->atime = atime != NULL;
    if ((digest != NULL && (hex == NULL || !ps_hex_decode(ps_span_text(hex), f->sha256, sizeof f->sha256))) ||
        (atime != NULL && !cJSON_IsTrue(atime)))
        return false;
    for (unsigned i = PS_NOT_WITHHELD + 1; why != NULL && i < PS_WITHHELDS; i++)
        if (strcmp(why, ps_withheld_name((enum ps_withheld) i)) == 0)
            f->withheld = (uint8_t) i;
    if ((kept != NULL) != (f->withheld == PS_WITHHELD_EARLIER) || (kept != NULL && !ps_json_number(kept, &f->kept_seq)))
        return false;
    return withheld == NULL || f->withheld != PS_NOT_WITHHELD;
}

/* True when `shown` is what JSON shows of these bytes, and not all of them (json.h). */
static bool is_shown(struct ps_span bytes, struct ps_span shown)
{
    struct ps_cursor c = ps_cursor_over(shown);
    bool lossless = true;
    for (size_t at = 0; at < bytes.len;) {
        struct ps_utf8 s = ps_utf8_at(bytes.data + at, bytes.len - at);
        bool stands = s.good && s.code != 0;
        struct ps_span piece = stands ? ps_span_of(bytes.data + at, s.len) : ps_span_text("\xef\xbf\xbd");
        struct ps_span rest = ps_cursor_rest(&c);
        if (rest.len < piece.len || memcmp(rest.data, piece.data, piece.len) != 0)
            return false;
        c.at += piece.len;
        lossless = lossless && stands;
        at += s.len;
    }
    return ps_cursor_done(&c) && !lossless;
}

/* The exact bytes stand in base64 where they are no text. The buffer has its room already: spans into it stay. */
static bool read_path(const cJSON *object, struct ps_journal_owned *o, struct ps_capture *c, int *keys)
{
    const cJSON *shown = ps_json_get(object, "path"), *coded = ps_json_get(object, "path_b64");
    const char *text = ps_json_string(shown), *base64 = ps_json_string(coded);
    *keys += (shown != NULL) + (coded != NULL);
    if (shown == NULL)
        return coded == NULL;
    if (text == NULL || text[0] == '\0' || (coded != NULL && base64 == NULL))
        return false;
    c->path = ps_span_text(text);
    if (coded == NULL)
        return true;
    size_t len = strlen(base64), bytes = len / 4 * 3;
    if (len < 4 || len % 4 != 0)
        return false;
    bytes -= base64[len - 1] == '=';
    bytes -= base64[len - 2] == '=';
    uint8_t *place = o->paths.data + o->paths.len;
    if (bytes == 0 || o->paths.room - o->paths.len < bytes || !ps_base64_decode(ps_span_text(base64), place, bytes))
        return false;
    o->paths.len += bytes;
    c->path = ps_span_of(place, bytes);
    return is_shown(c->path, ps_span_text(text));
}

static bool read_facts(const cJSON *object, struct ps_journal_owned *o, struct ps_capture *c)
{
    struct ps_file_facts *f = &o->facts[o->fact_count];
    int keys = 6;
    if (!read_pair(ps_json_get(object, "dev"), &f->dev_major, &f->dev_minor) ||
        !ps_json_number(ps_json_get(object, "ino"), &f->ino) ||
        !ps_json_number32(ps_json_get(object, "mode"), &f->mode) ||
        !ps_json_number(ps_json_get(object, "size"), &f->size) ||
        !ps_json_signed(ps_json_get(object, "mtime_ns"), &f->mtime_ns) ||
        !ps_json_number32(ps_json_get(object, "nlink"), &f->nlink) || !read_owner(object, f, &keys) ||
        !read_digest(object, f, &keys) || !read_path(object, o, c, &keys) || cJSON_GetArraySize(object) != keys)
        return false;
    o->fact_count++;
    c->facts = f;
    return true;
}

/* Column 9 says what it is by its type; a list comes with column 10. */
static bool read_ninth(const struct row *row, struct ps_journal_owned *o, struct ps_capture *c)
{
    const cJSON *ninth = row->column[NINTH];
    if (cJSON_IsArray(ninth))
        return read_entries(ninth, o, c) && read_lost(row->column[LOST], o, c);
    if (row->column[LOST] != NULL)
        return false;
    if (ninth == NULL)
        return true;
    if (ps_json_get(ninth, "chosen") != NULL) {
        c->dump = &o->dumps[o->dump_count];
        return ps_dump_facts_read(ninth, &o->dumps[o->dump_count++]);
    }
    if (cJSON_IsObject(ninth))
        return read_facts(ninth, o, c);
    c->of = ps_json_string(ninth);
    return c->of != NULL;
}

/* Content is named one by one: "fd/3" is of the row "fd/{}". */
static const struct ps_row *content_row(const char *name)
{
    const char *slash = strchr(name, '/');
    char family[32];
    if (slash == NULL || slash[1] == '\0' || (size_t) (slash - name) > sizeof family - sizeof "/{}")
        return ps_catalog_path(ps_span_text(name), PS_PER_CONTENT);
    (void) snprintf(family, sizeof family, "%.*s/{}", (int) (slash - name), name);
    return ps_catalog_path(ps_span_text(family), PS_PER_CONTENT);
}

/* The file in the catalog, or NULL when this version has none of that name. */
static const struct ps_row *row_of(enum ps_line_scope scope, const char *name)
{
    static const enum ps_scope process[] = {PS_PER_PROCESS, PS_PER_NETNS, PS_PER_MNTNS, PS_PER_THREAD};
    static const enum ps_scope global[] = {PS_PER_HOST, PS_PER_NETNS, PS_PER_MNTNS};
    bool once = scope == PS_LINE_GLOBAL;
    const enum ps_scope *scopes = once ? global : process;
    size_t count = once ? sizeof global / sizeof *global : sizeof process / sizeof *process;
    struct ps_span path = ps_span_text(name);
    if (scope == PS_LINE_FACTS)
        return ps_catalog_path(path, PS_PER_FACT);
    if (scope == PS_LINE_CONTENT)
        return content_row(name);
    if (scope != PS_LINE_PROCESS && scope != PS_LINE_GLOBAL && ps_span_starts(path, "{}/"))
        path = ps_span_of(path.data + 3, path.len - 3);
    for (size_t i = 0; i < count; i++) {
        const struct ps_row *row = ps_catalog_path(path, scopes[i]);
        if (row != NULL)
            return row;
    }
    return NULL;
}

static bool read_place(const struct row *row, size_t packs, struct ps_capture *c, const char **why)
{
    if (!is_null(row->column[AS])) {
        c->switched = true;
        if (!read_pair(row->column[AS], &c->as_uid, &c->as_gid))
            return say(why, "column 6 is neither null nor uid:gid");
    }
    c->stored = !is_null(row->column[PACK]);
    if (!c->stored)
        return is_null(row->column[OFFSET]) || say(why, "an offset without a pack");
    if (!ps_json_number32(row->column[PACK], &c->pack) || c->pack >= packs)
        return say(why, "column 7 is no index into the packs of the line");
    if (!is_null(row->column[OFFSET]) && !ps_json_number(row->column[OFFSET], &c->offset))
        return say(why, "column 8 is no offset");
    return true;
}

static bool read_capture(const struct row *row, const struct ps_journal_line *line, struct ps_journal_owned *o,
                         const char **why)
{
    struct ps_capture *c = &o->captures[o->capture_count];
    uint64_t begin = 0;
    c->name = ps_json_string(row->column[NAME]);
    if (c->name == NULL || c->name[0] == '\0')
        return say(why, "column 0 of a capture is no name");
    if (!read_outcome(row->column[OUTCOME], &c->outcome))
        return say(why, "column 1 of a capture is no outcome");
    if (!read_error(row->column[ERRNO], &c->error))
        return say(why, "column 2 of a capture is no errno");
    if (!ps_json_number(row->column[BYTES], &c->bytes) || !ps_json_number(row->column[BEGIN], &begin) ||
        !ps_json_number(row->column[TOOK], &c->took_us))
        return say(why, "columns 3 to 5 of a capture are no numbers");
    if (!read_place(row, line->pack_count, c, why))
        return false;
    if (!read_ninth(row, o, c))
        return say(why, "columns 9 and 10 of a capture are none of the forms that there are");
    c->begin_us = line->line.us + begin;
    c->row = row_of(line->line.scope, c->name);
    bool hashed = (c->facts != NULL && c->facts->hashed) || (c->dump != NULL && c->dump->hashed);
    c->object = c->stored && hashed ? line->packs[c->pack] : NULL;
    o->capture_count++;
    return true;
}

static bool read_captures(const cJSON *list, const struct ps_journal_line *line, struct ps_journal_owned *o,
                          const char **why)
{
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        struct row row = {0};
        size_t columns = 0;
        if (!cJSON_IsArray(item))
            return say(why, "a capture is no array");
        for (const cJSON *value = item->child; value != NULL; value = value->next) {
            if (columns == COLUMNS)
                return say(why, "a capture has more columns than there are");
            row.column[columns++] = value;
        }
        if (!read_capture(&row, line, o, why))
            return false;
    }
    return true;
}

static bool read_packs(const cJSON *list, struct ps_journal_owned *o, const char **why)
{
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        const char *name = ps_json_string(item);
        if (name == NULL || ps_member_check(ps_span_text(name)) != NULL)
            return say(why, "\"packs\" holds what is no member name");
        o->packs[o->pack_count++] = name;
    }
    return true;
}

/* Room for everything in the line. At least one of each: nobody need ask whether calloc(0) is NULL. */
static bool make_room(const cJSON *packs, const cJSON *captures, struct ps_journal_owned *o)
{
    size_t entries = 1, lost = 1, count = 1, dumps = 1, paths = 0;
    for (const cJSON *c = captures->child; c != NULL; c = c->next, count++) {
        size_t column = 0;
        for (const cJSON *value = c->child; value != NULL; value = value->next, column++) {
            if (column == NINTH && cJSON_IsArray(value))
                entries += (size_t) cJSON_GetArraySize(value);
            if (column == LOST)
                lost += (size_t) cJSON_GetArraySize(value);
            dumps += column == NINTH && ps_json_get(value, "chosen") != NULL;
            const char *coded = column == NINTH ? ps_json_string(ps_json_get(value, "path_b64")) : NULL;
            paths += coded != NULL ? strlen(coded) : 0;
        }
    }
    o->packs = calloc((size_t) cJSON_GetArraySize(packs) + 1, sizeof *o->packs);
    o->captures = calloc(count, sizeof *o->captures);
    o->facts = calloc(count, sizeof *o->facts);
    o->dumps = calloc(dumps, sizeof *o->dumps);
    o->entries = calloc(entries, sizeof *o->entries);
    o->lost = calloc(lost, sizeof *o->lost);
    if (paths > 0)
        ps_buffer_reserve(&o->paths, paths);
    return o->packs != NULL && o->captures != NULL && o->facts != NULL && o->dumps != NULL && o->entries != NULL &&
           o->lost != NULL && !o->paths.failed;
}

bool ps_journal_read_captures(const cJSON *packs, const cJSON *captures, struct ps_journal_line *line,
                              struct ps_journal_owned *o, const char **why)
{
    if (!make_room(packs, captures, o))
        return say(why, ps_no_memory);
    line->packs = o->packs;
    line->captures = o->captures;
    if (!read_packs(packs, o, why))
        return false;
    line->pack_count = o->pack_count;
    if (!read_captures(captures, line, o, why))
        return false;
    line->capture_count = o->capture_count;
    return true;
}
