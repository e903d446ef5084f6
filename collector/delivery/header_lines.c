/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/header_lines.h"

#include "formats/signing_key.h"

static bool begin_line(struct ps_header_lines *h)
{
    /* Before anything secret is in it: a buffer that grows leaves a copy behind that nobody wipes. */
    enum { USUAL = 16 << 10 };
    if (h->count == PS_HEADER_LINES_MAX)
        h->text.failed = true;
    if (!ps_buffer_reserve(&h->text, h->text.room == 0 ? USUAL : 1))
        return false;
    h->at[h->count++] = h->text.len;
    return true;
}

void ps_header_lines_add(struct ps_header_lines *h, const char *name, const char *value)
{
    if (!begin_line(h))
        return;
    ps_buffer_add_text(&h->text, name);
    ps_buffer_add_text(&h->text, ": ");
    ps_buffer_add_text(&h->text, value);
    ps_buffer_add_byte(&h->text, '\0');
}

void ps_header_lines_add_line(struct ps_header_lines *h, const char *line)
{
    if (!begin_line(h))
        return;
    ps_buffer_add_text(&h->text, line);
    ps_buffer_add_byte(&h->text, '\0');
}

const char *const *ps_header_lines(struct ps_header_lines *h)
{
    if (h->text.failed)
        return NULL;
    for (size_t i = 0; i < h->count; i++)
        h->lines[i] = (const char *) h->text.data + h->at[i];
    h->lines[h->count] = NULL;
    return h->lines;
}

void ps_header_lines_done(struct ps_header_lines *h)
{
    ps_secret_text_done(&h->text);
    h->count = 0;
}
