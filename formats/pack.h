/* SPDX-License-Identifier: Apache-2.0
 *
 * A pack: many small captures in one member, sizes first, readable by eye (docs/BUNDLE.md section 3).
 */
#ifndef PS_PACK_H
#define PS_PACK_H

#include "formats/buffer.h"

enum { PS_PACK_FILE = 'f', PS_PACK_LINK = 'l' };
/* A pack that has reached this many bytes is closed and the next one begun: no entry begins behind them. The most that
 * one entry, or a member that is one capture, may hold; what collects today stops far earlier. */
enum { PS_PACK_ROLL = 1 << 20, PS_ENTRY_BYTES_MAX = 64 << 20 };
/* "f", blank, a member name, blank, a length, newline; and the newline behind the bytes. */
enum {
    PS_PACK_HEAD_MAX = 2 + 221 + 1 + 20 + 1,
    PS_PACK_MAX = PS_PACK_ROLL + PS_PACK_HEAD_MAX + PS_ENTRY_BYTES_MAX + 1
};

struct ps_pack_entry {
    uint8_t kind; /* PS_PACK_FILE or PS_PACK_LINK */
    struct ps_span name, bytes;
    size_t at; /* offset of the entry's header */
};

/* Appends one entry. The name holds no blank and no newline (member_name.h escapes). */
void ps_pack_add(struct ps_buffer *pack, uint8_t kind, struct ps_span name, struct ps_span bytes);
/* The header of an entry, its newline included; out->bytes has the length and no data, out->at is not touched. False
 * with *why. */
bool ps_pack_head(struct ps_cursor *in, struct ps_pack_entry *out, const char **why);
/* The next entry of a pack. PS_PACK_BAD names the flaw in *why (static text); nothing after it can be trusted. */
enum ps_pack_step { PS_PACK_END, PS_PACK_ENTRY, PS_PACK_BAD };
enum ps_pack_step ps_pack_next(struct ps_cursor *in, struct ps_pack_entry *out, const char **why);

#endif
