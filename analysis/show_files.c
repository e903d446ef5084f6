/* SPDX-License-Identifier: Apache-2.0
 *
 * Open files by path, with the processes that hold them: descriptors, and the programs that run. What has no name any
 * more comes first: deleted files, and memory that looks like a file.
 */
#include "analysis/show.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/show_content.h"
#include "analysis/show_text.h"
#include "formats/printable.h"
#include "formats/quantity.h"

enum section { MEMORY, DELETED, NAMED, DEVICES, SECTIONS };

/* One process holds one path, by a descriptor or as its program. */
struct hold {
    enum section section;
    struct ps_span path, entity_id;
    uint32_t pid;
    bool program, flags_known;
    uint64_t fd, flags;
};

static enum section section_of(struct ps_span class_name)
{
    if (ps_span_is(class_name, "memfd"))
        return MEMORY;
    if (ps_span_is(class_name, "deleted"))
        return DELETED;
    return ps_span_is(class_name, "device") ? DEVICES : NAMED;
}

static int by_path(const void *left, const void *right)
{
    const struct hold *a = left, *b = right;
    int order = (int) a->section - (int) b->section;

    if (order == 0)
        order = ps_show_order(a->path, b->path);
    if (order == 0 && a->pid != b->pid)
        order = a->pid < b->pid ? -1 : 1;
    if (order == 0)
        order = ps_show_order(a->entity_id, b->entity_id);
    if (order == 0)
        order = (int) b->program - (int) a->program;
    return order != 0 ? order : a->fd < b->fd ? -1 : a->fd > b->fd;
}

/* NULL when memory is out; free() it. */
static struct hold *collect(const struct ps_snapshot *s, size_t *count)
{
    struct hold *holds = malloc((s->file_count + s->process_count + 1) * sizeof *holds);

    *count = 0;
    for (size_t i = 0; holds != NULL && i < s->file_count; i++) {
        const struct ps_file_row *f = &s->files[i];
        holds[(*count)++] = (struct hold){
            .section = section_of(f->class_name),
            .path = f->path,
            .entity_id = f->entity_id,
            .pid = f->pid,
            .fd = f->fd,
            .flags = f->flags,
            .flags_known = f->flags_known,
        };
    }
    for (size_t i = 0; holds != NULL && i < s->process_count; i++) {
        const struct ps_process_row *p = &s->processes[i];
        if (p->executable.len == 0)
            continue;
        bool memory = p->exe_deleted && ps_span_starts(p->executable, "/memfd:");
        holds[(*count)++] = (struct hold){
            .section = memory           ? MEMORY
                       : p->exe_deleted ? DELETED
                                        : NAMED,
            .path = p->executable,
            .entity_id = p->entity_id,
            .pid = p->pid,
            .program = true,
        };
    }
    if (holds != NULL && *count > 1)
        qsort(holds, *count, sizeof *holds, by_path);
    return holds;
}

static bool same_path(const struct hold *a, const struct hold *b)
{
    return a->section == b->section && ps_span_equal(a->path, b->path);
}

static bool same_life(const struct hold *a, const struct hold *b)
{
    return a->pid == b->pid && ps_span_equal(a->entity_id, b->entity_id);
}

/* "101 nginx (program, 3 rw)": the holds of one life. */
static void add_life(const struct ps_snapshot *s, const struct hold *holds, size_t count, struct ps_buffer *out)
{
    enum { MOST = 8 };

    ps_show_add_process(s, holds[0].pid, holds[0].entity_id, out);
    ps_buffer_add_text(out, " (");
    for (size_t i = 0; i < count && i < MOST; i++) {
        ps_buffer_add_text(out, i > 0 ? ", " : "");
        if (holds[i].program)
            ps_buffer_add_text(out, "program");
        else
            ps_buffer_addf(out, "%llu %s", (unsigned long long) holds[i].fd,
                           ps_show_access(holds[i].flags_known, holds[i].flags));
    }
    if (count > MOST) {
        ps_buffer_add_text(out, ", ");
        ps_quantity_count(out, count - MOST, "other", "others");
    }
    ps_buffer_add_byte(out, ')');
}

static size_t life_end(const struct hold *holds, size_t at, size_t count)
{
    size_t end = at + 1;

    while (end < count && same_life(&holds[at], &holds[end]))
        end++;
    return end;
}

/* The path, and below it as many processes as fit into two lines. */
static void add_path(const struct ps_snapshot *s, const struct hold *holds, size_t count, size_t columns,
                     struct ps_buffer *out)
{
    enum { PATH_INDENT = 2, INDENT = 6, OTHERS_ROOM = 24, LINES = 2 };
    struct ps_buffer text = {0};
    size_t used = INDENT, lines = 1, left = 0;

