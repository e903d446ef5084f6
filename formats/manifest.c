/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/manifest.h"

#include "formats/member_name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Entries stand back to back in large blocks and never move. */
struct ps_manifest_entry {
    uint8_t sha256[PS_SHA256_LEN];
    uint8_t len;
    uint8_t path[];
};
_Static_assert(PS_MEMBER_NAME_MAX <= UINT8_MAX, "length of a path in one byte");

enum { BLOCK_ROOM = 256 * 1024 - 64, FIRST_INDEX = 64, SLOT = sizeof(const void *) };

struct ps_manifest_block {
    struct ps_manifest_block *next;
    size_t used;
    uint8_t bytes[BLOCK_ROOM];
};

static struct ps_span path_of(const struct ps_manifest_entry *e)
{
    return ps_span_of(e->path, e->len);
}

int ps_manifest_compare(struct ps_span a, struct ps_span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int sign = common > 0 ? memcmp(a.data, b.data, common) : 0;
    if (sign != 0)
        return sign;
    return (a.len > b.len) - (a.len < b.len);
}

static const struct ps_manifest_entry *entry_at(const void *slot)
{
    return *(const struct ps_manifest_entry *const *) slot;
}

static int by_path(const void *a, const void *b)
{
    return ps_manifest_compare(path_of(entry_at(a)), path_of(entry_at(b)));
}

static int by_alias(const void *a, const void *b)
{
    return ps_member_alias_order(path_of(entry_at(a)), path_of(entry_at(b)));
}

void ps_manifest_done(struct ps_manifest *m)
{
    while (m->blocks != NULL) {
        struct ps_manifest_block *block = m->blocks;
        m->blocks = block->next;
        free(block);
    }
    free(m->index);
    *m = (struct ps_manifest){0};
}

static bool grow_index(struct ps_manifest *m)
{
    if (m->count < m->room)
        return true;
    size_t room = m->room == 0 ? FIRST_INDEX : 2 * m->room;
    void *index = realloc(m->index, room * SLOT);
    if (index == NULL)
        return false;
    m->index = index;
    m->room = room;
    return true;
}

/* `len` bytes that stay where they are. */
static uint8_t *take_room(struct ps_manifest *m, size_t len)
{
    struct ps_manifest_block *block = m->blocks;
    if (block == NULL || BLOCK_ROOM - block->used < len) {
        block = malloc(sizeof *block);
        if (block == NULL)
            return NULL;
        block->next = m->blocks;
        block->used = 0;
        m->blocks = block;
    }
    uint8_t *room = block->bytes + block->used;
    block->used += len;
    return room;
}

/* The name has been checked. */
static bool append(struct ps_manifest *m, struct ps_span path, const uint8_t *sha256, struct ps_error *err)
{
    if (m->count >= PS_MANIFEST_MAX)
        return ps_fail(err, 0, "more than %d members", PS_MANIFEST_MAX);

    struct ps_manifest_entry *entry = NULL;
    if (grow_index(m))
        entry = (struct ps_manifest_entry *) take_room(m, sizeof *entry + path.len);
    if (entry == NULL)
        return ps_fail(err, ENOMEM, "no memory for the manifest at member %zu", m->count);
    memcpy(entry->sha256, sha256, sizeof entry->sha256);
    entry->len = (uint8_t) path.len;
    memcpy(entry->path, path.data, path.len);
    m->index[m->count++] = entry;
    m->text_len += 2 * PS_SHA256_LEN + 2 + path.len + 1;
    return true;
}

bool ps_manifest_add(struct ps_manifest *m, struct ps_span path, const uint8_t sha256[PS_SHA256_LEN],
                     struct ps_error *err)
{
    const char *why = ps_member_check(path);
    if (why != NULL)
        return ps_fail(err, 0, "a member cannot have such a name: %s", why);
    return append(m, path, sha256, err);
}

void ps_manifest_sort(struct ps_manifest *m)
{
    if (m->count > 1)
        qsort(m->index, m->count, SLOT, by_path);
}

struct ps_span ps_manifest_path(const struct ps_manifest *m, size_t i)
{
    return path_of(m->index[i]);
}

