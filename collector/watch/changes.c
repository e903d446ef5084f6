/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/changes.h"

#include <stdlib.h>
#include <string.h>

#include "formats/records.h"

static int by_life(const void *a, const void *b)
{
    const struct ps_sighting *x = a, *y = b;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, PS_SHA256_LEN);
}

void ps_changes_settle(struct ps_sightings *s, pid_t watch, pid_t conductor)
{
    uint32_t kept = 0, hashes = 0;
    s->boot_id[sizeof s->boot_id - 1] = '\0';
    if (s->process_count > PS_SIGHTINGS_PROCESSES)
        s->process_count = PS_SIGHTINGS_PROCESSES;
    if (s->executable_count > PS_SIGHTINGS_EXECUTABLES)
        s->executable_count = PS_SIGHTINGS_EXECUTABLES;
    for (uint32_t i = 0; i < s->process_count; i++) {
        pid_t pid = (pid_t) s->processes[i].pid, ppid = (pid_t) s->processes[i].ppid;
        if (pid != conductor && ppid != conductor && ppid != watch)
            s->processes[kept++] = s->processes[i];
    }
    s->process_count = kept;
    qsort(s->processes, s->process_count, sizeof s->processes[0], by_life);
    qsort(s->executables, s->executable_count, sizeof s->executables[0], by_hash);
    for (uint32_t i = 0; i < s->executable_count; i++) {
        if (hashes == 0 || memcmp(s->executables[hashes - 1], s->executables[i], PS_SHA256_LEN) != 0)
            memmove(s->executables[hashes++], s->executables[i], PS_SHA256_LEN);
    }
    s->executable_count = hashes;
}

static void add_more(struct ps_json *j, const char *name, uint32_t count, uint32_t told)
{
    ps_json_array_end(j);
    if (count > told)
        ps_json_u64(j, name, count - told);
}

/* Who is in `in` and not in `without`. */
static void add_processes(struct ps_json *j, const char *name, const char *more, const struct ps_sightings *in,
                          const struct ps_sightings *without)
{
    struct ps_records_facts facts = {.boot_id = in->boot_id, .pid_namespace = in->pid_namespace};
    uint32_t count = 0;
    ps_json_array(j, name);
    for (uint32_t i = 0, k = 0; i < in->process_count; i++) {
        const struct ps_sighting *p = &in->processes[i];
        char entity[41];
        while (k < without->process_count && by_life(&without->processes[k], p) < 0)
            k++;
        if (k < without->process_count && by_life(&without->processes[k], p) == 0)
            continue;
        if (count++ >= PS_CHANGES_PROCESSES)
            continue;
        ps_entity_id(&facts, p->pid, p->start, entity);
        ps_json_text(j, NULL, entity);
    }
    add_more(j, more, count, PS_CHANGES_PROCESSES);
}

static void add_executables(struct ps_json *j, const struct ps_sightings *before, const struct ps_sightings *now)
{
    uint32_t count = 0;
    ps_json_array(j, "executables_new");
    for (uint32_t i = 0, k = 0; i < now->executable_count; i++) {
        char hash[2 * PS_SHA256_LEN + 1];
        while (k < before->executable_count && by_hash(before->executables[k], now->executables[i]) < 0)
            k++;
        if (k < before->executable_count && by_hash(before->executables[k], now->executables[i]) == 0)
            continue;
        if (count++ >= PS_CHANGES_EXECUTABLES)
            continue;
        ps_hex_text(ps_span_of(now->executables[i], PS_SHA256_LEN), hash);
        ps_json_text(j, NULL, hash);
    }
    add_more(j, "executables_new_more", count, PS_CHANGES_EXECUTABLES);
}

void ps_changes_add(struct ps_json *j, const struct ps_sightings *before, const struct ps_sightings *now)
{
    ps_json_object(j, "changes");
    add_processes(j, "processes_new", "processes_new_more", now, before);
    add_processes(j, "processes_ended", "processes_ended_more", before, now);
    if (before->executable_count > 0 && now->executable_count > 0)
        add_executables(j, before, now);
    ps_json_object_end(j);
}
