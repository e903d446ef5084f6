/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/samples.h"

#include <stdio.h>
#include <string.h>

bool ps_sample_read(const char *path, struct ps_buffer *out)
{
    FILE *file = fopen(path, "rb");
    size_t got = 1;

    if (file == NULL)
        return false;
    while (got > 0 && ps_buffer_reserve(out, 65536)) {
        got = fread(out->data + out->len, 1, 65536, file);
        out->len += got;
    }
    bool good = ferror(file) == 0 && !out->failed;
    return fclose(file) == 0 && good;
}

const struct ps_row *ps_sample_row(const char *path)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(path));
    struct ps_span folder, kind;

    if (!ps_take_until(&in, '/', &folder) || !ps_take_until(&in, '/', &kind))
        return NULL;
    return ps_catalog_kind(kind);
}

void ps_sample_expected(const char *path, char *out, size_t size)
{
    snprintf(out, size, "%.*s.jsonl", (int) (strlen(path) - strlen(".raw")), path);
}
