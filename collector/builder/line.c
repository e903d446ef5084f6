/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/builder/line_pack.h"
#include "collector/host/clock.h"
#include "formats/member_name.h"

/* A line goes on in a next one after that many entries of one directory: no line of the journal exceeds 1 MiB. */
enum { ENTRIES_A_LINE = 8192, THREADS_A_LINE = 2048 };

struct ps_name_ref {
    size_t at, len;
    uint64_t bytes;
    const char *error;
    enum ps_outcome outcome;
};

static void begin(struct ps_line_builder *l)
{
    for (size_t i = 0; i < l->pack_count; i++)
        free(l->packs[i]);
    l->pack_count = 0;
    ps_buffer_clear(&l->pack, PS_PACK_KEEP);
    ps_buffer_clear(&l->names, PS_PACK_KEEP);
    ps_journal_begin(&l->journal, &l->head);
    ps_records_line(l->out->records, &l->head);
    l->open = true;
}

void ps_line_begin(struct ps_line_builder *l, const struct ps_line *head, const char *stem, bool numbered)
{
    l->head = *head;
    snprintf(l->life, sizeof l->life, "%s", head->life ? head->life : "");
    l->head.life = l->life;
    /* The packs of a sweep are numbered on from line to line; those of a process begin anew. */
    if (!numbered || strcmp(l->stems[0].name, stem) != 0)
        l->stems[0].closed = 0;
    snprintf(l->stems[0].name, sizeof l->stems[0].name, "%s", stem);
    snprintf(l->stems[1].name, sizeof l->stems[1].name, "data/proc/%s/task", l->life);
    l->stems[1].closed = 0;
    l->stem = 0;
    l->via = 0;
    l->numbered = numbered;
    l->item_open = false;
    for (size_t i = 0; i < PS_CATALOG_MAX; i++)
        l->captures[i].open = l->captures[i].ended = false;
    begin(l);
}

void ps_line_capture_begin(struct ps_line_builder *l, uint32_t row, uint64_t us)
{
    struct ps_open_capture *c = &l->captures[row];
    struct ps_name_ref *entries = c->entries, *lost = c->lost;
    size_t entry_room = c->entry_room, lost_room = c->lost_room;
    *c = (struct ps_open_capture){.open = true, .begin_us = us < l->head.us ? l->head.us : us};
    c->entries = entries;
    c->lost = lost;
    c->entry_room = entry_room;
    c->lost_room = lost_room;
}

static struct ps_name_ref *add_ref(struct ps_line_builder *l, struct ps_name_ref **list, size_t *count, size_t *room,
                                   struct ps_span name)
{
    if (*count == *room) {
        size_t more = *room ? *room * 2 : 16;
        struct ps_name_ref *grown = realloc(*list, more * sizeof *grown);
        if (!grown) {
            ps_output_out_of_memory(l->out);
            return NULL;
        }
        *list = grown;
        *room = more;
    }
    struct ps_name_ref *ref = &(*list)[(*count)++];
    *ref = (struct ps_name_ref){.at = l->names.len};
    /* Names come from a directory that the target may have made: escaped like any component. */
    if (!ps_member_escape(name, &l->names))
        ps_buffer_add_text(&l->names, "=00");
    ref->len = l->names.len - ref->at;
    return ref;
}

static struct ps_span ref_name(const struct ps_line_builder *l, const struct ps_name_ref *ref)
{
    return ps_span_of(l->names.data + ref->at, ref->len);
}

