/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/snapshot_event.h"

#include "collector/watch/changes.h"
#include "formats/head_line.h"
#include "formats/journal.h"

static void add_outcomes(struct ps_json *j, const struct ps_verdict *v)
{
    ps_json_object(j, "outcomes");
    for (unsigned i = 0; i < PS_OUTCOMES; i++) {
        if (v->outcomes[i] > 0)
            ps_json_u64(j, ps_outcome_name((enum ps_outcome) i), v->outcomes[i]);
    }
    ps_json_object_end(j);
}

void ps_snapshot_event(struct ps_events *e, const struct ps_verdict *v, const char *reason, const char *asked,
                       const struct ps_sightings *before, const struct ps_sightings *now)
{
    struct ps_json *j = ps_event_begin(e, "snapshot");
    struct ps_head head;
    ps_json_text(j, "bundle", v->bundle_id);
    if (ps_head_line_read(ps_span_text(v->head_line), &head))
        ps_json_u64(j, "seq", head.seq);
    ps_json_text(j, "root", v->root);
    ps_json_text(j, "head", v->head_line);
    ps_json_text(j, "reason", reason);
    if (asked[0] != '\0')
        ps_json_text(j, "asked_by", asked);
    ps_json_text(j, "sealed_early", v->early[0] != '\0' ? v->early : NULL);
    ps_json_u64(j, "took_ms", v->took_us / 1000);
    ps_json_u64(j, "bytes", v->bundle_bytes);
    ps_json_u64(j, "processes", v->processes);
    if (v->hidden > 0)
        ps_json_u64(j, "hidden", v->hidden);
    if (v->covers > 0)
        ps_json_u64(j, "covers", v->covers);
    ps_json_u64(j, "captures", v->captures);
    ps_json_u64(j, "records", v->records);
    add_outcomes(j, v);
    if (v->limits_reached[0] != '\0')
        ps_json_text(j, "limits_reached", v->limits_reached);
    if (v->readers_replaced > 0)
        ps_json_u64(j, "readers_replaced", v->readers_replaced);
    if (v->readers_abandoned > 0)
        ps_json_u64(j, "readers_abandoned", v->readers_abandoned);
    if (before != NULL)
        ps_changes_add(j, before, now);
    ps_event_end(e);
}
