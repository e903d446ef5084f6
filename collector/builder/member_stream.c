/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/member_stream.h"

#include <string.h>

#include "collector/builder/private_key.h"

/* The most that the beginning of something forbidden can be long. */
enum { WAITING = PS_OWN_SECRET_PIECE - 1 };

_Static_assert((int) PS_PRIVATE_KEY_MARK <= (int) PS_OWN_SECRET_PIECE, "the mark of a key fits into what waits");

bool ps_member_stream_begin(struct ps_member_stream *m, struct ps_output *out, const char *name, uint64_t size,
                            bool keys)
{
    if (!out->failed)
        out->failed = !ps_bundle_begin(out->bundle, name, size, &out->error);
    m->open = !out->failed;
    m->keys = keys;
    m->key = false;
    m->size = size;
    m->taken = m->written = m->masked = 0;
    ps_buffer_clear(&m->bytes, SIZE_MAX);
    return m->open;
}

static void write_piece(struct ps_member_stream *m, struct ps_output *out, struct ps_span bytes)
{
    if (!out->failed)
        out->failed = !ps_bundle_piece(out->bundle, bytes, &out->error);
    m->written += bytes.len;
}

static void mask(struct ps_member_stream *m)
{
    struct ps_span all = ps_buffer_span(&m->bytes);

    m->masked += ps_own_secrets_mask(m->secrets, m->bytes.data, m->bytes.len);
    if (m->written == 0 && ps_private_key_is_program(all))
        m->keys = false;
    size_t from = m->key ? 0 : m->keys ? ps_private_key_at(all) : all.len;
    m->key = m->key || from < all.len;
    memset(m->bytes.data + from, '*', all.len - from);
}

/* All, or all but what could be the beginning of something. */
static void pass(struct ps_member_stream *m, struct ps_output *out, bool all)
{
    if (m->bytes.len == 0)
        return;
    mask(m);
    bool looks = !m->key && (m->keys || !ps_own_secrets_none(m->secrets));
    size_t waiting = looks && !all ? WAITING : 0;
    size_t passes = m->bytes.len > waiting ? m->bytes.len - waiting : 0;
    write_piece(m, out, ps_span_of(m->bytes.data, passes));
    ps_buffer_drop(&m->bytes, passes);
}

bool ps_member_stream_add(struct ps_member_stream *m, struct ps_output *out, struct ps_span bytes)
{
    if (!m->open || bytes.len > m->size - m->taken)
        return false;
    m->taken += bytes.len;
    /* Copied once: a corrupted reader could change it between hashing and writing. */
    ps_buffer_add_span(&m->bytes, bytes);
    if (m->bytes.failed)
        ps_output_out_of_memory(out);
    else
        pass(m, out, false);
    return true;
}

bool ps_member_stream_end(struct ps_member_stream *m, struct ps_output *out, uint8_t *sha256)
{
    static uint8_t zeros[64 << 10]; /* nobody writes it; as a constant it would lie in the executable */

    pass(m, out, true);
    while (m->written < m->size && !out->failed) {
        uint64_t left = m->size - m->written;
        write_piece(m, out, ps_span_of(zeros, left < sizeof zeros ? (size_t) left : sizeof zeros));
    }
    m->open = false;
    if (!out->failed)
        out->failed = !ps_bundle_end(out->bundle, sha256, &out->error);
    return m->taken == m->size;
}
