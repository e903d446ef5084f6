/* SPDX-License-Identifier: Apache-2.0
 *
 * What one life holds, what became of it, and what was not read of it.
 */
#include <string.h>

#include "analysis/show_content.h"
#include "analysis/show_process.h"
#include "analysis/show_text.h"
#include "formats/printable.h"
#include "formats/quantity.h"

enum { FD_WIDTH = 5, ACCESS_WIDTH = 3, INDENT = 2, TARGET_AT = INDENT + FD_WIDTH + ACCESS_WIDTH + 2 };

static void add_word(struct ps_buffer *out, struct ps_span word)
{
    ps_printable_add(out, word);
    ps_buffer_add_text(out, word.len > 0 ? " " : "");
}

/* "tcp ESTABLISHED 127.0.0.1:80 to 10.0.0.7:4711 (102 curl fd 5)"; `line` is where the line begins in *out. */
static void add_socket(const struct ps_life *life, const struct ps_socket_row *row, size_t line, struct ps_buffer *out)
{
    const struct ps_socket_row *peer = ps_socket_peer(life->sockets, row);

    add_word(out, row->transport);
    add_word(out, row->type);
    add_word(out, ps_show_socket_state(row));
    ps_show_add_local(row, out);
    if (row->remote_port == 0)
        return;
    ps_buffer_add_text(out, " to ");
    ps_show_add_endpoint(out, row->remote, row->remote_port);
    if (peer == NULL)
        return;
    struct ps_buffer text = {0};
    ps_show_add_owners(life->s, peer, &text);
    if (out->len - line + text.len + 3 > life->columns)
        ps_buffer_addf(out, "\n%*s", TARGET_AT, "");
    else
        ps_buffer_add_byte(out, ' ');
    ps_buffer_addf(out, "(%.*s)", (int) text.len, (const char *) text.data);
    out->failed = out->failed || text.failed;
    ps_buffer_done(&text);
}

static void add_descriptor(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    const char *octal = ps_json_string(ps_load_at(record, "proc.fdinfo.flags"));
    struct ps_cursor digits = ps_cursor_over(ps_span_text(octal != NULL ? octal : ""));
    struct ps_span target = ps_load_text(life->l, record, "proc.target");
    uint64_t flags = 0;
    size_t line = out->len;
    bool known = ps_take_octal(&digits, &flags) && ps_cursor_done(&digits);

    ps_buffer_addf(out, "%*s%*llu %-*s ", INDENT, "", FD_WIDTH, (unsigned long long) ps_load_number(record, "proc.fd"),
                   ACCESS_WIDTH, ps_show_access(known, flags));
    const struct ps_socket_row *socket = NULL;
    if (ps_span_is(ps_load_text(life->l, record, "proc.class"), "socket"))
        socket = ps_socket_by_inode(life->sockets, ps_load_number(record, "proc.inode"));
    if (socket != NULL) {
        add_socket(life, socket, line, out);
    } else {
        ps_printable_add_broken(out, target.len > 0 ? target : ps_span_text("target not read"), TARGET_AT,
                                life->columns);
        if (ps_span_starts(target, "socket:["))
            ps_buffer_add_text(out, " (in no table of this bundle)");
    }
    ps_buffer_add_byte(out, '\n');
}

/* A process that writes a title over its environment leaves hundreds of these. */
static bool is_empty(const cJSON *entry)
{
    const char *text = ps_json_string(entry);

    return text != NULL && text[0] == '\0';
}

static void add_environment(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    const cJSON *variables = ps_load_at(record, "process.env_vars"), *item;
    const cJSON *list = ps_load_at(record, "process.env_vars_b64"), *exact = list != NULL ? list->child : NULL;
    uint64_t empty = 0;

    cJSON_ArrayForEach(item, variables)
        empty += is_empty(item);
    ps_life_label(out, "environment");
    ps_quantity_count(out, (uint64_t) cJSON_GetArraySize(variables), "entry", "entries");
    if (empty > 0)
        ps_buffer_addf(out, ", %llu of them empty", (unsigned long long) empty);
    ps_buffer_add_text(out, ps_load_true(record, "proc.redacted") ? "; values are hashed\n" : "\n");
    cJSON_ArrayForEach(item, variables)
    {
        const char *shown = ps_json_string(item);
        const char *coded = ps_json_string(exact);
        exact = exact != NULL ? exact->next : NULL;
        struct ps_span bytes = coded != NULL ? ps_load_decoded(life->l, coded) : ps_span_of("", 0);
        if (bytes.len == 0)
            bytes = ps_span_text(shown != NULL ? shown : "");
        if (is_empty(item))
            continue;
        ps_buffer_addf(out, "%*s", INDENT, "");
        ps_printable_add_broken(out, bytes, INDENT + 2, life->columns);
        ps_buffer_add_byte(out, '\n');
    }
}

