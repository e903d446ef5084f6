/* SPDX-License-Identifier: Apache-2.0
 *
 * What the watch tells its log: one JSON line for each event, {"time":...,"event":"snapshot",...}. Nothing of the
 * evidence is in it but hashes and entity ids. A line is at most PS_EVENT_MAX bytes, so that a pipe takes it whole or
 * not at all; what nobody takes is dropped, counted, and told with the next line: the work goes on.
 */
#ifndef PS_EVENTS_H
#define PS_EVENTS_H

#include "formats/json.h"

enum { PS_EVENT_MAX = 4096 }; /* PIPE_BUF */

struct ps_events {
    bool (*say)(struct ps_span line); /* false: nobody took it */
    struct ps_buffer line;            /* owned */
    struct ps_json json;
    uint64_t dropped;
};

/* Opens the object; the caller adds members through the result, then ends it. */
struct ps_json *ps_event_begin(struct ps_events *e, const char *event);
void ps_event_end(struct ps_events *e);
/* An event with nothing but words; NULL: none. */
void ps_event_say(struct ps_events *e, const char *event, const char *words);
void ps_events_done(struct ps_events *e);

#endif
