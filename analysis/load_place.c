/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/load.h"

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

/* Of the records of the machine only the one that says where it is. */
void ps_load_system(struct ps_loader *l, const cJSON *record)
{
    struct ps_snapshot_place *p = &l->out->place;

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
