/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/own_secrets.h"

#include <string.h>

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
        s->pieces[s->count++] = ps_span_of(text.data + from, to - from);
    }
    return true;
}

size_t ps_own_secrets_mask(const struct ps_own_secrets *s, uint8_t *data, size_t len)
{
    size_t masked = 0;

    for (size_t i = 0; s != NULL && i < s->count; i++) {
        const struct ps_span *piece = &s->pieces[i];
        uint8_t *at = data, *stop = data + len;
        while (at < stop && (at = memmem(at, (size_t) (stop - at), piece->data, piece->len)) != NULL) {
            memset(at, '*', piece->len);
            at += piece->len;
            masked += piece->len;
        }
    }
    return masked;
}

bool ps_own_secrets_in(const struct ps_own_secrets *s, struct ps_span bytes)
{
    for (size_t i = 0; s != NULL && i < s->count; i++)
        if (bytes.len > 0 && memmem(bytes.data, bytes.len, s->pieces[i].data, s->pieces[i].len) != NULL)
            return true;
    return false;
}
