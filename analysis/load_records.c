/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "analysis/load.h"

/* The rows with room for one more; NULL (and failed), the old ones untouched, when memory is out. */
static void *grown(struct ps_loader *l, void *rows, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return rows;
    size_t more = *room > 0 ? *room * 2 : 256;
    void *out = more < SIZE_MAX / size ? realloc(rows, more * size) : NULL;
    if (out == NULL)
        l->failed = true;
    else
        *room = more;
    return out;
}

/* The one control group that says most: the unified one, or where memory is counted, or any that is not the root. */
static struct ps_span cgroup_of(struct ps_loader *l, const cJSON *record)
{
    const cJSON *list = ps_load_at(record, "proc.cgroup"), *row, *best = NULL;
    int best_rank = -1;

    cJSON_ArrayForEach(row, list)
    {
        const char *path = ps_json_string(ps_json_get(row, "path"));
        const char *controllers = ps_json_string(ps_json_get(row, "controllers"));
        int rank = path == NULL || strcmp(path, "/") == 0 ? 0 : 1;
        if (rank > 0 && controllers != NULL)
            rank += strstr(controllers, "memory") != NULL ? 2 : controllers[0] == '\0' ? 1 : 0;
        if (path != NULL && rank > best_rank) {
            best_rank = rank;
            best = row;
        }
    }
    return best != NULL ? ps_load_text(l, best, "path") : ps_span_of("", 0);
}

static bool is_swept_alone(const cJSON *record)
{
    const char *first = ps_json_string(cJSON_GetArrayItem(ps_load_at(record, "proc.source"), 0));

    return first != NULL && ps_span_starts(ps_span_text(first), "data/opening/");
}

/* What the last looks said, where one of them did not say `same`. */
static struct ps_span identity_of(struct ps_loader *l, const cJSON *record)
{
    struct ps_span quiet = ps_load_text(l, record, "proc.identity_quiet.last_look");

    return quiet.len > 0 ? quiet : ps_load_text(l, record, "proc.identity_memory.last_look");
}

void ps_load_process(struct ps_loader *l, const cJSON *record)
{
    struct ps_snapshot *s = l->out;
    const cJSON *deleted = ps_load_at(record, "proc.exe_deleted");
    struct ps_process_row *rows = grown(l, s->processes, s->process_count, &s->process_room, sizeof *rows);

    if (rows == NULL)
        return;
    s->processes = rows;
    rows[s->process_count++] = (struct ps_process_row){
        .pid = ps_load_number32(record, "process.pid"),
        .ppid = ps_load_number32(record, "process.parent.pid"),
        .parent_known = ps_load_at(record, "process.parent.pid") != NULL || ps_load_at(record, "proc.stat.ppid") != NULL,
        .start_boot_us = ps_load_number(record, "proc.start_boot_us"),
        .entity_id = ps_load_text(l, record, "process.entity_id"),
        .parent_entity_id = ps_load_text(l, record, "process.parent.entity_id"),
        .name = ps_load_text(l, record, "process.name"),
        .user = ps_load_text(l, record, "user.id"),
        .state = ps_load_text(l, record, "proc.stat.state"),
        .identity = identity_of(l, record),
        .swept_alone = is_swept_alone(record),
        .container = ps_load_container(l, record),
        .role = ps_load_text(l, record, "proc.role"),
        .unlisted = cJSON_IsFalse(ps_load_at(record, "proc.listed")),
        .kernel_thread = ps_load_true(record, "proc.kernel_thread"),
        .exe_known = cJSON_IsBool(deleted),
        .exe_deleted = cJSON_IsTrue(deleted),
    };
    if ((s->wants.tables & PS_LOAD_COMMANDS) == 0)
        return;
    struct ps_process_row *row = &rows[s->process_count - 1];
    row->command_line = ps_load_text(l, record, "process.command_line");
    row->executable = ps_load_text(l, record, "process.executable");
    row->cgroup = cgroup_of(l, record);
}

/* Appends the owners that the record lists. */
static void load_owners(struct ps_loader *l, const cJSON *record, struct ps_socket_row *row)
{
    struct ps_snapshot *s = l->out;
    const cJSON *owner;

    row->owners_at = s->owner_count;
    cJSON_ArrayForEach(owner, ps_load_at(record, "proc.owners"))
    {
        struct ps_owner_row *rows = grown(l, s->owners, s->owner_count, &s->owner_room, sizeof *rows);
        if (rows == NULL)
            return;
        s->owners = rows;
        rows[s->owner_count++] = (struct ps_owner_row){
            .pid = ps_load_number32(owner, "pid"),
            .fd = ps_load_number(owner, "fd"),
            .socket = s->socket_count - 1,
            .entity_id = ps_load_text(l, owner, "entity_id"),
        };
        row->owner_count++;
    }
    uint64_t all = ps_load_number(record, "proc.owner_count");
    row->owners_left = all > row->owner_count ? all - row->owner_count : 0;
    row->owner = row->owner_count > 0 ? s->owners[row->owners_at].pid : 0;
}