/* The capture as the journal and the records take it. */
static void emit(struct ps_line_builder *l, uint32_t row, struct ps_capture *c)
{
    struct ps_open_capture *o = &l->captures[row];
    struct ps_stored *entries = o->entry_count ? calloc(o->entry_count, sizeof *entries) : NULL;
    struct ps_lost *lost = o->lost_count ? calloc(o->lost_count, sizeof *lost) : NULL;
    if ((o->entry_count && !entries) || (o->lost_count && !lost) || l->names.failed) {
        ps_output_out_of_memory(l->out);
        free(entries);
        free(lost);
        return;
    }
    for (size_t i = 0; i < o->entry_count; i++)
        entries[i] = (struct ps_stored){.name = ref_name(l, &o->entries[i]), .bytes = o->entries[i].bytes};
    for (size_t i = 0; i < o->lost_count; i++)
        lost[i] = (struct ps_lost){ref_name(l, &o->lost[i]), o->lost[i].outcome, o->lost[i].error};
    bool sweep = l->head.scope == PS_LINE_OPENING || l->head.scope == PS_LINE_CLOSING;
    c->row = &ps_catalog[row];
    c->name = sweep ? "{}/stat" : c->row->path;
    c->bytes = o->bytes;
    c->begin_us = o->begin_us;
    c->stored = o->stored;
    c->pack = o->pack;
    c->offset = o->offset;
    c->entries = entries;
    c->entry_count = o->entry_count;
    c->lost = lost;
    c->lost_count = o->lost_count;
    ps_journal_capture(&l->journal, c);
    ps_records_capture(l->out->records, l->head.reader, c);
    ps_output_count(l->out, &l->head, c, l->own);
    free(entries);
    free(lost);
    o->entry_count = o->lost_count = 0;
    o->bytes = 0;
    o->stored = false;
}

static void end_text(struct ps_line_builder *l, struct ps_line_end *end)
{
    end->via = l->via;
    ps_line_close_pack(l);
    ps_journal_end(&l->journal, end, (const char *const *) l->packs, l->pack_count, &l->out->journal);
    ps_records_line_end(l->out->records, l->head.reader, end);
    ps_output_journal_grown(l->out);
}

/* The line goes on in another one; directories that are open go on with it. */
static void split(struct ps_line_builder *l, uint64_t now)
{
    for (uint32_t row = 0; row < ps_catalog_count; row++) {
        struct ps_capture so_far = {.outcome = PS_COMPLETE, .took_us = now - l->captures[row].begin_us};
        if (!l->captures[row].open)
            continue;
        emit(l, row, &so_far);
        l->captures[row].begin_us = now;
    }
    struct ps_line_end end = {.took_us = now - l->head.us, .identity = PS_SAME, .more = true};
    end_text(l, &end);
    l->head.us = now;
    begin(l);
}

void ps_line_via(struct ps_line_builder *l, uint32_t thread, uint64_t us)
{
    if (l->via && l->via != thread && l->journal.captures > 0)
        split(l, us < l->head.us ? l->head.us : us);
    l->via = thread;
}

/* Parts are named here, whatever the reader called them. The first one is known only now to have been one. */
static struct ps_name_ref *add_part(struct ps_line_builder *l, uint32_t row)
{
    struct ps_open_capture *c = &l->captures[row];
    const char *path = ps_catalog[row].path;
    if (c->entry_count == 0) {
        struct ps_name_ref *first = add_ref(l, &c->entries, &c->entry_count, &c->entry_room, ps_span_text("first"));
        if (!first)
            return NULL;
        first->at = l->names.len;
        first->len = strlen(path);
        first->bytes = c->bytes;
        ps_buffer_add_text(&l->names, path);
    }
    struct ps_name_ref *ref = add_ref(l, &c->entries, &c->entry_count, &c->entry_room, ps_span_text("part"));
    if (!ref)
        return NULL;
    ref->at = l->names.len;
    ps_buffer_addf(&l->names, "%s.part-%04u", path, (unsigned) c->entry_count);
    ref->len = l->names.len - ref->at;
    return ref;
}

/* How many entries of a directory a line takes before the next one begins. What is read together stays in one line, so
 * that only the first of fd and fdinfo, and of the files of a thread, says when. */
static size_t most_in_line(const struct ps_row *row)
{
    if (strcmp(row->path, "fdinfo/{}") == 0)
        return SIZE_MAX;
    if (row->scope != PS_PER_THREAD)
        return ENTRIES_A_LINE;
    return strcmp(row->path, "task/{}/stat") == 0 ? THREADS_A_LINE : SIZE_MAX;
}

