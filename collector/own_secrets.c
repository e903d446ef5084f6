/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/own_secrets.h"

#include <string.h>

enum { PAIRS_OF_WINDOW = PS_OWN_SECRET_LEAST - 1 };

static size_t pair(const uint8_t *at)
{
    return ((uint32_t) at[0] << 8 | at[1]) * UINT32_C(2654435769) >> 20 & (PS_OWN_SECRET_PAIRS - 1);
}

static void add_piece(struct ps_own_secrets *s, struct ps_span piece)
{
    s->pieces[s->count++] = piece;
    for (uint8_t i = 0; i < PAIRS_OF_WINDOW; i++) {
        uint8_t *far = &s->pairs[pair(piece.data + i)];
        *far = i + 1 > *far ? (uint8_t) (i + 1) : *far;
    }
}

/* In pieces of about one length, so that none is short. */
bool ps_own_secrets_add(struct ps_own_secrets *s, struct ps_span text)
{
    if (text.len < PS_OWN_SECRET_LEAST)
        return true;
    size_t count = (text.len + PS_OWN_SECRET_PIECE - 1) / PS_OWN_SECRET_PIECE;
    if (count > PS_OWN_SECRET_PIECES - s->count)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t from = text.len * i / count, to = text.len * (i + 1) / count;
        add_piece(s, ps_span_of(text.data + from, to - from));
    }
    return true;
}

bool ps_own_secrets_none(const struct ps_own_secrets *s)
{
    return s == NULL || s->count == 0;
}

/* The longest one that stands at the beginning, or 0. */
static size_t length_here(const struct ps_own_secrets *s, struct ps_span in)
{
    size_t longest = 0;

    for (size_t i = 0; i < s->count; i++) {
        const struct ps_span *piece = &s->pieces[i];
        if (piece->len > longest && piece->len <= in.len && memcmp(piece->data, in.data, piece->len) == 0)
            longest = piece->len;
    }
    return longest;
}

/* The next one from *at on: its length, and *at is where it stands. 0: there is none. */
static size_t find(const struct ps_own_secrets *s, struct ps_span in, size_t *at)
{
    if (ps_own_secrets_none(s))
        return 0;
    while (in.len >= PS_OWN_SECRET_LEAST && *at <= in.len - PS_OWN_SECRET_LEAST) {
        const uint8_t *here = in.data + *at;
        size_t skip = PAIRS_OF_WINDOW - (size_t) s->pairs[pair(here + PAIRS_OF_WINDOW - 1)];
        size_t found = skip == 0 ? length_here(s, ps_span_of(here, in.len - *at)) : 0;
        if (found > 0)
            return found;
        *at += skip > 0 ? skip : 1;
    }
    return 0;
}

size_t ps_own_secrets_mask(const struct ps_own_secrets *s, uint8_t *data, size_t len)
{
    size_t masked = 0, at = 0;

    for (size_t found; (found = find(s, ps_span_of(data, len), &at)) > 0; at += found) {
        memset(data + at, '*', found);
        masked += found;
    }
    return masked;
}

bool ps_own_secrets_in(const struct ps_own_secrets *s, struct ps_span bytes)
{
    size_t at = 0;

    return find(s, bytes, &at) > 0;
}
