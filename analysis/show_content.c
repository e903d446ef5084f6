/* SPDX-License-Identifier: Apache-2.0
 *
 * The content of files: what was hashed, which member of the bundle holds it, and what changed since the container was
 * started.
 */
#include "analysis/show_content.h"

#include "formats/printable.h"
#include "formats/quantity.h"

const struct ps_content_row *ps_content_of_executable(const struct ps_snapshot *s, struct ps_span exe_id)
{
    for (size_t i = 0; exe_id.len > 0 && i < s->content_count; i++) {
        if (ps_span_equal(s->contents[i].exe_id, exe_id))
            return &s->contents[i];
    }
    return NULL;
}

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

static void add_row(const struct ps_content_row *c, size_t columns, struct ps_buffer *out)
{
    ps_buffer_add_text(out, "  ");
    ps_printable_add_broken(out, c->path.len > 0 ? c->path : ps_span_text("(no name)"), 4, columns);
    ps_buffer_addf(out, "\n      pid %u", c->pid);
    if (c->drift) {
        ps_buffer_add_text(out, ", ");
        ps_printable_add(out, c->type);
    }
    ps_buffer_add_text(out, ", ");
    ps_quantity_bytes(out, c->size);
    ps_buffer_add_byte(out, '\n');
    ps_show_add_content(c, 6, out);
}

static void add_section(const struct ps_snapshot *s, bool drift, const char *title, size_t columns,
                        struct ps_buffer *out)
{
    size_t count = 0;

    for (size_t i = 0; i < s->content_count; i++)
        count += s->contents[i].drift == drift && (drift || s->contents[i].object.len > 0);
    if (count == 0)
        return;
    ps_buffer_addf(out, "%s: %zu\n", title, count);
    for (size_t i = 0; i < s->content_count; i++)
        if (s->contents[i].drift == drift && (drift || s->contents[i].object.len > 0))
            add_row(&s->contents[i], columns, out);
    ps_buffer_add_byte(out, '\n');
}

void ps_show_contents(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    add_section(s, false, "Content kept in this bundle", columns, out);
    add_section(s, true, "Changed since the container was started", columns, out);
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