bool ps_line_item(struct ps_line_builder *l, uint32_t row, struct ps_span name, uint8_t kind, bool part,
                  struct ps_span bytes, bool more)
{
    if (!l->open || row >= ps_catalog_count || !l->captures[row].open || l->item_open)
        return false;
    struct ps_open_capture *c = &l->captures[row];
    if (c->entry_count + c->lost_count >= most_in_line(&ps_catalog[row]))
        split(l, ps_boottime_us());
    struct ps_span escaped = ps_span_of(NULL, 0);
    struct ps_name_ref *ref = NULL;
    if (part)
        ref = add_part(l, row);
    else if (name.len > 0)
        ref = add_ref(l, &c->entries, &c->entry_count, &c->entry_room, name);
    if (ref) {
        ref->bytes = bytes.len;
        escaped = ref_name(l, ref);
    }
    if (more) {
        ps_buffer_clear(&l->item, PS_PACK_KEEP);
        ps_buffer_add_span(&l->item, bytes);
        l->item_open = true;
        l->item_row = row;
        l->item_kind = kind;
        return true;
    }
    ps_line_store(l, row, escaped, kind, bytes);
    return true;
}

static void close_item(struct ps_line_builder *l)
{
    struct ps_open_capture *c = &l->captures[l->item_row];
    struct ps_span escaped = ps_span_of(NULL, 0);
    l->item_open = false;
    if (l->item.failed) {
        ps_output_out_of_memory(l->out);
        return;
    }
    if (c->entry_count > 0) {
        struct ps_name_ref *ref = &c->entries[c->entry_count - 1];
        ref->bytes = l->item.len;
        escaped = ref_name(l, ref);
    }
    ps_line_store(l, l->item_row, escaped, l->item_kind, ps_buffer_span(&l->item));
    ps_buffer_clear(&l->item, PS_PACK_KEEP);
}

bool ps_line_more(struct ps_line_builder *l, uint32_t row, struct ps_span bytes, bool more)
{
    if (!l->open || !l->item_open || l->item_row != row)
        return false;
    ps_buffer_add_span(&l->item, bytes);
    if (!more)
        close_item(l);
    return true;
}

bool ps_line_lost(struct ps_line_builder *l, uint32_t row, struct ps_span name, enum ps_outcome outcome,
                  const char *error)
{
    if (!l->open || row >= ps_catalog_count || !l->captures[row].open)
        return false;
    struct ps_open_capture *c = &l->captures[row];
    if (c->entry_count + c->lost_count >= most_in_line(&ps_catalog[row]))
        split(l, ps_boottime_us());
    struct ps_name_ref *ref = add_ref(l, &c->lost, &c->lost_count, &c->lost_room, name);
    if (ref) {
        ref->outcome = outcome;
        ref->error = error;
    }
    return true;
}

bool ps_line_capture_end(struct ps_line_builder *l, uint32_t row, const struct ps_capture *end, uint64_t end_us)
{
    if (!l->open || row >= ps_catalog_count || !l->captures[row].open)
        return false;
    if (l->item_open && l->item_row == row)
        close_item(l);
    struct ps_capture c = *end;
    c.took_us = end_us > l->captures[row].begin_us ? end_us - l->captures[row].begin_us : 0;
    emit(l, row, &c);
    l->captures[row].open = false;
    l->captures[row].ended = true;
    return true;
}

void ps_line_end(struct ps_line_builder *l, const uint16_t *rows, size_t count, enum ps_outcome open_as,
                 enum ps_outcome rest, const struct ps_line_end *end, uint64_t us)
{
    if (!l->open)
        return;
    for (size_t i = 0; i < count; i++) {
        uint16_t row = rows[i];
        struct ps_capture unread = {.outcome = l->captures[row].open ? open_as : rest};
        if (l->captures[row].ended)
            continue;
        if (!l->captures[row].open)
            ps_line_capture_begin(l, row, us);
        (void) !ps_line_capture_end(l, row, &unread, us);
    }
    struct ps_line_end closed = *end;
    closed.took_us = us > l->head.us ? us - l->head.us : 0;
    end_text(l, &closed);
    l->open = false;
    l->item_open = false;
}