/* The row of the kernel's table, under whichever table it came from. */
static const cJSON *table_row(const cJSON *record)
{
    static const char *const tables[] = {
        "net_tcp",       "net_tcp6",       "net_udp",       "net_udp6",       "net_unix",
        "net_udplite",   "net_udplite6",   "net_raw",       "net_raw6",       "net_icmp",
        "net_icmp6",     "net_packet",     "net_netlink",   "sock_diag_tcp",  "sock_diag_tcp6",
        "sock_diag_udp", "sock_diag_udp6", "sock_diag_unix"};
    const cJSON *proc = ps_load_at(record, "proc"), *row = NULL;

    for (size_t i = 0; proc != NULL && row == NULL && i < sizeof tables / sizeof tables[0]; i++)
        row = ps_json_get(proc, tables[i]);
    return row;
}

void ps_load_socket(struct ps_loader *l, const cJSON *record)
{
    enum { ACCEPTS = 0x10000 }; /* __SO_ACCEPTCON */
    struct ps_snapshot *s = l->out;
    const cJSON *kernel = table_row(record);
    struct ps_socket_row *rows = grown(l, s->sockets, s->socket_count, &s->socket_room, sizeof *rows);
    uint64_t flags = 0;

    if (rows == NULL)
        return;
    s->sockets = rows;
    struct ps_socket_row *row = &rows[s->socket_count++];
    *row = (struct ps_socket_row){
        .transport = ps_load_text(l, record, "network.transport"),
        .address = ps_load_text(l, record, "source.ip"),
        .port = ps_load_number(record, "source.port"),
        .remote = ps_load_text(l, record, "destination.ip"),
        .remote_port = ps_load_number(record, "destination.port"),
        .net_namespace = ps_load_number(record, "proc.net_namespace"),
        .owner_absent = ps_load_text(l, record, "proc.owner_absent"),
    };
    load_owners(l, record, row);
    row->unverified = ps_load_true(record, "proc.unverified");
    if (kernel == NULL)
        return;
    struct ps_span state = ps_load_text(l, kernel, "state");
    *(ps_span_is(row->transport, "tcp") ? &row->state : &row->other_state) = state;
    row->inode = ps_load_number(kernel, "inode");
    if (row->port == 0)
        row->port = ps_load_number(kernel, "ident"); /* of ping sockets, where others have the port */
    row->type = ps_load_text(l, kernel, "type");
    row->path = ps_load_text(l, kernel, ps_json_get(kernel, "name") != NULL ? "name" : "path");
    row->accepts = ps_load_hex(kernel, "flags", &flags) && (flags & ACCEPTS) != 0;
    if (!ps_load_hex(kernel, "protocol", &row->protocol))
        row->protocol = ps_load_number(kernel, "protocol");
    row->number = ps_load_number(kernel, ps_json_get(kernel, "iface") != NULL ? "iface" : "port_id");
}

/* Sockets, pipes and the like have no path, and are left out. */
void ps_load_file(struct ps_loader *l, const cJSON *record)
{
    struct ps_snapshot *s = l->out;
    struct ps_file_row *rows = grown(l, s->files, s->file_count, &s->file_room, sizeof *rows);
    const char *target = ps_json_string(ps_load_at(record, "proc.target"));
    const char *flags = ps_json_string(ps_load_at(record, "proc.fdinfo.flags"));

    if (rows == NULL)
        return;
    s->files = rows;
    if (target == NULL || target[0] != '/')
        return;
    struct ps_file_row *row = &rows[s->file_count];
    *row = (struct ps_file_row){
        .pid = ps_load_number32(record, "process.pid"),
        .fd = ps_load_number(record, "proc.fd"),
        .path = ps_load_text(l, record, "proc.target"),
        .class_name = ps_load_text(l, record, "proc.class"),
    };
    struct ps_cursor digits = ps_cursor_over(ps_span_text(flags != NULL ? flags : ""));
    row->flags_known = ps_take_octal(&digits, &row->flags) && ps_cursor_done(&digits);
    const char *entity = ps_json_string(ps_load_at(record, "process.entity_id"));
    if (s->file_count > 0 && entity != NULL && ps_span_is(rows[s->file_count - 1].entity_id, entity))
        row->entity_id = rows[s->file_count - 1].entity_id; /* descriptors of one process follow each other */
    else
        row->entity_id = ps_load_text(l, record, "process.entity_id");
    s->file_count++;
}