const uint8_t *ps_manifest_sha256(const struct ps_manifest *m, size_t i)
{
    return m->index[i]->sha256;
}

const uint8_t *ps_manifest_find(const struct ps_manifest *m, struct ps_span path)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int sign = ps_manifest_compare(path, path_of(m->index[middle]));
        if (sign == 0)
            return m->index[middle]->sha256;
        if (sign < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool in_alias_order(const struct ps_manifest *m)
{
    for (size_t i = 1; i < m->count; i++)
        if (by_alias(&m->index[i - 1], &m->index[i]) > 0)
            return false;
    return true;
}

static bool neighbours_clash(const struct ps_manifest *m, struct ps_span *one, struct ps_span *other)
{
    for (size_t i = 1; i < m->count; i++) {
        struct ps_span before = ps_manifest_path(m, i - 1), path = ps_manifest_path(m, i);
        if (!ps_member_clash(before, path))
            continue;
        *one = before;
        *other = path;
        return true;
    }
    return false;
}

bool ps_manifest_clash(struct ps_manifest *m, struct ps_span *one, struct ps_span *other)
{
    /* Of our own names hardly any stand in another place by alias than by bytes. */
    if (in_alias_order(m))
        return neighbours_clash(m, one, other);

    qsort(m->index, m->count, SLOT, by_alias);
    bool found = neighbours_clash(m, one, other);
    ps_manifest_sort(m);
    return found;
}

void ps_manifest_add_line(const struct ps_manifest *m, size_t i, struct ps_buffer *out)
{
    ps_hex_add(out, ps_span_of(ps_manifest_sha256(m, i), PS_SHA256_LEN));
    ps_buffer_add_text(out, "  ");
    ps_buffer_add_span(out, ps_manifest_path(m, i));
    ps_buffer_add_byte(out, '\n');
}

void ps_manifest_add_text(const struct ps_manifest *m, struct ps_buffer *out)
{
    if (!ps_buffer_reserve(out, (size_t) m->text_len))
        return;
    for (size_t i = 0; i < m->count; i++)
        ps_manifest_add_line(m, i, out);
}

const char *ps_manifest_line(struct ps_span line, uint8_t sha256[PS_SHA256_LEN], struct ps_span *path)
{
    struct ps_cursor c = ps_cursor_over(line);
    struct ps_span hex;
    if (!ps_take_bytes(&c, (size_t) 2 * PS_SHA256_LEN, &hex) || !ps_hex_decode(hex, sha256, PS_SHA256_LEN))
        return "no hash of 64 lower-case digits at the start";
    if (!ps_take_text(&c, "  "))
        return "no two blanks after the hash";
    *path = ps_cursor_rest(&c);
    return ps_member_check(*path);
}

/* NULL, or what is wrong with the next line. */
static const char *take_entry(struct ps_cursor *c, uint8_t sha256[PS_SHA256_LEN], struct ps_span *path)
{
    struct ps_span line;
    bool ended = ps_take_until(c, '\n', &line);
    const char *why = ps_manifest_line(ended ? line : ps_cursor_rest(c), sha256, path);
    return why == NULL && !ended ? "no newline at the end" : why;
}

static const char *check_order(const struct ps_manifest *m, struct ps_span path)
{
    if (m->count == 0)
        return NULL;
    int sign = ps_manifest_compare(ps_manifest_path(m, m->count - 1), path);
    if (sign == 0)
        return "path listed twice";
    return sign < 0 ? NULL : "paths not in order";
}

bool ps_manifest_read(struct ps_manifest *m, struct ps_span text, struct ps_manifest_flaw *flaw,
                      struct ps_error *err)
{
    struct ps_cursor c = ps_cursor_over(text);
    *flaw = (struct ps_manifest_flaw){0};
    while (!ps_cursor_done(&c)) {
        uint8_t sha256[PS_SHA256_LEN];
        struct ps_span path;
        flaw->line++;
        flaw->why = m->count < PS_MANIFEST_MAX ? take_entry(&c, sha256, &path) : "too many members";
        if (flaw->why == NULL)
            flaw->why = check_order(m, path);
        if (flaw->why != NULL)
            return true;
        if (!append(m, path, sha256, err))
            return false;
    }
    return true;
}
