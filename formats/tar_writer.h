/* SPDX-License-Identifier: Apache-2.0
 *
 * The tar stream of a bundle before it is deflated. Two files make it, byte for byte the same (a test compares them):
 * tar_writer_libarchive.c is linked into procsnap; tar_writer_plain.c into procsnap-core, which is pasted into
 * terminals and would give 50 kB to libarchive.
 */
#ifndef PS_TAR_WRITER_H
#define PS_TAR_WRITER_H

#include "parsers/cursor.h"

struct ps_tar_writer;

/* Takes all of the bytes; false ends the writing. */
typedef bool ps_tar_sink(void *context, const void *data, size_t len);

/* `mtime`, seconds since the epoch, is every entry's. NULL when there is no memory. */
struct ps_tar_writer *ps_tar_writer_new(int64_t mtime, ps_tar_sink *sink, void *context);
/* One regular file <top>/<name>; then pieces that make up `size`. */
PS_MUST_CHECK bool ps_tar_writer_begin(struct ps_tar_writer *w, const char *top, const char *name, uint64_t size);
PS_MUST_CHECK bool ps_tar_writer_piece(struct ps_tar_writer *w, struct ps_span bytes);
/* Ends the last file and the stream. */
PS_MUST_CHECK bool ps_tar_writer_end(struct ps_tar_writer *w);
/* Why a call returned false, when it was not the sink. */
const char *ps_tar_writer_error(const struct ps_tar_writer *w);
/* May still call the sink. NULL is fine. */
void ps_tar_writer_free(struct ps_tar_writer *w);

#endif