void ps_load_content(struct ps_loader *l, const cJSON *record)
{
    struct ps_snapshot *s = l->out;
    bool drift = ps_load_at(record, "proc.drift") != NULL;
    struct ps_content_row *rows = grown(l, s->contents, s->content_count, &s->content_room, sizeof *rows);

    if (rows == NULL)
        return;
    s->contents = rows;
    if (drift && ps_load_at(record, "file") == NULL)
        return; /* the last line of the list: it tells of the walk */
    const cJSON *size = ps_load_at(record, drift ? "file" : "proc.stat");
    rows[s->content_count++] = (struct ps_content_row){
        .pid = ps_load_number32(record, "process.pid"),
        .size = size != NULL ? ps_load_number(size, "size") : 0,
        .drift = drift,
        .exe_id = ps_load_text(l, record, "proc.exe_id"),
        .path = ps_load_text(l, record, "file.path"),
        .type = ps_load_text(l, record, "file.type"),
        .mode = drift ? ps_load_text(l, record, "file.mode") : ps_span_of("", 0),
        .ctime_ns = ps_load_number(record, "proc.drift.ctime_ns"),
        .sha256 = ps_load_text(l, record, "file.hash.sha256"),
        .object = ps_load_text(l, record, "proc.object"),
        .withheld = ps_load_text(l, record, "proc.withheld"),
    };
}

void ps_load_kept(struct ps_loader *l, const cJSON *record, struct ps_span line)
{
    struct ps_snapshot *s = l->out;

    if (ps_load_number32(record, "process.pid") != s->wants.pid)
        return;
    struct ps_kept_record *rows = grown(l, s->kept, s->kept_count, &s->kept_room, sizeof *rows);
    if (rows == NULL)
        return;
    s->kept = rows;
    rows[s->kept_count++] = (struct ps_kept_record){
        .kind = l->keep,
        .entity_id = ps_load_text(l, record, "process.entity_id"),
        .line = ps_text_keep(&s->pool, line),
    };
}

struct ps_span ps_load_joined(struct ps_loader *l, const cJSON *list)
{
    struct ps_buffer text = {0};
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        const char *name = ps_json_string(item);
        if (name == NULL)
            continue;
        if (text.len > 0)
            ps_buffer_add_text(&text, ", ");
        ps_buffer_add_text(&text, name);
    }
    l->failed = l->failed || text.failed;
    struct ps_span out = ps_text_keep(&l->out->pool, ps_buffer_span(&text));
    ps_buffer_done(&text);
    return out;
}

void ps_load_gap(struct ps_loader *l, const cJSON *record)
{
    struct ps_snapshot *s = l->out;
    struct ps_gap_row *rows = grown(l, s->gaps, s->gap_count, &s->gap_room, sizeof *rows);

    if (rows == NULL)
        return;
    s->gaps = rows;
    rows[s->gap_count++] = (struct ps_gap_row){
        .pid = ps_load_number32(record, ps_load_at(record, "process") != NULL ? "process.pid" : "proc.gap.pid"),
        .entity_id = ps_load_text(l, record, "process.entity_id"),
        .reader = ps_load_text(l, record, "proc.gap.reader"),
        .outcome = ps_load_text(l, record, "proc.gap.outcome"),
        .error = ps_load_text(l, record, "proc.gap.errno"),
        .why = ps_load_text(l, record, "proc.gap.why"),
        .files = ps_load_joined(l, ps_load_at(record, "proc.gap.files")),
    };
}

void ps_load_change(struct ps_loader *l, const cJSON *record)
{
    struct ps_snapshot *s = l->out;
    struct ps_change_row *rows = grown(l, s->changes, s->change_count, &s->change_room, sizeof *rows);

    if (rows == NULL)
        return;
    s->changes = rows;
    rows[s->change_count++] = (struct ps_change_row){
        .pid = ps_load_number32(record, "process.pid"),
        .name = ps_load_text(l, record, "process.name"),
        .change = ps_load_text(l, record, "proc.change"),
    };
}

void ps_load_environ(struct ps_loader *l, const cJSON *record)
{
    (void) record;
    l->out->environs++;
}