    ps_buffer_addf(out, "%*s", PATH_INDENT, "");
    ps_printable_add_broken(out, holds[0].path, PATH_INDENT + 2, columns);
    ps_buffer_addf(out, "\n%*s", INDENT, "");
    for (size_t at = 0, end; at < count; at = end) {
        end = life_end(holds, at, count);
        ps_buffer_clear(&text, SIZE_MAX);
        add_life(s, holds + at, end - at, &text);
        size_t room = columns - (lines == LINES ? OTHERS_ROOM : 0);
        size_t width = ps_printable_text_columns(ps_buffer_span(&text));
        bool fits = used == INDENT || used + 2 + width + 1 <= room; /* a comma may follow */
        if (left > 0 || (!fits && lines == LINES)) {
            left++;
            continue;
        }
        if (!fits) {
            ps_buffer_addf(out, ",\n%*s", INDENT, "");
            used = INDENT;
            lines++;
        } else if (used > INDENT) {
            ps_buffer_add_text(out, ", ");
            used += 2;
        }
        ps_buffer_add_span(out, ps_buffer_span(&text));
        used += width;
    }
    if (left > 0)
        ps_buffer_addf(out, ", and %zu more", left);
    ps_buffer_add_byte(out, '\n');
    out->failed = out->failed || text.failed;
    ps_buffer_done(&text);
}

static void add_section(const struct ps_snapshot *s, const struct hold *holds, size_t count, size_t columns,
                        struct ps_buffer *out)
{
    static const char *const titles[SECTIONS] = {
        "In memory alone (memfd)",
        "Deleted, and still held",
        "Files and directories",
        "Devices",
    };
    size_t paths = 0;

    for (size_t i = 0; i < count; i++)
        paths += i == 0 || !same_path(&holds[i - 1], &holds[i]);
    ps_buffer_addf(out, "%s: %zu\n", titles[holds[0].section], paths);
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && same_path(&holds[at], &holds[end]);)
            end++;
        add_path(s, holds + at, end - at, columns, out);
    }
    ps_buffer_add_byte(out, '\n');
}

void ps_show_files(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    size_t count;
    struct hold *holds = collect(s, &count);

    if (holds == NULL) {
        out->failed = true;
        return;
    }
    ps_show_contents(s, columns, out);
    if (count == 0)
        ps_buffer_add_text(out, "No open file is in the records.\n");
    else
        ps_buffer_add_text(out, "Below each path who holds it (descriptor, r read, w write, - neither).\n\n");
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && holds[end].section == holds[at].section;)
            end++;
        add_section(s, holds + at, end - at, columns, out);
    }
    ps_show_add_unread(s, columns, out);
    free(holds);
}

static void add_json(const struct ps_snapshot *s, const struct hold *holds, size_t count, struct ps_buffer *out)
{
    static const char *const sections[SECTIONS] = {"memory", "deleted", "file", "device"};
    struct ps_json j = ps_json_into(out);

    ps_json_object(&j, NULL);
    ps_json_bytes(&j, "path", holds[0].path);
    ps_json_text(&j, "is", sections[holds[0].section]);
    ps_json_array(&j, "held_by");
    for (size_t i = 0; i < count; i++) {
        const struct ps_process_row *p = ps_snapshot_process(s, holds[i].pid, holds[i].entity_id);
        ps_json_object(&j, NULL);
        ps_json_u64(&j, "pid", holds[i].pid);
        ps_json_bytes(&j, "entity_id", holds[i].entity_id);
        if (p != NULL)
            ps_json_bytes(&j, "name", p->name);
        if (holds[i].program) {
            ps_json_bool(&j, "program", true);
        } else {
            ps_json_u64(&j, "fd", holds[i].fd);
            ps_json_text(&j, "access", ps_show_access(holds[i].flags_known, holds[i].flags));
        }
        ps_json_object_end(&j);
    }
    ps_json_array_end(&j);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

void ps_show_files_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    size_t count;
    struct hold *holds = collect(s, &count);

    (void) columns;
    out->failed = out->failed || holds == NULL;
    ps_show_contents_json(s, out);
    for (size_t at = 0, end; holds != NULL && at < count; at = end) {
        for (end = at + 1; end < count && same_path(&holds[at], &holds[end]);)
            end++;
        add_json(s, holds + at, end - at, out);
    }
    free(holds);
}
