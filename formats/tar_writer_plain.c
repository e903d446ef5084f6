/* SPDX-License-Identifier: Apache-2.0
 *
 * A header, the bytes, zeros up to the next 512; two blocks of zeros at the end.
 */
#include "formats/tar_writer.h"

#include "formats/tarball.h"

#include <stdlib.h>

enum { BLOCK = 512 };

struct ps_tar_writer {
    ps_tar_sink *sink;
    void *context;
    int64_t mtime;
    size_t padding; /* of the entry under way */
};

static const uint8_t zeros[2 * BLOCK];

struct ps_tar_writer *ps_tar_writer_new(int64_t mtime, ps_tar_sink *sink, void *context)
{
    struct ps_tar_writer *w = malloc(sizeof *w);
    if (w != NULL)
        *w = (struct ps_tar_writer){.sink = sink, .context = context, .mtime = mtime};
    return w;
}

static bool pad(struct ps_tar_writer *w)
{
    return w->padding == 0 || w->sink(w->context, zeros, w->padding);
}

bool ps_tar_writer_begin(struct ps_tar_writer *w, const char *top, const char *name, uint64_t size)
{
    uint8_t header[BLOCK];
    if (!ps_tarball_header(top, name, size, w->mtime, header) || !pad(w))
        return false;
    w->padding = (size_t) (-size % BLOCK);
    return w->sink(w->context, header, sizeof header);
}

bool ps_tar_writer_piece(struct ps_tar_writer *w, struct ps_span bytes)
{
    return w->sink(w->context, bytes.data, bytes.len);
}

bool ps_tar_writer_end(struct ps_tar_writer *w)
{
    return pad(w) && w->sink(w->context, zeros, sizeof zeros);
}

const char *ps_tar_writer_error(const struct ps_tar_writer *w)
{
    (void) w;
    return "it does not fit a ustar header";
}

void ps_tar_writer_free(struct ps_tar_writer *w)
{
    free(w);
}
