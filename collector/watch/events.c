/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/events.h"

#include "collector/host/clock.h"
#include "formats/timestamp.h"

struct ps_json *ps_event_begin(struct ps_events *e, const char *event)
{
    char time[PS_TIMESTAMP_SIZE];
    struct ps_anchor now;
    ps_anchor_take(&now);
    ps_timestamp((int64_t) now.realtime_us, time);
    ps_buffer_clear(&e->line, PS_EVENT_MAX);
    e->json = ps_json_into(&e->line);
    ps_json_object(&e->json, NULL);
    ps_json_text(&e->json, "time", time);
    ps_json_text(&e->json, "event", event);
    if (e->dropped > 0)
        ps_json_u64(&e->json, "events_dropped", e->dropped);
    return &e->json;
}

void ps_event_end(struct ps_events *e)
{
    ps_json_object_end(&e->json);
    ps_buffer_add_byte(&e->line, '\n');
    bool taken = !e->line.failed && e->line.len <= PS_EVENT_MAX && e->say(ps_buffer_span(&e->line));
    e->dropped = taken ? 0 : e->dropped + 1;
    if (e->line.failed)
        ps_buffer_done(&e->line); /* there may be memory next time */
}

void ps_event_say(struct ps_events *e, const char *event, const char *words)
{
    struct ps_json *j = ps_event_begin(e, event);
    if (words)
        ps_json_text(j, "words", words);
    ps_event_end(e);
}

void ps_events_done(struct ps_events *e)
{
    ps_buffer_done(&e->line);
}
