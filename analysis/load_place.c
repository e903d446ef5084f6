/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "analysis/load.h"
#include "parsers/cursor.h"

/* A bundle has one task; were there more, the first is shown. */
void ps_load_task(struct ps_loader *l, const cJSON *record)
{
    struct ps_snapshot_place *p = &l->out->place;

    if (p->family.len > 0)
        return;
    p->family = ps_load_text(l, record, "proc.ecs.family");
    p->revision = ps_load_text(l, record, "proc.ecs.revision");
    p->status = ps_load_text(l, record, "proc.ecs.known_status");
    p->cluster = ps_load_text(l, record, "orchestrator.cluster.name");
    p->zone = ps_load_text(l, record, "cloud.availability_zone");
}

/* memory.events (version 2) or memory.oom_control (version 1) of our own control group has a row "oom_kill 3". */
static void load_cgroup_file(struct ps_loader *l, const cJSON *record)
{
    struct ps_span file = ps_load_text(l, record, "proc.cgroup_file.file");
    const cJSON *line, *lines = ps_load_at(record, "proc.cgroup_file.lines");

    if (!ps_span_is(file, "memory.events") && !ps_span_is(file, "memory.oom_control"))
        return;
    cJSON_ArrayForEach(line, lines) {
        const cJSON *key = cJSON_GetArrayItem(line, 0), *value = cJSON_GetArrayItem(line, 1);
        if (!cJSON_IsString(key) || !cJSON_IsString(value) || strcmp(key->valuestring, "oom_kill") != 0)
            continue;
        struct ps_cursor c = ps_cursor_over(ps_span_text(value->valuestring));
        uint64_t kills = 0;
        if (ps_take_u64(&c, &kills) && ps_cursor_done(&c))
            l->out->place.oom_kills = kills;
    }
}

/* Of the records of the machine only those that say where it is, and how that container fares. */
void ps_load_system(struct ps_loader *l, const cJSON *record)
{
    struct ps_snapshot_place *p = &l->out->place;

    load_cgroup_file(l, record);
    if (ps_load_at(record, "proc.platform") == NULL)
        return;
    p->platform = ps_load_text(l, record, "proc.platform.name");
    p->by = ps_load_text(l, record, "proc.platform.by");
    p->host_pids = ps_load_true(record, "proc.platform.host_pid_namespace");
    p->host_ipc = ps_load_true(record, "proc.platform.host_ipc_namespace");
}

struct ps_span ps_load_container(struct ps_loader *l, const cJSON *process)
{
    struct ps_span name = ps_load_text(l, process, "container.name");

    return name.len > 0 ? name : ps_load_text(l, process, "container.id");
}
