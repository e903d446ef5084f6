/* SPDX-License-Identifier: Apache-2.0
 *
 * Pids that others mention and nobody has: the parent of a life, by its stat in both sweeps, or its tracer, by its
 * status. A parent that ends hands its children on, so that one who is a parent before and after was there all the time,
 * and a listing should have had it: births and deaths in between say nothing of this kind.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/records_state.h"

/* The kernel gives out no higher number (PID_MAX_LIMIT, include/linux/threads.h). */
enum { PID_LIMIT = 1 << 22 };

void ps_mention_seen(struct ps_records *r, uint64_t pid)
{
    if (!r->seen_pids)
        r->seen_pids = calloc(PID_LIMIT / 8, 1);
    r->failed = r->failed || !r->seen_pids;
    if (r->seen_pids && pid < PID_LIMIT)
        r->seen_pids[pid / 8] |= (uint8_t) (1U << pid % 8);
}

void ps_mention_name(struct ps_records *r, struct ps_span name)
{
    struct ps_cursor c = ps_cursor_over(name);
    uint64_t pid = 0;
    if (ps_take_u64(&c, &pid))
        ps_mention_seen(r, pid);
}

/* A process that a sweep could not read is listed all the same. A tracer may be any thread of a process: unless the threads of
 * all were listed, nobody can say that it is none of them. */
void ps_mention_capture(struct ps_records *r, const struct ps_capture *c)
{
    bool sweep = r->l->line.scope == PS_LINE_OPENING || r->l->line.scope == PS_LINE_CLOSING;
    for (size_t i = 0; sweep && i < c->lost_count; i++)
        ps_mention_name(r, c->lost[i].name);
    if (!c->row || c->row->scope != PS_PER_THREAD)
        return;
    r->threads_asked = true;
    if (c->lost_count > 0 || (c->outcome != PS_COMPLETE && c->outcome != PS_SHARED))
        r->threads_missed = true;
}

void ps_mention_tracer(struct ps_records *r, const struct ps_parser *p, const void *record)
{
    const uint64_t *tracer = strcmp(p->kind, "pid_status") == 0 ? ps_record_value(p, record, "TracerPid") : NULL;
    struct ps_known *k = tracer && *tracer > 0 ? ps_known_change(r, r->l->line.pid, r->l->line.start) : NULL;
    if (k)
        k->tracer = *tracer < PID_LIMIT ? (uint32_t) *tracer : 0;
}

static void mention(struct ps_records *r, const struct ps_known *by, uint32_t pid, const char *as)
{
    if (pid == 0 || pid >= PID_LIMIT || (r->seen_pids && r->seen_pids[pid / 8] >> pid % 8 & 1))
        return;
    char id[41];
    ps_entity_id(&r->facts, by->pid, by->start, id);
    struct ps_json j = ps_gap_begin(r, NULL, "not in view");
    ps_json_u64(&j, "pid", pid);
    ps_json_text(&j, "mentioned_as", as);
    ps_json_object(&j, "by");
    ps_json_u64(&j, "pid", by->pid);
    ps_json_text(&j, "entity_id", id);
    ps_json_object_end(&j);
    ps_json_text(&j, "why", "this process is named by another one; no listing of /proc has it, and no probe found it");
    ps_gap_end(&j);
    ps_mention_seen(r, pid); /* once is enough */
}

void ps_mentions_out(struct ps_records *r)
{
    bool threads_known = r->threads_asked && !r->threads_missed;
    for (size_t i = 0; r->closing_swept && i < r->known.count; i++) {
        const struct ps_known *k = &r->known.items[i];
        if (!k->closing)
            continue;
        mention(r, k, k->parent_stays ? k->ppid : 0, "parent");
        mention(r, k, threads_known ? k->tracer : 0, "tracer");
    }
}
