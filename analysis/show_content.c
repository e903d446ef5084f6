/* SPDX-License-Identifier: Apache-2.0
 *
 * The content of files: what was hashed, which member of the bundle holds it, and what changed since the container was
 * started.
 */
#include "analysis/show_content.h"

#include <stdlib.h>

#include "analysis/show_text.h"
#include "formats/printable.h"
#include "formats/quantity.h"
#include "formats/timestamp.h"

void ps_show_add_content(const struct ps_content_row *c, size_t indent, struct ps_buffer *out)
{
    if (c->sha256.len > 0) {
        ps_buffer_addf(out, "%*ssha256 ", (int) indent, "");
        ps_printable_add(out, c->sha256);
        ps_buffer_add_byte(out, '\n');
    }
    if (c->object.len == 0 && c->withheld.len == 0)
        return;
    ps_buffer_addf(out, "%*s", (int) indent, "");
    if (c->object.len > 0)
        ps_buffer_add_text(out, "its content is in the bundle: data/objects/, by this hash");
    else if (ps_span_is(c->withheld, "earlier bundle"))
        ps_buffer_add_text(out, "its content, by this hash, is in an ");
    else
        ps_buffer_add_text(out, "its content is not in the bundle: ");
    ps_printable_add(out, c->withheld);
    ps_buffer_add_byte(out, '\n');
}

/* Content that the bundle holds. */
static void add_kept(const struct ps_content_row *c, size_t columns, struct ps_buffer *out)
{
    ps_buffer_add_text(out, "  ");
    ps_printable_add_broken(out, c->path.len > 0 ? c->path : ps_span_text("(no name)"), 4, columns);
    ps_buffer_addf(out, "\n      pid %u, ", c->pid);
    ps_quantity_bytes(out, c->size);
    ps_buffer_add_byte(out, '\n');
    ps_show_add_content(c, 6, out);
}

static void add_all_kept(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    size_t count = 0;

    for (size_t i = 0; i < s->content_count; i++)
        count += !s->contents[i].drift && s->contents[i].object.len > 0;
    if (count == 0)
        return;
    ps_buffer_addf(out, "Content kept in this bundle: %zu\n", count);
    for (size_t i = 0; i < s->content_count; i++)
        if (!s->contents[i].drift && s->contents[i].object.len > 0)
            add_kept(&s->contents[i], columns, out);
    ps_buffer_add_byte(out, '\n');
}

/* By the process whose root it is, the newest first. */
static int by_change(const void *left, const void *right)
{
    const struct ps_content_row *a = *(const struct ps_content_row *const *) left;
    const struct ps_content_row *b = *(const struct ps_content_row *const *) right;

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    if (a->ctime_ns != b->ctime_ns)
        return a->ctime_ns > b->ctime_ns ? -1 : 1;
    return a < b ? -1 : a > b; /* as they stand in the bundle */
}

enum { SECONDS = 19, TIME_WIDTH = SECONDS + 1, MODE_WIDTH = 4, TYPE_WIDTH = 7, SIZE_WIDTH = 8 };
enum { PATH_AT = 2 + TIME_WIDTH + 1 + MODE_WIDTH + 1 + TYPE_WIDTH + 1 + SIZE_WIDTH + 2 };

static void add_change(const struct ps_content_row *c, size_t columns, struct ps_buffer *out)
{
    char when[PS_TIMESTAMP_SIZE];
    struct ps_buffer size = {0};

    ps_timestamp((int64_t) (c->ctime_ns / 1000), when);
    ps_buffer_addf(out, "  %.*sZ ", SECONDS, when);
    ps_printable_add_cell(out, c->mode, MODE_WIDTH);
    ps_buffer_add_byte(out, ' ');
    ps_printable_add_cell(out, c->type, TYPE_WIDTH);
    ps_quantity_bytes(&size, c->size);
    ps_buffer_addf(out, " %*.*s  ", SIZE_WIDTH, (int) size.len, (const char *) size.data);
    ps_printable_add_broken(out, c->path.len > 0 ? c->path : ps_span_text("(no name)"), PATH_AT + 2, columns);
    ps_buffer_add_byte(out, '\n');
    out->failed = out->failed || size.failed;
    ps_buffer_done(&size);
}

static void add_changes(const struct ps_snapshot *s, const struct ps_content_row *const *rows, size_t count,
                        size_t columns, struct ps_buffer *out)
{
    const struct ps_process_row *p = ps_snapshot_process(s, rows[0]->pid, ps_span_of("", 0));

    ps_buffer_add_text(out, "Changed in the root directory of ");
    ps_show_add_process(s, rows[0]->pid, ps_span_of("", 0), out);
    ps_buffer_addf(out, " since it was started: %zu\n", count);
    if (p != NULL && p->container.len > 0) {
        ps_buffer_add_text(out, "  container ");
        ps_printable_add(out, p->container);
        ps_buffer_add_byte(out, '\n');
    }
    ps_buffer_addf(out, "  %-*s %-*s %-*s %*s  PATH\n", TIME_WIDTH, "CTIME (UTC)", MODE_WIDTH, "MODE", TYPE_WIDTH, "TYPE",
                   SIZE_WIDTH, "SIZE");
    for (size_t i = 0; i < count; i++)
        add_change(rows[i], columns, out);
    ps_buffer_add_byte(out, '\n');
}

void ps_show_contents(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    const struct ps_content_row **rows = malloc((s->content_count + 1) * sizeof *rows);
    size_t count = 0;

    add_all_kept(s, columns, out);
    for (size_t i = 0; rows != NULL && i < s->content_count; i++)
        if (s->contents[i].drift)
            rows[count++] = &s->contents[i];
    if (count > 1)
        qsort(rows, count, sizeof *rows, by_change);
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && rows[end]->pid == rows[at]->pid;)
            end++;
        add_changes(s, rows + at, end - at, columns, out);
    }
    out->failed = out->failed || rows == NULL;
    free(rows);
}

void ps_show_contents_json(const struct ps_snapshot *s, struct ps_buffer *out)
{
    for (size_t i = 0; i < s->content_count; i++) {
        const struct ps_content_row *c = &s->contents[i];
        struct ps_json j = ps_json_into(out);
        ps_json_object(&j, NULL);
        ps_json_bytes(&j, "path", c->path);
        ps_json_text(&j, "is", c->drift ? "changed" : "content");
        ps_json_u64(&j, "pid", c->pid);
        ps_json_u64(&j, "size", c->size);
        if (c->drift) {
            ps_json_bytes(&j, "type", c->type);
            ps_json_bytes(&j, "mode", c->mode);
            ps_json_u64(&j, "ctime_ns", c->ctime_ns);
        }
        if (c->sha256.len > 0)
            ps_json_bytes(&j, "sha256", c->sha256);
        if (c->object.len > 0)
            ps_json_bytes(&j, "object", c->object);
        if (c->withheld.len > 0)
            ps_json_bytes(&j, "withheld", c->withheld);
        ps_json_object_end(&j);
        ps_buffer_add_byte(out, '\n');
    }
}
