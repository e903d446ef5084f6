/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/host/clock.h"
#include "collector/host/prober_http.h"

/* What may not be spent on the first of the two answers; how long, and in which steps, to wait for the quiet reader. */
enum { KEPT_US = 800000, TABLES_US = 400000, PATIENCE_US = 1000 };

static void send_answer(struct ps_prober *p, uint16_t row, struct ps_span answer)
{
    for (size_t at = 0; at < answer.len;) {
        size_t len = answer.len - at < PS_PIECE ? answer.len - at : PS_PIECE;
        uint8_t flags = at + len < answer.len ? PS_FLAG_CONTINUES : 0;
        ps_prober_send(p, at == 0 ? PS_FRAME_ITEM : PS_FRAME_MORE, row, "", ps_span_of(answer.data + at, len), flags);
        at += len;
    }
}

/* Our own connection is no evidence: it is made when the tables that would show it have been read. */
static void wait_for_tables(struct ps_prober *p)
{
    const struct ps_control *control = p->job->control;
    uint64_t limit = ps_boottime_us() + TABLES_US;
    for (uint64_t now = 0; now < limit && !ps_prober_stopped(p); now = ps_boottime_us()) {
        uint32_t slot = atomic_load(&control->lanes[PS_QUIET].slot);
        if (slot < PS_SLOTS && atomic_load(&control->slots[slot].phase) != PS_WALK_GLOBAL)
            return;
        (void) ps_prober_wait(p, -1, 0, ps_boottime_us() + PATIENCE_US);
    }
}

struct ps_probe_end ps_prober_metadata(struct ps_prober *p, uint16_t row)
{
    const char *variable = getenv(PS_METADATA_VARIABLE);
    bool task = strcmp(ps_catalog[row].path, "facts/ecs/task") == 0;
    struct ps_http_url url;
    struct ps_span answer;
    if (!variable || !variable[0])
        return (struct ps_probe_end){.outcome = PS_ABSENT};
    if (!ps_http_url_read(variable, &url))
        return (struct ps_probe_end){PS_FAILED, EINVAL};
    wait_for_tables(p);
    uint64_t until_us = task ? p->deadline_us : p->deadline_us - KEPT_US;
    if (ps_boottime_us() >= until_us)
        return (struct ps_probe_end){.outcome = PS_SKIPPED};
    struct ps_probe_end end = ps_http_get(p, &url, task ? "/task" : "", until_us, &answer);
    send_answer(p, row, answer);
    return end;
}
