/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/lane_line.h"

#include <stdio.h>

#include "collector/procfs/reader.h"

static bool is_ours(const struct ps_lane_builder *b, const struct ps_life *life)
{
    return b->conductor != 0 && (life->pid == b->conductor || life->ppid == b->conductor);
}

uint8_t ps_lane_flag(const struct ps_lane_builder *b)
{
    return b->lane == PS_QUIET ? PS_LIFE_QUIET : PS_LIFE_MEMORY;
}

static void begin_line(struct ps_lane_builder *b, uint32_t subject, enum ps_line_scope scope, const char *stem,
                       uint64_t us)
{
    const struct ps_life *life = ps_lives_at(b->lives, subject);
    char name[PS_LIFE_NAME], whole[128];
    ps_life_name(life, name);
    snprintf(whole, sizeof whole, "data/proc/%s/%s", name, stem);
    struct ps_line head = {.scope = scope, .pid = life->pid, .start = life->start, .life = name};
    head.reader = b->lane;
    head.us = us;
    b->subject = subject;
    b->line.own = is_ours(b, life);
    ps_line_begin(&b->line, &head, whole, false);
}

bool ps_lane_begin_process(struct ps_lane_builder *b, uint32_t subject, uint64_t us)
{
    if (b->lane == PS_PROBER || b->line.open || subject >= ps_lane_roster(b))
        return false;
    struct ps_roster_entry entry = b->roster->entries[subject];
    bool memory = false;
    if (!ps_lives_claim(b->lives, subject, &entry, ps_lane_flag(b), &memory)) {
        if (memory)
            ps_output_out_of_memory(b->line.out);
        return false;
    }
    begin_line(b, subject, PS_LINE_PROCESS, b->lane == PS_QUIET ? "state" : "memory", us);
    return true;
}

bool ps_lane_begin_content(struct ps_lane_builder *b, uint32_t subject, uint64_t us)
{
    if (b->line.open || !ps_lives_at(b->lives, subject))
        return false;
    begin_line(b, subject, PS_LINE_CONTENT, "files", us);
    return true;
}

bool ps_lane_in_content(const struct ps_lane_builder *b)
{
    return b->line.open && b->line.head.scope == PS_LINE_CONTENT;
}

void ps_lane_end_process(struct ps_lane_builder *b, enum ps_outcome open_as, enum ps_outcome rest,
                        const struct ps_line_end *end, uint64_t us)
{
    static const struct ps_rows none;
    const struct ps_rows *rows = ps_lane_in_content(b) ? &none : &b->plan->lane[b->lane];
    if (ps_lane_in_content(b)) {
        ps_content_close(&b->line, open_as, us);
        ps_dump_close(&b->line, open_as, us);
    }
    ps_line_end(&b->line, rows->rows, rows->count, open_as, rest, end, us);
    b->subject = PS_NO_SUBJECT;
}

void ps_lane_begin_facts(struct ps_lane_builder *b, uint64_t us)
{
    struct ps_line head = {.scope = PS_LINE_FACTS, .reader = b->lane, .us = us};
    b->facts_told = true;
    b->line.own = false;
    ps_line_begin(&b->line, &head, "", true);
}

bool ps_lane_begin_other(struct ps_lane_builder *b, uint64_t us)
{
    if (b->lane != PS_QUIET)
        return false;
    struct ps_line head = {.scope = PS_LINE_GLOBAL, .us = us};
    const char *stem = "";
    if (b->phase == PS_WALK_OPENING) {
        head.scope = PS_LINE_OPENING;
        stem = "data/opening/stat";
    } else if (b->phase == PS_WALK_CLOSING) {
        head.scope = PS_LINE_CLOSING;
        stem = "data/closing/stat";
    } else if (b->phase != PS_WALK_GLOBAL) {
        return false;
    }
    b->line.own = false;
    ps_line_begin(&b->line, &head, stem, true);
    return true;
}

_Static_assert(PS_PLAN_MAX <= 64, "one bit of global_done for each row");

/* The rows that the line of what exists once ends with: its own, and, when nobody goes on behind it, all that are
 * left. */
static void take_global_rows(struct ps_lane_builder *b, bool phase_over, struct ps_rows *out)
{
    const struct ps_rows *all = &b->plan->global;
    out->count = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct ps_open_capture *c = &b->line.captures[all->rows[i]];
        bool here = b->line.open && (c->open || c->ended), left = !(b->global_done >> i & 1);
        if (!here && !(phase_over && left))
            continue;
        out->rows[out->count++] = all->rows[i];
        b->global_done |= UINT64_C(1) << i;
    }
}

static void end_global(struct ps_lane_builder *b, enum ps_outcome open_as, bool phase_over, uint64_t us)
{
    struct ps_line_end end = {.identity = PS_SAME};
    struct ps_rows rows;
    take_global_rows(b, phase_over, &rows);
    if (!b->line.open && (rows.count == 0 || !ps_lane_begin_other(b, us)))
        return;
    ps_line_end(&b->line, rows.rows, rows.count, open_as, PS_SKIPPED, &end, us);
}

void ps_lane_end_other(struct ps_lane_builder *b, enum ps_outcome open_as, bool phase_over, uint64_t us)
{
    struct ps_line_end end = {.identity = PS_SAME};
    const struct ps_rows *facts = &b->plan->facts[b->lane];
    if (b->line.open && b->line.head.scope == PS_LINE_FACTS)
        ps_line_end(&b->line, facts->rows, facts->count, open_as, PS_SKIPPED, &end, us);
    else if (b->phase == PS_WALK_GLOBAL)
        end_global(b, open_as, phase_over, us);
    else if (b->line.open)
        ps_line_end(&b->line, &b->plan->stat, 1, open_as, PS_SKIPPED, &end, us);
}
