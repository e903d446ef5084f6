/* SPDX-License-Identifier: Apache-2.0
 *
 * The file record: a file whose content was hashed or kept, or one line of a drift list. And what records of files and
 * executables share: hash, and the member that holds the content.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"
#include "formats/records_state.h"
#include "formats/timestamp.h"
#include "parsers/content_files.h"

void ps_file_hash(struct ps_json *j, const struct ps_capture *c)
{
    char sha256[2 * PS_SHA256_LEN + 1];
    ps_json_u64(j, "size", c->facts->size);
    if (!c->facts->hashed)
        return;
    ps_hex_text(ps_span_of(c->facts->sha256, sizeof c->facts->sha256), sha256);
    ps_json_object(j, "hash");
    ps_json_text(j, "sha256", sha256);
    ps_json_object_end(j);
}

static uint64_t object_key(const uint8_t *sha256)
{
    uint64_t key = 0;
    memcpy(&key, sha256, sizeof key);
    return key ? key : 1;
}

static uint64_t *object_place(uint64_t *table, size_t room, uint64_t key)
{
    size_t at = key & (room - 1);
    while (table[at] && table[at] != key)
        at = (at + 1) & (room - 1);
    return &table[at];
}

static void know_object(struct ps_records *r, const uint8_t *sha256)
{
    struct ps_executables *e = &r->executables;
    if (e->object_count * 2 >= e->object_room) {
        size_t room = e->object_room ? e->object_room * 2 : 64;
        uint64_t *table = calloc(room, sizeof *table);
        if (!table) {
            r->failed = true;
            return;
        }
        for (size_t i = 0; i < e->object_room; i++) {
            if (e->objects[i])
                *object_place(table, room, e->objects[i]) = e->objects[i];
        }
        free(e->objects);
        e->objects = table;
        e->object_room = room;
    }
    uint64_t *place = object_place(e->objects, e->object_room, object_key(sha256));
    e->object_count += *place == 0;
    *place = object_key(sha256);
}

static bool object_known(const struct ps_records *r, const uint8_t *sha256)
{
    const struct ps_executables *e = &r->executables;
    return e->object_room > 0 && *object_place(e->objects, e->object_room, object_key(sha256)) != 0;
}

void ps_file_place(struct ps_records *r, struct ps_json *j, const struct ps_capture *c)
{
    bool whole = c->outcome == PS_COMPLETE || c->outcome == PS_TRUNCATED;
    char name[sizeof "data/objects/" + 2 * PS_SHA256_LEN] = "data/objects/";
    ps_json_text(j, "content", ps_outcome_name(c->outcome));
    if (c->facts->hashed)
        ps_json_u64(j, "content_bytes", c->bytes);
    if (c->stored && c->object)
        ps_json_text(j, "object", c->object);
    if (c->stored && whole)
        know_object(r, c->facts->sha256);
    if (!c->stored && c->facts->hashed && whole && object_known(r, c->facts->sha256)) {
        ps_hex_text(ps_span_of(c->facts->sha256, PS_SHA256_LEN), name + strlen(name));
        ps_json_text(j, "object", name);
    }
    if (c->facts->withheld)
        ps_json_text(j, "withheld", ps_withheld_name((enum ps_withheld) c->facts->withheld));
    if (c->facts->withheld == PS_WITHHELD_EARLIER)
        ps_json_u64(j, "kept_seq", c->facts->kept_seq);
    if (c->facts->atime)
        ps_json_bool(j, "atime_may_have_changed", true);
}

void ps_file_content(struct ps_records *r, const struct ps_capture *c)
{
    struct ps_json j = ps_records_begin(r, PS_KIND_FILE);
    ps_records_who(r, &j);
    ps_json_object(&j, "file");
    if (c->path.len > 0)
        ps_json_bytes(&j, "path", c->path);
    ps_file_hash(&j, c);
    ps_json_object_end(&j);
    ps_records_proc(r, &j);
    ps_json_u64(&j, "read_us", c->begin_us);
    ps_json_text(&j, "capture", c->name);
    ps_json_object(&j, "stat");
    ps_file_facts_add(&j, c->facts);
    ps_json_object_end(&j);
    ps_file_place(r, &j, c);
    ps_records_end(r, PS_KIND_FILE, &j);
}

static void add_time(struct ps_json *j, const char *name, int64_t ns)
{
    char when[PS_TIMESTAMP_SIZE];
    ps_timestamp(ns / 1000, when);
    ps_json_text(j, name, when);
}

/* What of a line of the drift list has an ECS name. */
static void add_ecs(struct ps_records *r, struct ps_json *j, const struct ps_content_files *f)
{
    char text[24];
    ps_buffer_clear(&r->scratch, PS_SHOWN_ARGS);
    ps_unescape(&r->scratch, f->path);
    ps_json_object(j, "file");
    ps_json_bytes(j, "path", ps_buffer_span(&r->scratch));
    ps_json_text(j, "type", f->type);
    ps_json_u64(j, "size", f->size);
    snprintf(text, sizeof text, "%04llo", (unsigned long long) (f->mode & 07777));
    ps_json_text(j, "mode", text);
    snprintf(text, sizeof text, "%llu", (unsigned long long) f->uid);
    ps_json_text(j, "uid", text);
    snprintf(text, sizeof text, "%llu", (unsigned long long) f->gid);
    ps_json_text(j, "gid", text);
    snprintf(text, sizeof text, "%llu", (unsigned long long) f->inode);
    ps_json_text(j, "inode", text);
    add_time(j, "mtime", f->mtime_ns);
    add_time(j, "ctime", f->ctime_ns);
    ps_json_object_end(j);
}

void ps_file_entries(struct ps_records *r, const struct ps_entry *entry)
{
    const struct ps_parser *p = entry->row->parser;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    union {
        union ps_any_record any;
        struct ps_content_files f;
    } record;
    if (strcmp(p->kind, ps_parser_content_files.kind) != 0)
        return;
    while (ps_records_row(r, entry, &in, &record.any)) {
        bool listed = ps_record_has(p, &record.any, offsetof(struct ps_content_files, path));
        struct ps_json j = ps_records_begin(r, PS_KIND_FILE);
        ps_records_who(r, &j);
        if (listed)
            add_ecs(r, &j, &record.f);
        ps_records_proc(r, &j);
        ps_records_source(&j, entry->member, entry->name, entry->begin_us);
        ps_json_object(&j, "drift");
        ps_record_fields(&j, p, &record.any);
        ps_json_object_end(&j);
        ps_records_end(r, PS_KIND_FILE, &j);
    }
}
