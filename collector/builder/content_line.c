/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/content_line.h"

#include <stdlib.h>
#include <string.h>

#include "collector/builder/line_pack.h"
#include "collector/builder/private_key.h"
#include "collector/known_objects.h"
#include "collector/sightings.h"

/* Names of members have the same escapes; here a slash stays, and no length is too long. */
static void add_escaped(struct ps_buffer *out, struct ps_span path)
{
    static const char plain[] = "._+:,@-/";
    for (size_t i = 0; i < path.len; i++) {
        uint8_t b = path.data[i];
        bool kept = (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
                    (b != 0 && strchr(plain, b) != NULL);
        if (kept)
            ps_buffer_add_byte(out, b);
        else
            ps_buffer_addf(out, "=%02X", b);
    }
}

bool ps_content_begin(struct ps_line_builder *l, uint32_t row, struct ps_span entry, struct ps_span path,
                      const struct ps_file_facts *facts, uint64_t us)
{
    struct ps_content_line *c = &l->content;
    const struct ps_row *what = &ps_catalog[row];
    if (c->open || !l->open || what->scope != PS_PER_CONTENT)
        return false;
    c->open = true;
    c->hashed = c->discarded = c->program = c->key = c->own_secret = false;
    c->withheld = PS_NOT_WITHHELD;
    c->facts_known = facts != NULL;
    c->facts = facts ? *facts : (struct ps_file_facts){0};
    c->row = row;
    c->begin_us = us < l->head.us ? l->head.us : us;
    c->bytes = c->tail_len = 0;
    ps_sha256_init(&c->hash);
    ps_buffer_clear(&c->path, 8192);
    ps_buffer_add_span(&c->path, path);
    ps_own_secrets_mask(l->own_secrets, c->path.data, c->path.len);
    path = ps_buffer_span(&c->path);
    struct ps_span shown = entry;
    if (strcmp(what->path, "root/{}") == 0)
        shown = path.len > 0 && path.data[0] == '/' ? ps_span_of(path.data + 1, path.len - 1) : path;
    ps_buffer_clear(&c->name, 16384);
    if (ps_row_is_family(what) && shown.len > 0) {
        ps_buffer_add(&c->name, what->path, strlen(what->path) - 2);
        add_escaped(&c->name, shown);
    } else {
        ps_buffer_add_text(&c->name, what->path);
    }
    ps_buffer_add_byte(&c->name, 0);
    return true;
}

static void note_secrets(struct ps_line_builder *l, struct ps_span bytes)
{
    struct ps_content_line *c = &l->content;
    c->key = c->key || (!c->program && ps_private_key_at(bytes) < bytes.len);
    c->own_secret = c->own_secret || ps_own_secrets_in(l->own_secrets, bytes);
}

/* What is forbidden may lie across two frames. */
static void look_for_secrets(struct ps_line_builder *l, struct ps_span bytes)
{
    struct ps_content_line *c = &l->content;
    uint8_t seam[2 * sizeof c->tail];
    size_t next = bytes.len < sizeof c->tail ? bytes.len : sizeof c->tail;
    if (c->bytes == 0)
        c->program = ps_private_key_is_program(bytes);
    if (c->program && ps_own_secrets_none(l->own_secrets))
        return;
    memcpy(seam, c->tail, c->tail_len);
    memcpy(seam + c->tail_len, bytes.data, next);
    note_secrets(l, ps_span_of(seam, c->tail_len + next));
    note_secrets(l, bytes);
    memcpy(seam + c->tail_len, bytes.data + bytes.len - next, next);
    size_t both = c->tail_len + next, drop = both > sizeof c->tail ? both - sizeof c->tail : 0;
    memcpy(c->tail, seam + drop, both - drop);
    c->tail_len = both - drop;
}

bool ps_content_digest(struct ps_line_builder *l, struct ps_span bytes)
{
    struct ps_content_line *c = &l->content;
    if (!c->open || c->hashed || !c->facts_known)
        return false;
    if (bytes.len == 0)
        return true;
    look_for_secrets(l, bytes);
    ps_sha256_update(&c->hash, bytes);
    c->bytes += bytes.len;
    return true;
}

static void end_hash(struct ps_content_line *c)
{
    if (!c->hashed)
        ps_sha256_final(&c->hash, c->digest);
    c->hashed = true;
}

static bool is_there(const struct ps_content_line *c)
{
    for (size_t i = 0; i < c->object_count; i++) {
        if (memcmp(c->objects[i], c->digest, PS_SHA256_LEN) == 0)
            return true;
    }
    return false;
}

static int by_hash(const void *hash, const void *item)
{
    return memcmp(hash, ((const struct ps_known_object *) item)->sha256, PS_SHA256_LEN);
}

/* The bundle that holds it already, or NULL. */
static const struct ps_known_object *kept_earlier(const struct ps_content_line *c)
{
    const struct ps_known_objects *k = c->known;
    return k ? bsearch(c->digest, k->items, k->count, sizeof k->items[0], by_hash) : NULL;
}

static bool begin_member(struct ps_line_builder *l)
{
    struct ps_content_line *c = &l->content;
    char name[sizeof "data/objects/" + 2 * PS_SHA256_LEN] = "data/objects/";
    if (!c->objects)
        c->objects = calloc(PS_OBJECTS_MAX, sizeof *c->objects);
    if (!c->objects) {
        ps_output_out_of_memory(l->out);
        return false;
    }
    ps_hex_text(ps_span_of(c->digest, PS_SHA256_LEN), name + strlen(name));
    if (!ps_line_add_pack(l, name) || l->out->failed)
        return false;
    if (!ps_member_stream_begin(&l->stream, l->out, name, c->bytes, true))
        return false;
    memcpy(c->objects[c->object_count++], c->digest, PS_SHA256_LEN);
    c->kept += c->bytes;
    return true;
}

bool ps_content_keep(struct ps_line_builder *l, bool over_budget)
{
    struct ps_content_line *c = &l->content;
    if (!c->open || c->hashed || !c->facts_known || l->pack.len > 0)
        return false;
    end_hash(c);
    const struct ps_known_object *earlier = kept_earlier(c);
    c->kept_seq = earlier ? earlier->seq : 0;
    if (c->key)
        c->withheld = PS_WITHHELD_KEY;
    else if (c->own_secret)
        c->withheld = PS_WITHHELD_OWN_SECRET;
    else if (earlier)
        c->withheld = PS_WITHHELD_EARLIER;
    else if (!is_there(c) && c->object_count == PS_OBJECTS_MAX)
        c->withheld = PS_WITHHELD_OBJECTS;
    else if (!is_there(c) && (over_budget || c->bytes > c->budget - c->kept))
        c->withheld = PS_WITHHELD_BYTES;
    c->discarded = c->withheld != PS_NOT_WITHHELD || is_there(c);
    return c->discarded || begin_member(l) || l->out->failed;
}

bool ps_content_store(struct ps_line_builder *l, struct ps_span bytes)
{
    struct ps_content_line *c = &l->content;
    if (!c->open)
        return false;
    if (c->discarded)
        return true;
    return ps_member_stream_add(&l->stream, l->out, bytes);
}

static void end_member(struct ps_line_builder *l, enum ps_outcome *outcome)
{
    struct ps_content_line *c = &l->content;
    uint8_t sha256[PS_SHA256_LEN];
    ps_member_stream_end(&l->stream, l->out, sha256);
    if (l->out->failed)
        return;
    bool whole = *outcome == PS_COMPLETE || *outcome == PS_TRUNCATED;
    if (whole && memcmp(sha256, c->digest, PS_SHA256_LEN) != 0)
        *outcome = PS_PARTIAL;
    memcpy(c->digest, sha256, PS_SHA256_LEN);
}

static void note_object(const struct ps_content_line *c)
{
    struct ps_sightings *s = c->sightings;
    if (s && s->object_count < PS_SIGHTINGS_OBJECTS)
        memcpy(s->objects[s->object_count++], c->digest, PS_SHA256_LEN);
}

static void note_program(const struct ps_content_line *c)
{
    struct ps_sightings *s = c->sightings;
    if (s && s->executable_count < PS_SIGHTINGS_EXECUTABLES && strcmp(ps_catalog[c->row].path, "exe") == 0)
        memcpy(s->executables[s->executable_count++], c->digest, PS_SHA256_LEN);
}

bool ps_content_end(struct ps_line_builder *l, const struct ps_capture *end, bool atime, uint64_t us)
{
    struct ps_content_line *c = &l->content;
    struct ps_capture capture = *end;
    if (!c->open || c->path.failed || c->name.failed)
        return false;
    bool stored = l->stream.open;
    bool read = c->facts_known && (c->bytes > 0 || capture.outcome == PS_COMPLETE);
    if (stored)
        end_member(l, &capture.outcome);
    else if (read)
        end_hash(c);
    if (read)
        note_program(c);
    c->facts.hashed = read;
    c->facts.atime = atime;
    if (stored && capture.outcome == PS_COMPLETE)
        note_object(c);
    c->facts.withheld = (uint8_t) c->withheld;
    c->facts.kept_seq = c->withheld == PS_WITHHELD_EARLIER ? c->kept_seq : 0;
    memcpy(c->facts.sha256, c->digest, sizeof c->facts.sha256);
    capture.facts = c->facts_known ? &c->facts : NULL;
    capture.path = ps_buffer_span(&c->path);
    capture.row = &ps_catalog[c->row];
    capture.name = (const char *) c->name.data;
    capture.bytes = c->bytes;
    capture.begin_us = c->begin_us;
    capture.took_us = us > c->begin_us ? us - c->begin_us : 0;
    capture.stored = stored;
    capture.pack = stored ? (uint32_t) l->pack_count - 1 : 0;
    capture.object = stored ? l->packs[l->pack_count - 1] : NULL;
    ps_journal_capture(&l->journal, &capture);
    ps_records_capture(l->out->records, l->head.reader, &capture);
    ps_output_count(l->out, &l->head, &capture, l->own);
    c->open = false;
    return true;
}

void ps_content_close(struct ps_line_builder *l, enum ps_outcome as, uint64_t us)
{
    struct ps_capture end = {.outcome = as};
    if (l->content.open)
        (void) !ps_content_end(l, &end, false, us);
}