static void add_change(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    ps_life_label(out, "change");
    ps_printable_add(out, ps_load_text(life->l, record, "proc.change"));
    ps_buffer_add_text(out, " between the two sweeps, as ");
    ps_printable_add(out, ps_load_text(life->l, record, "process.name"));
    ps_buffer_add_byte(out, '\n');
}

static void add_files(const cJSON *files, struct ps_buffer *out)
{
    const cJSON *item;
    bool any = false;

    cJSON_ArrayForEach(item, files)
    {
        const char *name = ps_json_string(item);
        ps_buffer_add_text(out, any ? ", " : "");
        ps_show_add_file(out, ps_span_text(name != NULL ? name : ""));
        any = true;
    }
}

static void add_memory(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    struct ps_span core = ps_load_text(life->l, record, "proc.memory.core");

    ps_life_label(out, "memory");
    if (core.len == 0) {
        ps_buffer_add_text(out, "no core: ");
        ps_printable_add(out, ps_load_text(life->l, record, "proc.memory.content"));
    } else {
        ps_printable_add(out, core);
        ps_buffer_add_text(out, ", ");
        ps_quantity_bytes(out, ps_load_number(record, "proc.memory.core_bytes"));
        ps_buffer_add_text(out, ", ");
        ps_printable_add(out, ps_load_text(life->l, record, "proc.memory.content"));
    }
    ps_buffer_addf(out, "\n%*schosen by ", PS_LIFE_INDENT, "");
    add_files(ps_load_at(record, "proc.memory.chosen"), out);
    ps_buffer_add_byte(out, '\n');
}

static void add_gap(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    struct ps_span error = ps_load_text(life->l, record, "proc.gap.errno");
    struct ps_span why = ps_load_text(life->l, record, "proc.gap.why");

    ps_life_label(out, "not read");
    add_files(ps_load_at(record, "proc.gap.files"), out);
    if (why.len > 0)
        ps_printable_add(out, why);
    ps_buffer_add_text(out, ": ");
    ps_printable_add(out, ps_load_text(life->l, record, "proc.gap.outcome"));
    if (error.len > 0) {
        ps_buffer_add_text(out, " (");
        ps_printable_add(out, error);
        ps_buffer_add_byte(out, ')');
    }
    ps_buffer_add_byte(out, '\n');
}

/* What was read of a file of this life; the drift list is for show files. */
static void add_file(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    struct ps_content_row c = {
        .sha256 = ps_load_text(life->l, record, "file.hash.sha256"),
        .object = ps_load_text(life->l, record, "proc.object"),
        .withheld = ps_load_text(life->l, record, "proc.withheld"),
    };
    if (ps_load_at(record, "proc.drift") != NULL)
        return;
    ps_life_label(out, "content");
    ps_printable_add(out, ps_load_text(life->l, record, "proc.capture"));
    ps_buffer_add_byte(out, ' ');
    ps_printable_add_broken(out, ps_load_text(life->l, record, "file.path"), PS_LIFE_INDENT, life->columns);
    ps_buffer_add_byte(out, '\n');
    ps_show_add_content(&c, PS_LIFE_INDENT, out);
}

static void add_descriptor_count(const struct ps_life *life, struct ps_buffer *out)
{
    const struct ps_process_row *p = life->row;
    size_t count = ps_life_count(life, "fd");
    size_t gaps;
    bool lacks = p != NULL && ps_life_index_find(&life->indexes->unread, p->pid, p->entity_id, &gaps) != NULL;

    ps_life_label(out, "descriptors");
    if (count == 0 && (lacks || life->s->wants.derive))
        ps_buffer_add_text(out, lacks ? "not read\n" : "none in the file\n");
    else
        ps_buffer_addf(out, "%zu%s\n", count, lacks ? ", not all could be read" : "");
}

void ps_life_add_holds(const struct ps_life *life, struct ps_buffer *out)
{
    add_descriptor_count(life, out);
    ps_life_each(life, "fd", add_descriptor, out);
    ps_life_each(life, "environ", add_environment, out);
    ps_life_each(life, "file", add_file, out);
    ps_life_each(life, "memory", add_memory, out);
    ps_life_each(life, "change", add_change, out);
    ps_life_each(life, "gap", add_gap, out);
    if (ps_life_count(life, "gap") > 0)
        ps_buffer_addf(out, "%*sshow gaps says why, and what would change it\n", PS_LIFE_INDENT, "");
}
