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
        .start_boot_us = ps_load_number(record, "proc.start_boot_us"),
        .entity_id = ps_load_text(l, record, "process.entity_id"),
        .name = ps_load_text(l, record, "process.name"),
        .command_line = ps_load_text(l, record, "process.command_line"),
        .executable = ps_load_text(l, record, "process.executable"),
        .user = ps_load_text(l, record, "user.id"),
        .state = ps_load_text(l, record, "proc.stat.state"),
        .cgroup = cgroup_of(l, record),
        .identity = ps_load_text(l, record, "proc.identity"),
        .kernel_thread = ps_load_true(record, "proc.kernel_thread"),
        .exe_known = cJSON_IsBool(deleted),
        .exe_deleted = cJSON_IsTrue(deleted),
    };
}

void ps_load_socket(struct ps_loader *l, const cJSON *record)
{
    struct ps_snapshot *s = l->out;
    const cJSON *owner = cJSON_GetArrayItem(ps_load_at(record, "proc.owners"), 0);
    struct ps_socket_row *rows = grown(l, s->sockets, s->socket_count, &s->socket_room, sizeof *rows);

    if (rows == NULL)
        return;
    s->sockets = rows;
    struct ps_socket_row *row = &rows[s->socket_count++];
    *row = (struct ps_socket_row){
        .transport = ps_load_text(l, record, "network.transport"),
        .state = ps_load_text(l, record, "proc.net_tcp.state"),
        .address = ps_load_text(l, record, "source.ip"),
        .port = ps_load_number(record, "source.port"),
        .owner = ps_load_number32(owner, "pid"),
        .owner_absent = ps_load_text(l, record, "proc.owner_absent"),
    };
    if (row->state.len == 0)
        row->state = ps_load_text(l, record, "proc.net_tcp6.state");
}

/* ["exe","maps"] as "exe, maps". */
static struct ps_span joined(struct ps_loader *l, const cJSON *list)
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
        .pid = ps_load_number32(record, "process.pid"),
        .entity_id = ps_load_text(l, record, "process.entity_id"),
        .outcome = ps_load_text(l, record, "proc.gap.outcome"),
        .error = ps_load_text(l, record, "proc.gap.errno"),
        .why = ps_load_text(l, record, "proc.gap.why"),
        .files = joined(l, ps_load_at(record, "proc.gap.files")),
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
