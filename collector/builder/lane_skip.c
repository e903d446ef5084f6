/* SPDX-License-Identifier: Apache-2.0
 *
 * What nobody read is told as `skipped`: of one life, and at the end of a lane.
 */
#include <stdio.h>

#include "collector/builder/lane_line.h"
#include "collector/host/clock.h"
#include "collector/procfs/reader.h"

bool ps_lane_owes(const struct ps_lane_builder *b, uint32_t subject)
{
    const struct ps_life *life = ps_lives_at(b->lives, subject);
    return b->roster->entries[subject].chosen && !(life && life->flags & ps_lane_flag(b));
}

void ps_lane_skip(struct ps_lane_builder *b, uint32_t subject)
{
    uint64_t now = ps_boottime_us();
    struct ps_line_end end = {.identity = PS_UNVERIFIED};
    if (ps_lane_begin_process(b, subject, now))
        ps_lane_end_process(b, PS_SKIPPED, PS_SKIPPED, &end, now);
}

uint32_t ps_lane_roster(const struct ps_lane_builder *b)
{
    uint32_t count = b->lives->settled ? b->lives->count : atomic_load(&b->roster->count);
    return count < PS_ROSTER_MAX ? count : PS_ROSTER_MAX;
}

void ps_lane_settle(struct ps_lane_builder *quiet)
{
    quiet->lives->count = ps_lane_roster(quiet);
    quiet->lives->settled = true;
    for (uint32_t i = 0; i < quiet->lives->count && !quiet->line.out->failed; i++) {
        if (ps_lane_owes(quiet, i))
            ps_lane_skip(quiet, i);
    }
}

void ps_lane_skip_global(struct ps_lane_builder *b)
{
    if (b->phase == PS_WALK_GLOBAL)
        ps_lane_end_other(b, PS_SKIPPED, true, ps_boottime_us());
}

void ps_lane_skip_facts(struct ps_lane_builder *b)
{
    uint64_t now = ps_boottime_us();
    if (b->facts_told || b->plan->facts[b->lane].count == 0)
        return;
    ps_lane_begin_facts(b, now);
    ps_lane_end_other(b, PS_SKIPPED, false, now);
}

/* One line with one capture that nobody made. */
static void skip_file(struct ps_lane_builder *b, uint32_t subject, uint16_t row, const char *entry)
{
    uint64_t now = ps_boottime_us();
    struct ps_line_end end = {.identity = PS_UNVERIFIED};
    struct ps_capture skipped = {.outcome = PS_SKIPPED};
    if (b->line.open || !ps_lane_begin_content(b, subject, now))
        return;
    b->contents++;
    if (ps_content_begin(&b->line, row, ps_span_text(entry), ps_span_text(""), NULL, now))
        (void) !ps_content_end(&b->line, &skipped, false, now);
    ps_lane_end_process(b, PS_SKIPPED, PS_SKIPPED, &end, now);
}

/* The drift list: one for each life. */
static void skip_list(struct ps_lane_builder *b, uint32_t subject)
{
    struct ps_life *life = ps_lives_at(b->lives, subject);
    if (!life || life->flags & PS_LIFE_FILES)
        return;
    life->flags |= PS_LIFE_FILES;
    skip_file(b, subject, b->plan->of.files, "");
}

/* The memory of a life that nobody came to. */
static void skip_dump(struct ps_lane_builder *b, uint32_t subject, uint32_t chosen)
{
    uint64_t now = ps_boottime_us();
    struct ps_line_end end = {.identity = PS_UNVERIFIED};
    if (b->line.open || !ps_lane_begin_content(b, subject, now))
        return;
    b->lives->items[subject].flags |= PS_LIFE_DUMP;
    b->contents++;
    if (ps_dump_part(&b->line, b->plan->of.mem, PS_DUMP_BEGIN, ps_span_of(&chosen, sizeof chosen), now))
        ps_dump_close(&b->line, PS_SKIPPED, now);
    ps_lane_end_process(b, PS_SKIPPED, PS_SKIPPED, &end, now);
}

static void skip_dumps(struct ps_lane_builder *b)
{
    for (uint32_t i = 0; i < ps_lane_roster(b); i++) {
        uint32_t chosen = ps_dumps_chosen(b->dumps, b->options, &b->roster->entries[i], i);
        const struct ps_life *life = ps_lives_at(b->lives, i);
        if (chosen && life && !(life->flags & PS_LIFE_DUMP))
            skip_dump(b, i, chosen);
    }
}

/* One capture for all that a process has mapped, or names in its arguments, and nobody looked at. */
static void skip_noted(struct ps_lane_builder *b)
{
    const struct ps_noted *noted = &b->wanted->noted;
    uint32_t count = atomic_load(&noted->count), last = PS_NO_SUBJECT;
    for (uint32_t i = 0; i < count && i < PS_NOTED_MAX; i++) {
        uint32_t subject = noted->notes[i].subject;
        if (atomic_load(&noted->notes[i].looked) || subject == last)
            continue;
        last = subject;
        skip_file(b, subject, b->plan->of.map, "");
    }
}

/* The list is in memory that readers write: every number of it is checked. */
void ps_lane_skip_content(struct ps_lane_builder *b)
{
    const struct ps_wanted *w = b->wanted;
    uint32_t count = atomic_load(&w->count);
    uint32_t roots = atomic_load(&w->root_count);
    for (uint32_t i = 0; i < count && i < PS_WANTED_MAX; i++) {
        struct ps_wanted_item item = w->items[i];
        char fd[16] = "";
        if (b->wanted_done[i / 8] >> i % 8 & 1)
            continue;
        if (item.sort == PS_WANT_FD)
            snprintf(fd, sizeof fd, "%u", item.fd);
        skip_file(b, item.lives[0], item.sort == PS_WANT_FD ? b->plan->of.fd : b->plan->of.exe, fd);
    }
    if (b->plan->dumps)
        skip_dumps(b);
    if (b->plan->content.count <= 2)
        return;
    skip_noted(b);
    for (uint32_t i = atomic_load(&w->roots_done); i < roots && i < PS_ROOTS_MAX; i++)
        skip_list(b, w->roots[i].subject);
}
