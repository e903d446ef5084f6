/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/line_pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/own_secrets.h"
#include "formats/pack.h"

bool ps_line_add_pack(struct ps_line_builder *l, const char *name)
{
    if (l->pack_count == l->pack_room) {
        size_t room = l->pack_room ? l->pack_room * 2 : 4;
        char **packs = realloc(l->packs, room * sizeof *packs);
        if (!packs) {
            ps_output_out_of_memory(l->out);
            return false;
        }
        l->packs = packs;
        l->pack_room = room;
    }
    l->packs[l->pack_count] = strdup(name);
    if (!l->packs[l->pack_count]) {
        ps_output_out_of_memory(l->out);
        return false;
    }
    l->pack_count++;
    return true;
}

/* The pack that entries go into now has its name in the list as soon as something is in it. */
static bool open_pack(struct ps_line_builder *l)
{
    char name[160];
    if (l->pack.len > 0)
        return true;
    const struct ps_pack_stem *stem = &l->stems[l->stem];
    if (stem->closed == 0 && !l->numbered)
        snprintf(name, sizeof name, "%s.pack", stem->name);
    else
        snprintf(name, sizeof name, "%s-%04u.pack", stem->name, stem->closed + 1);
    return ps_line_add_pack(l, name);
}

void ps_line_close_pack(struct ps_line_builder *l)
{
    if (l->pack.failed)
        ps_output_out_of_memory(l->out);
    if (l->pack.len == 0 || ps_line_has_members(&l->head))
        return;
    ps_output_member(l->out, l->packs[l->pack_count - 1], ps_buffer_span(&l->pack));
    ps_buffer_clear(&l->pack, PS_PACK_KEEP);
    l->stems[l->stem].closed++;
}

/* Threads have packs of their own: a process of thousands of them shall not drown its other files. */
static void choose_stem(struct ps_line_builder *l, const struct ps_row *row)
{
    unsigned stem = row->scope == PS_PER_THREAD;
    if (stem == l->stem)
        return;
    ps_line_close_pack(l);
    l->stem = stem;
}

/* The whole name of an entry in its pack. */
static void entry_name(struct ps_line_builder *l, const struct ps_row *row, struct ps_span escaped,
                       struct ps_buffer *out)
{
    ps_buffer_clear(out, 4096);
    bool sweep = l->head.scope == PS_LINE_OPENING || l->head.scope == PS_LINE_CLOSING;
    if (sweep) {
        ps_buffer_add_span(out, escaped);
        ps_buffer_add_text(out, "/stat");
    } else if (escaped.len > 0 && ps_row_is_family(row)) {
        ps_buffer_add_span(out, ps_row_before(row));
        ps_buffer_add_span(out, escaped);
        ps_buffer_add_span(out, ps_row_behind(row));
    } else if (escaped.len > 0) {
        ps_buffer_add_span(out, escaped);
    } else {
        ps_buffer_add_text(out, row->path);
    }
}

/* A global file, a fact, or a part of one: a member of its own. Copied first, since the bytes may lie where a corrupted
 * reader can still change them between hashing and writing. */
static struct ps_entry store_member(struct ps_line_builder *l, struct ps_span name, struct ps_span bytes)
{
    char member[PS_MEMBER_NAME_MAX + 1];
    snprintf(member, sizeof member, "%s%.*s", ps_line_member_top(&l->head), (int) (name.len < 150 ? name.len : 150),
             (const char *) name.data);
    ps_buffer_clear(&l->pack, PS_PACK_KEEP);
    ps_buffer_add_span(&l->pack, bytes);
    if (l->pack.failed)
        ps_output_out_of_memory(l->out);
    if (l->out->failed || !ps_line_add_pack(l, member))
        return (struct ps_entry){.bytes = ps_span_of(NULL, 0), .member = ""};
    ps_output_member(l->out, member, ps_buffer_span(&l->pack));
    return (struct ps_entry){.bytes = ps_buffer_span(&l->pack), .member = l->packs[l->pack_count - 1]};
}

static struct ps_entry store_entry(struct ps_line_builder *l, uint8_t kind, struct ps_span name, struct ps_span bytes)
{
    if (!open_pack(l))
        return (struct ps_entry){.bytes = ps_span_of(NULL, 0), .member = ""};
    ps_pack_add(&l->pack, kind, name, bytes);
    if (l->pack.failed) {
        ps_output_out_of_memory(l->out);
        return (struct ps_entry){.bytes = ps_span_of(NULL, 0), .member = ""};
    }
    struct ps_span stored = ps_span_of(l->pack.data + l->pack.len - 1 - bytes.len, bytes.len);
    return (struct ps_entry){.bytes = stored, .member = l->packs[l->pack_count - 1]};
}

/* What procsnap's own credentials stand in is stored with asterisks in their place, and says so in its name where that
 * is not what tells the entries apart. */
static struct ps_span masked(struct ps_line_builder *l, const struct ps_row *row, struct ps_span bytes)
{
    if (!ps_own_secrets_in(l->own_secrets, bytes))
        return bytes;
    if (!ps_row_is_family(row) && !ps_line_has_members(&l->head))
        ps_buffer_add_text(&l->item_name, ".masked");
    ps_buffer_clear(&l->redacted, PS_PACK_KEEP);
    ps_buffer_add_span(&l->redacted, bytes);
    if (!l->redacted.failed)
        ps_own_secrets_mask(l->own_secrets, l->redacted.data, l->redacted.len);
    return ps_buffer_span(&l->redacted);
}

static struct ps_span redacted(struct ps_line_builder *l, const struct ps_row *row, struct ps_span bytes)
{
    if (!row->secret || !l->redact_key)
        return masked(l, row, bytes);
    ps_buffer_add_text(&l->item_name, ".redacted");
    ps_buffer_clear(&l->redacted, PS_PACK_KEEP);
    ps_redact_environ(l->redact_key, bytes, &l->redacted);
    if (!l->redacted.failed) /* some values are kept */
        ps_own_secrets_mask(l->own_secrets, l->redacted.data, l->redacted.len);
    return ps_buffer_span(&l->redacted);
}

void ps_line_store(struct ps_line_builder *l, uint32_t row, struct ps_span escaped, uint8_t kind, struct ps_span bytes)
{
    struct ps_open_capture *c = &l->captures[row];
    bool whole = ps_line_has_members(&l->head);
    entry_name(l, &ps_catalog[row], escaped, &l->item_name);
    bytes = redacted(l, &ps_catalog[row], bytes);
    if (l->item_name.failed || l->redacted.failed)
        ps_output_out_of_memory(l->out);
    choose_stem(l, &ps_catalog[row]);
    uint64_t offset = whole ? 0 : l->pack.len;
    struct ps_entry entry = whole ? store_member(l, ps_buffer_span(&l->item_name), bytes)
                                  : store_entry(l, kind, ps_buffer_span(&l->item_name), bytes);
    if (!l->out->failed) {
        if (!c->stored) {
            c->stored = true;
            c->pack = (uint32_t) l->pack_count - 1;
            c->offset = offset;
        }
        c->bytes += bytes.len;
        entry.row = &ps_catalog[row];
        entry.name = ps_buffer_span(&l->item_name);
        entry.begin_us = c->begin_us;
        ps_records_entry(l->out->records, l->head.reader, &entry);
    }
    if (l->pack.len >= PS_PACK_ROLL)
        ps_line_close_pack(l);
}
