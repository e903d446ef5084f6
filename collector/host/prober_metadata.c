/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/host/clock.h"
#include "collector/host/prober_http.h"

/* What may not be spent on the first of the two answers. */
enum { KEPT_US = 900000 };

static void send_answer(struct ps_prober *p, uint16_t row, struct ps_span answer)
{
    for (size_t at = 0; at < answer.len;) {
        size_t len = answer.len - at < PS_PIECE ? answer.len - at : PS_PIECE;
        uint8_t flags = at + len < answer.len ? PS_FLAG_CONTINUES : 0;
        ps_prober_send(p, at == 0 ? PS_FRAME_ITEM : PS_FRAME_MORE, row, "", ps_span_of(answer.data + at, len), flags);
        at += len;
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
    uint64_t until_us = task ? p->deadline_us : p->deadline_us - KEPT_US;
    if (ps_boottime_us() >= until_us)
        return (struct ps_probe_end){.outcome = PS_SKIPPED};
    struct ps_probe_end end = ps_http_get(p, &url, task ? "/task" : "", until_us, &answer);
    send_answer(p, row, answer);
    return end;
}
