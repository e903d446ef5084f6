/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pack.h"

void ps_pack_add(struct ps_buffer *pack, uint8_t kind, struct ps_span name, struct ps_span bytes)
{
    if (!ps_buffer_reserve(pack, name.len + bytes.len + 32))
        return;
    ps_buffer_add_byte(pack, kind);
    ps_buffer_add_byte(pack, ' ');
    ps_buffer_add_span(pack, name);
    ps_buffer_add_byte(pack, ' ');
    ps_buffer_add_u64(pack, bytes.len);
    ps_buffer_add_byte(pack, '\n');
    ps_buffer_add_span(pack, bytes);
    ps_buffer_add_byte(pack, '\n');
}

bool ps_pack_head(struct ps_cursor *in, struct ps_pack_entry *out, const char **why)
{
    uint64_t length = 0;
    uint8_t first = 0;
    *why = "an entry does not begin with f or l, a blank, a name and a length";
    if (!ps_take_any(in, &out->kind) || (out->kind != PS_PACK_FILE && out->kind != PS_PACK_LINK))
        return false;
    if (!ps_take_byte(in, ' ') || !ps_take_word(in, &out->name) || !ps_take_byte(in, ' '))
        return false;
    bool padded = ps_peek_byte(in, &first) && first == '0';
    size_t digits = in->at;
    if (!ps_take_u64(in, &length) || (padded && in->at - digits > 1) || !ps_take_byte(in, '\n'))
        return false;
    *why = "an entry is longer than 64 MiB";
    out->bytes = ps_span_of(NULL, (size_t) length);
    return length <= PS_ENTRY_BYTES_MAX;
}

enum ps_pack_step ps_pack_next(struct ps_cursor *in, struct ps_pack_entry *out, const char **why)
{
    if (ps_cursor_done(in))
        return PS_PACK_END;
    struct ps_pack_entry entry = {.at = in->at};
    if (!ps_pack_head(in, &entry, why))
        return PS_PACK_BAD;
    size_t length = entry.bytes.len;
    *why = "an entry is longer than its pack";
    if (length > ps_cursor_left(in) || !ps_take_bytes(in, length, &entry.bytes) || !ps_take_byte(in, '\n'))
        return PS_PACK_BAD;
    *out = entry;
    return PS_PACK_ENTRY;
}
