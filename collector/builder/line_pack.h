/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the bytes of a capture line go: entries into packs, one after the other, or each into a member of its own; and
 * what is stored in the place of a secret. The raw bytes are in their pack before anybody parses them.
 */
#ifndef PS_LINE_PACK_H
#define PS_LINE_PACK_H

#include "collector/builder/line.h"

enum { PS_PACK_KEEP = 256 << 10 }; /* bytes of a buffer that is empty */

/* One more member that the line names. False: memory is out, and the output has failed. */
PS_MUST_CHECK bool ps_line_add_pack(struct ps_line_builder *l, const char *name);
/* What the pack holds becomes a member; nothing where it is empty. */
void ps_line_close_pack(struct ps_line_builder *l);
/* One entry of the capture of that row, handed to the records as it was stored. `escaped`: what its directory calls it,
 * as a component of a member name; empty for the row's own path. `kind` as ps_pack_add takes it. */
void ps_line_store(struct ps_line_builder *l, uint32_t row, struct ps_span escaped, uint8_t kind, struct ps_span bytes);

#endif
