/* SPDX-License-Identifier: Apache-2.0
 *
 * The executable record: one file that somebody runs, told once. Two processes run the same one when device, inode,
 * modification time and size agree. The record is begun when the first of them is seen, and waits, as text, for the
 * hash of the content; what exceeds the room for that goes out at once, and the hash in a second record of the same id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"
#include "formats/records_state.h"

enum { WAITING_MAX = 8 << 20 };

void ps_executable_id(const struct ps_file_facts *f, char out[128])
{
    snprintf(out, 128, "%u:%u:%llu:%lld:%llu", f->dev_major, f->dev_minor, (unsigned long long) f->ino,
             (long long) f->mtime_ns, (unsigned long long) f->size);
}

void ps_executables_free(struct ps_records *r)
{
    free(r->executables.table);
    free(r->executables.objects);
    ps_buffer_done(&r->executables.text);
}

/* 64 bits of SHA-256: who wants two files to share a record has to find a collision of that, to hide one line whose
 * facts stand in the journal all the same. Never 0, which marks a free place. */
static uint64_t key_of(const char *id)
{
    uint8_t digest[PS_SHA256_LEN];
    uint64_t key = 0;
    ps_sha256_of(ps_span_text(id), digest);
    memcpy(&key, digest, sizeof key);
    return key ? key : 1;
}

/* The place of that key, or the free one where it would be. */
static struct ps_waiting *place_of(struct ps_waiting *table, size_t room, uint64_t key)
{
    size_t at = key & (room - 1);
    while (table[at].key && table[at].key != key)
        at = (at + 1) & (room - 1);
    return &table[at];
}

static bool grow(struct ps_executables *e)
{
    size_t room = e->room ? e->room * 2 : 256;
    struct ps_waiting *table = calloc(room, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < e->room; i++) {
        if (e->table[i].key)
            *place_of(table, room, e->table[i].key) = e->table[i];
    }
    free(e->table);
    e->table = table;
    e->room = room;
    return true;
}

/* NULL when it is known already, or memory is out. */
static struct ps_waiting *remember(struct ps_records *r, uint64_t key)
{
    struct ps_executables *e = &r->executables;
    if (e->count * 2 >= e->room && !grow(e)) {
        r->failed = true;
        return NULL;
    }
    struct ps_waiting *w = place_of(e->table, e->room, key);
    if (w->key)
        return NULL;
    *w = (struct ps_waiting){.key = key};
    e->count++;
    return w;
}

/* All of the record that is known without the content: from "process" to the last field of "proc", in two pieces, since
 * the hash belongs into "file". */
static void write_text(struct ps_records *r, const struct ps_capture *c, const char *id, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);
    if (r->l->exe.len > 0) /* a path longer than a page has no link target */
        ps_json_bytes(&j, "path", ps_buffer_span(&r->l->exe));
    ps_buffer_add_byte(out, '\n');
    ps_records_who(r, &j);
    ps_buffer_add_byte(out, '\n');
    j = ps_json_into(out);
    ps_json_u64(&j, "read_us", c->begin_us);
    ps_json_text(&j, "exe_id", id);
    ps_json_object(&j, "stat");
    ps_file_facts_add(&j, c->facts);
    ps_json_object_end(&j);
}

/* `text` as write_text made it; `content`: the capture with the hash, or NULL. JSON has no plain newline. */
static void out(struct ps_records *r, struct ps_span text, const struct ps_capture *content)
{
    struct ps_cursor in = ps_cursor_over(text);
    struct ps_span path = {0}, who = {0};
    (void) !ps_take_until(&in, '\n', &path);
    (void) !ps_take_until(&in, '\n', &who);
    struct ps_json j = ps_records_begin(r, PS_KIND_EXECUTABLE);
    ps_buffer_add_span(j.out, who);
    ps_json_object(&j, "file");
    ps_buffer_add_span(j.out, path);
    j.comma = path.len > 0;
    if (content)
        ps_file_hash(&j, content);
    ps_json_object_end(&j);
    ps_records_proc(r, &j);
    ps_buffer_add_byte(j.out, ',');
    ps_buffer_add_span(j.out, ps_cursor_rest(&in));
    if (content)
        ps_file_place(r, &j, content);
    ps_records_end(r, PS_KIND_EXECUTABLE, &j);
}

void ps_executable(struct ps_records *r, const struct ps_capture *c, const char *id)
{
    struct ps_buffer *text = &r->executables.text;
    struct ps_waiting *w = remember(r, key_of(id));
    if (!w)
        return;
    w->at = text->len;
    write_text(r, c, id, text);
    w->len = text->len - w->at;
    if (text->len <= WAITING_MAX)
        return;
    out(r, ps_span_of(text->data + w->at, w->len), NULL);
    text->len = w->at;
    w->len = 0;
}

/* A file that was not seen before is told by this capture alone. */
void ps_executable_content(struct ps_records *r, const struct ps_capture *c)
{
    struct ps_executables *e = &r->executables;
    char id[128];
    ps_executable_id(c->facts, id);
    (void) remember(r, key_of(id));
    struct ps_waiting *w = e->room ? place_of(e->table, e->room, key_of(id)) : NULL;
    if (w && w->len > 0) {
        out(r, ps_span_of(e->text.data + w->at, w->len), c);
        w->len = 0;
        return;
    }
    size_t at = e->text.len;
    ps_buffer_clear(&r->l->exe, 8192);
    ps_buffer_add_span(&r->l->exe, c->path);
    write_text(r, c, id, &e->text);
    if (!e->text.failed)
        out(r, ps_span_of(e->text.data + at, e->text.len - at), c);
    e->text.len = at;
}

static int by_place(const void *left, const void *right)
{
    const struct ps_waiting *a = left, *b = right;
    return (a->at > b->at) - (a->at < b->at);
}

/* In the order in which they were seen. */
void ps_executables_out(struct ps_records *r)
{
    struct ps_executables *e = &r->executables;
    if (e->room == 0 || e->text.failed)
        return;
    qsort(e->table, e->room, sizeof *e->table, by_place);
    for (size_t i = 0; i < e->room; i++) {
        if (e->table[i].len > 0)
            out(r, ps_span_of(e->text.data + e->table[i].at, e->table[i].len), NULL);
    }
    ps_buffer_clear(&e->text, 0);
    free(e->table);
    e->table = NULL;
    e->count = e->room = 0;
}
