/* SPDX-License-Identifier: Apache-2.0
 *
 * One gzip member with the ten header bytes of ps_gzip_header and nothing behind its trailer (RFC 1952), read in
 * blocks.
 */
#ifndef PS_GZIP_READ_H
#define PS_GZIP_READ_H

#include <zlib.h>

#include "formats/outer_input.h"

enum { PS_GZIP_PIECE = 64 << 10 };

/* Private to tarball_read.c and gzip_read.c. */
struct ps_gzip_reader {
    struct ps_outer_input outer;
    z_stream inflate;
    uLong crc;
    uint64_t bytes_out;
    size_t at, len; /* what is left of `out`: [at, len) */
    bool inflating, begun, ended, input_ended, flawed;
    struct ps_flaw flaw;
    uint8_t in[PS_GZIP_PIECE], out[PS_GZIP_PIECE];
};

PS_MUST_CHECK bool ps_gzip_reader_init(struct ps_gzip_reader *g, ps_input *input, void *context, struct ps_error *err);
/* Fills the empty `out` again. NEXT: there is something in [at, len), all of it or, at the end, less. END: the file has
 * ended as it must. */
enum ps_source_step ps_gzip_reader_fill(struct ps_gzip_reader *g, struct ps_flaw *flaw, struct ps_error *err);
void ps_gzip_reader_done(struct ps_gzip_reader *g);

#endif
