/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/tally.h"

#include <stdlib.h>
#include <string.h>

#include "formats/printable.h"
#include "formats/quantity.h"

void ps_tally_add(struct ps_tally *t, struct ps_span key)
{
    if (t->count == t->room) {
        size_t room = t->room > 0 ? t->room * 2 : 64;
        struct ps_tally_item *items = realloc(t->items, room * sizeof *items);
        if (items == NULL) {
            t->failed = true;
            return;
        }
        t->items = items;
        t->room = room;
    }
    t->items[t->count++] = (struct ps_tally_item){.key = key, .count = 1};
}

static int by_key(const void *left, const void *right)
{
    const struct ps_tally_item *a = left, *b = right;
    size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = len > 0 ? memcmp(a->key.data, b->key.data, len) : 0;

    if (order != 0)
        return order;
    return a->key.len < b->key.len ? -1 : a->key.len > b->key.len;
}

static int by_count(const void *left, const void *right)
{
    const struct ps_tally_item *a = left, *b = right;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return by_key(left, right);
}

void ps_tally_count(struct ps_tally *t)
{
    size_t kept = 0;

    if (t->count == 0)
        return;
    qsort(t->items, t->count, sizeof *t->items, by_key);
    for (size_t i = 1; i < t->count; i++) {
        if (ps_span_equal(t->items[i].key, t->items[kept].key))
            t->items[kept].count += t->items[i].count;
        else
            t->items[++kept] = t->items[i];
    }
    t->count = kept + 1;
    qsort(t->items, t->count, sizeof *t->items, by_count);
}

enum { KEY_MOST = 48 };

/* A path that is too long loses its beginning, since its end is what tells it from others. */
static void add_key(struct ps_buffer *out, struct ps_span key)
{
    bool path = key.len > 0 && key.data[0] == '/' && ps_printable_columns(key) > KEY_MOST;

    while (path && ps_printable_columns(key) >= KEY_MOST)
        key = ps_span_of(key.data + 1, key.len - 1);
    ps_buffer_add_text(out, path ? "~" : "");
    ps_printable_add_cut(out, key, KEY_MOST);
}

void ps_tally_line(const struct ps_tally *t, size_t columns, const char *absent, const char *none,
                   struct ps_buffer *out)
{
    enum { COUNT_ROOM = 8, OTHERS_ROOM = 12 };
    size_t used = 0, i = 0;

    if (t->count == 0)
        ps_buffer_add_text(out, none);
    for (; i < t->count; i++) {
        struct ps_span key = t->items[i].key.len > 0 ? t->items[i].key : ps_span_text(absent);
        size_t width = ps_printable_columns(key);
        width = (width < KEY_MOST ? width : KEY_MOST) + COUNT_ROOM;
        if (i > 0 && used + width + OTHERS_ROOM > columns)
            break;
        ps_buffer_add_text(out, i > 0 ? ", " : "");
        add_key(out, key);
        ps_buffer_addf(out, " (%llu)", (unsigned long long) t->items[i].count);
        used += width;
    }
    if (i == t->count)
        return;
    ps_buffer_add_text(out, ", ");
    ps_quantity_count(out, t->count - i, "other", "others");
}

void ps_tally_done(struct ps_tally *t)
{
    free(t->items);
    *t = (struct ps_tally){0};
}
