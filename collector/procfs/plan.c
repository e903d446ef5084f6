/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/plan.h"

#include <string.h>

static void add(struct ps_rows *rows, size_t index)
{
    if (rows->count < PS_PLAN_MAX)
        rows->rows[rows->count++] = (uint16_t) index;
}

void ps_plan_make(enum ps_profile profile, struct ps_plan *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < ps_catalog_count; i++) {
        if (ps_catalog[i].scope == PS_PER_NETNS && ps_catalog[i].profile <= profile)
            add(&out->global, i);
    }
    for (size_t i = 0; i < ps_catalog_count; i++) {
        const struct ps_row *row = &ps_catalog[i];
        if (row->profile > profile)
            continue;
        if (row->scope == PS_PER_HOST || row->scope == PS_PER_FACT) {
            add(row->scope == PS_PER_HOST ? &out->global : &out->facts[row->reader], i);
            if (row->scope == PS_PER_FACT && row->reader == PS_QUIET)
                out->probe = (uint16_t) i;
            continue;
        }
        add(&out->lane[row->reader], i);
        if (row->scope == PS_PER_THREAD)
            add(&out->threads, i);
        if (row->scope == PS_PER_PROCESS && strcmp(row->path, "stat") == 0)
            out->stat = (uint16_t) i;
    }
}
