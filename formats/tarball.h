/* SPDX-License-Identifier: Apache-2.0
 *
 * The outer file of a bundle, written as a stream: ustar entries, deflated by zlib, handed to a sink
 * (docs/BUNDLE.md section 1).
 */
#ifndef PS_TARBALL_H
#define PS_TARBALL_H

#include "formats/buffer.h"
#include "formats/error.h"

/* Takes all of the bytes or fails. */
typedef bool ps_sink(void *context, const void *data, size_t len, struct ps_error *err);

struct ps_tarball;

/* `top` is the bundle id; `mtime` seconds since the epoch for every entry; level 1..9. NULL with *err set on failure. */
struct ps_tarball *ps_tarball_new(const char *top, int64_t mtime, int level, ps_sink *sink, void *context,
                                  struct ps_error *err);
/* One regular file <top>/<name>. */
PS_MUST_CHECK bool ps_tarball_add(struct ps_tarball *t, const char *name, struct ps_span bytes, struct ps_error *err);
/* The same in pieces whose lengths make up `size` exactly; the next begin, add or finish fails when they do not. */
PS_MUST_CHECK bool ps_tarball_begin(struct ps_tarball *t, const char *name, uint64_t size, struct ps_error *err);
PS_MUST_CHECK bool ps_tarball_piece(struct ps_tarball *t, struct ps_span bytes, struct ps_error *err);
/* Ends tar and gzip. After that only _free. */
PS_MUST_CHECK bool ps_tarball_finish(struct ps_tarball *t, struct ps_error *err);
uint64_t ps_tarball_bytes_in(const struct ps_tarball *t);
void ps_tarball_free(struct ps_tarball *t);

/* The 512 bytes of the ustar header of <top>/<name> with `size` bytes, as the writer makes it. False when the name does
 * not fit. A reader makes it anew and compares. */
PS_MUST_CHECK bool ps_tarball_header(const char *top, const char *name, uint64_t size, int64_t mtime, uint8_t out[512]);

extern const uint8_t ps_gzip_header[10];

#endif
