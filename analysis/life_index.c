/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/life_index.h"

#include <stdlib.h>
#include <string.h>

#include "formats/lower_bound.h"

static int compare(const struct ps_life_entry *e, uint64_t number, struct ps_span text)
{
    if (e->number != number)
        return e->number < number ? -1 : 1;
    if (e->text.len != text.len)
        return e->text.len < text.len ? -1 : 1;
    return text.len > 0 ? memcmp(e->text.data, text.data, text.len) : 0;
}

static int by_life(const void *left, const void *right)
{
    const struct ps_life_entry *a = left, *b = right;
    int order = compare(a, b->number, b->text);

    return order != 0 ? order : a->row < b->row ? -1 : a->row > b->row;
}

bool ps_life_index_make(struct ps_life_index *index, size_t room)
{
    *index = (struct ps_life_index){.entries = malloc((room + 1) * sizeof *index->entries)};
    return index->entries != NULL;
}

void ps_life_index_add(struct ps_life_index *index, uint64_t number, struct ps_span text, size_t row)
{
    index->entries[index->count++] = (struct ps_life_entry){number, text, row};
}

void ps_life_index_sort(struct ps_life_index *index)
{
    if (index->count > 1)
        qsort(index->entries, index->count, sizeof *index->entries, by_life);
}

const struct ps_life_entry *ps_life_index_find(const struct ps_life_index *index, uint64_t number, struct ps_span text,
                                               size_t *count)
{
    struct ps_life_entry first = {number, text, 0};
    size_t low = ps_lower_bound(&first, index->entries, index->count, sizeof first, by_life);

    for (*count = 0; low + *count < index->count && compare(&index->entries[low + *count], number, text) == 0;)
        ++*count;
    return *count > 0 ? &index->entries[low] : NULL;
}

void ps_life_index_done(struct ps_life_index *index)
{
    free(index->entries);
    *index = (struct ps_life_index){0};
}
