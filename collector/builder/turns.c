/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/turns.h"

#include <stdlib.h>

/* Frames of one lane that are taken before the other lane's turn; how long to sleep when there are none; and how much
 * may wait for its memory line before the quiet lane has to. */
enum { TURN = 128 << 10, SLEEP_US = 2000, DRAFTS_MAX = 4 << 20 };

static void open_lane(struct ps_turns *t, unsigned i)
{
    const struct ps_builder_job *job = t->job;
    struct ps_lane_builder *lane = &t->lanes[i];
    lane->lane = (enum ps_reader) i;
    lane->control = job->control;
    lane->plan = job->plan;
    lane->roster = job->roster;
    lane->wanted = job->wanted;
    lane->dumps = job->dumps;
    lane->options = job->options;
    lane->line.dump.limits = job->dumps->limits; /* a copy: readers could change theirs */
    lane->line.dump.page_size = job->host->page_size;
    lane->line.content.budget = job->wanted->limits.recover_bytes;
    lane->rings = job->rings;
    lane->lives = &t->lives;
    lane->slot = i;
    lane->subject = PS_NO_SUBJECT;
    lane->line.out = t->out;
    lane->conductor = job->host->own ? (uint32_t) job->conductor : 0;
}

bool ps_turns_make(struct ps_turns *t, const struct ps_builder_job *job, struct ps_output *out)
{
    t->job = job;
    t->out = out;
    t->lives.pids = calloc(1, PS_PID_LIMIT / 8);
    for (unsigned i = 0; i < PS_LANES; i++)
        open_lane(t, i);
    return t->lives.pids != NULL;
}

/* Too many drafts: the quiet lane waits, unless nothing would ever take them away. And what it has to say of the closing
 * sweep is for when the memory lane has ended: phases are told in their order, and never inside of a line. */
static bool quiet_must_wait(const struct ps_turns *t)
{
    size_t waiting = 0;
    if (t->lanes[PS_MEMORY].line.stream.open)
        return true;
    if (t->lanes[PS_MEMORY].finished)
        return false;
    if (t->lanes[PS_QUIET].phase >= PS_WALK_CLOSING)
        return true;
    return ps_records_drafts(t->out->records, &waiting) > DRAFTS_MAX && waiting > 0;
}

/* The memory lane has ended: what it owes of the lives that the quiet lane has finished is skipped. */
static void fill_memory(struct ps_turns *t)
{
    struct ps_lane_builder *memory = &t->lanes[PS_MEMORY], *quiet = &t->lanes[PS_QUIET];
    uint32_t count = ps_lane_roster(quiet);
    for (; t->memory_filled < count; t->memory_filled++) {
        if (ps_lane_owes(quiet, t->memory_filled) && !quiet->finished && !t->lives.settled)
            return;
        if (ps_lane_owes(memory, t->memory_filled))
            ps_lane_skip(memory, t->memory_filled);
    }
    if (quiet->phase < PS_WALK_CLOSING || t->memory_said)
        return;
    t->memory_said = true;
    ps_output_phase(t->out, "memory-end", ps_boottime_us(), t->memory_filled);
}

/* The memory lane goes on with the content of files when both lanes have said all of the processes. */
static bool memory_must_wait(const struct ps_turns *t)
{
    return t->lanes[PS_MEMORY].phase == PS_WALK_CONTENT && !t->memory_said && !t->lanes[PS_QUIET].finished;
}

static void end_content(struct ps_turns *t)
{
    struct ps_lane_builder *memory = &t->lanes[PS_MEMORY];
    if (t->job->plan->content.count == 0 || t->content_said || !t->memory_said)
        return;
    ps_lane_skip_content(memory);
    t->content_said = true;
    ps_output_phase(t->out, "content-end", ps_boottime_us(), memory->contents);
}

static void sleep_a_little(struct ps_turns *t)
{
    struct ps_control *control = t->job->control;
    uint32_t bell = atomic_load(&control->doorbell);
    atomic_store(&control->builder_sleeps, 1);
    ps_futex_wait(&control->doorbell, bell, SLEEP_US);
    atomic_store(&control->builder_sleeps, 0);
}

/* What the prober was told comes before the end of the opening sweep: each process record may name its container. */
static bool take_facts(struct ps_turns *t)
{
    struct ps_lane_builder *prober = &t->lanes[PS_PROBER];
    bool moved = ps_lane_take(prober, TURN);
    if (prober->finished)
        ps_lane_skip_facts(prober);
    t->lanes[PS_QUIET].hold_opening = !prober->finished;
    return moved;
}

void ps_turns_take_all(struct ps_turns *t)
{
    struct ps_lane_builder *quiet = &t->lanes[PS_QUIET], *memory = &t->lanes[PS_MEMORY];
    const struct ps_lane_builder *prober = &t->lanes[PS_PROBER];
    while (ps_output_ok(t->out) && (!quiet->finished || !memory->finished || !prober->finished)) {
        bool moved = !prober->finished && !memory->line.stream.open && take_facts(t);
        moved = (!memory_must_wait(t) && ps_lane_take(memory, TURN)) || moved;
        if (memory->finished || memory->phase == PS_WALK_CONTENT)
            fill_memory(t);
        if (memory->finished)
            end_content(t);
        if (!quiet_must_wait(t))
            moved = ps_lane_take(quiet, TURN) || moved;
        if (!moved)
            sleep_a_little(t);
    }
}

void ps_turns_account(struct ps_turns *t)
{
    struct ps_lane_builder *quiet = &t->lanes[PS_QUIET];
    ps_lane_skip_global(quiet);
    ps_lane_settle(quiet);
    ps_lane_skip_facts(quiet);
    if (quiet->phase < PS_WALK_CLOSING)
        ps_output_phase(t->out, "quiet-end", ps_boottime_us(), t->lives.count);
    quiet->phase = PS_WALK_CLOSING;
    fill_memory(t);
    end_content(t);
}
