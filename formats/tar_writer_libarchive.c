/* SPDX-License-Identifier: Apache-2.0
 *
 * libarchive hands every byte of the tar stream to to_sink() as it is: with a block size of 0 it neither copies nor
 * gathers, so a payload goes from the caller's buffer straight into deflate's window.
 */
#include "formats/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_ROOM = 155 + 1 + 100 + 1 }; /* prefix, slash, name, NUL: more does not fit ustar */

struct ps_tar_writer {
    struct archive *tar;
    struct archive_entry *entry;
    ps_tar_sink *sink;
    void *context;
};

/* libarchive's write callback. */
static la_ssize_t to_sink(struct archive *tar, void *context, const void *data, size_t len)
{
    struct ps_tar_writer *w = context;
    (void) tar;
    return w->sink(w->context, data, len) ? (la_ssize_t) len : -1;
}

static bool start(struct ps_tar_writer *w, int64_t mtime)
{
    w->tar = archive_write_new();
    w->entry = archive_entry_new();
    if (w->tar == NULL || w->entry == NULL)
        return false;
    archive_entry_set_filetype(w->entry, AE_IFREG);
    archive_entry_set_perm(w->entry, 0600);
    archive_entry_set_uid(w->entry, 0);
    archive_entry_set_gid(w->entry, 0);
    archive_entry_set_mtime(w->entry, mtime, 0);
    return archive_write_set_format_ustar(w->tar) == ARCHIVE_OK &&
           archive_write_set_bytes_per_block(w->tar, 0) == ARCHIVE_OK &&
           archive_write_set_bytes_in_last_block(w->tar, 1) == ARCHIVE_OK &&
           archive_write_open(w->tar, w, NULL, to_sink, NULL) == ARCHIVE_OK;
}

struct ps_tar_writer *ps_tar_writer_new(int64_t mtime, ps_tar_sink *sink, void *context)
{
    struct ps_tar_writer *w = malloc(sizeof *w);
    if (w == NULL)
        return NULL;
    *w = (struct ps_tar_writer){.sink = sink, .context = context};
    if (start(w, mtime))
        return w;
    ps_tar_writer_free(w);
    return NULL;
}

bool ps_tar_writer_begin(struct ps_tar_writer *w, const char *top, const char *name, uint64_t size)
{
    char path[2 * PATH_ROOM];
    int len = snprintf(path, sizeof path, "%s/%s", top, name);
    if (len < 0 || (size_t) len >= sizeof path)
        return false;
    archive_entry_set_pathname(w->entry, path);
    archive_entry_set_size(w->entry, (la_int64_t) size);
    return archive_write_header(w->tar, w->entry) == ARCHIVE_OK;
}

bool ps_tar_writer_piece(struct ps_tar_writer *w, struct ps_span bytes)
{
    return archive_write_data(w->tar, bytes.data, bytes.len) == (la_ssize_t) bytes.len;
}

bool ps_tar_writer_end(struct ps_tar_writer *w)
{
    return archive_write_close(w->tar) == ARCHIVE_OK;
}

const char *ps_tar_writer_error(const struct ps_tar_writer *w)
{
    const char *why = archive_error_string(w->tar);
    return why != NULL ? why : "libarchive gave no reason";
}

void ps_tar_writer_free(struct ps_tar_writer *w)
{
    if (w == NULL)
        return;
    if (w->tar != NULL)
        archive_write_free(w->tar);
    archive_entry_free(w->entry);
    free(w);
}
