/* SPDX-License-Identifier: Apache-2.0
 *
 * The lane of a reader that is corrupted: it writes into the roster what it likes, and frames that make no sense.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "collector/builder/lane.h"
#include "collector/procfs/reader.h"

static struct ps_options options;
static struct ps_caps caps;
static struct ps_plan plan;
static struct ps_control *control;
static struct ps_roster *roster;
static struct ps_lives lives;
static struct ps_output out;
static struct ps_ring rings[1];
static struct ps_ring writer;
static struct ps_lane_builder lane;

static bool swallow(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) data;
    (void) err;
    *(size_t *) context += len;
    return true;
}

static void setup(void)
{
    static const struct ps_records_facts facts = {.bundle = "test", .boot_id = "", .clk_tck = 100};
    static const struct ps_limits limits;
    static size_t written;
    struct ps_error err;
    options = ps_options_default();
    ps_caps_make(&options, &limits, &caps);
    ps_plan_make(&options, &plan);
    control = ps_control_make(&err);
    roster = ps_roster_make(&err);
    lives = (struct ps_lives){.pids = calloc(1, PS_PID_LIMIT / 8)};
    cr_assert(control != NULL && roster != NULL && lives.pids != NULL && ps_ring_make(&rings[0], &err));
    writer = rings[0];
    out = (struct ps_output){0};
    out.bundle = ps_bundle_new("procsnap-20261122t080049z-0b4591d8", 0, 1, NULL, swallow, &written, &err);
    out.records = ps_records_new(&facts, ps_output_records, &out);
    cr_assert(out.bundle != NULL && out.records != NULL);
    lane = (struct ps_lane_builder){.lane = PS_QUIET, .control = control, .plan = &plan, .roster = roster};
    lane.rings = rings;
    lane.lives = &lives;
    lane.subject = PS_NO_SUBJECT;
    lane.options = &options;
    lane.line.out = &out;
    atomic_store(&control->slots[0].state, PS_SLOT_ACTIVE);
}

TestSuite(lane, .init = setup);

static void life(uint32_t index, uint32_t pid)
{
    roster->entries[index] = (struct ps_roster_entry){.pid = pid, .start = 1, .chosen = 1};
    atomic_store(&roster->count, index + 1);
}

static void send(uint8_t kind, uint32_t subject, uint32_t row)
{
    struct ps_frame frame = {.kind = kind, .subject = subject, .row = row, .us = 1};
    (void) ps_ring_reserve(&writer, 0, 0);
    ps_ring_commit(&writer, &frame, "", 0);
}

static void take_all(void)
{
    while (ps_lane_take(&lane, 1 << 16) && !lane.broken)
        continue;
}

static void end_of(enum ps_walk_phase phase)
{
    send(PS_FRAME_PHASE, PS_NO_SUBJECT, phase);
    take_all();
    cr_assert(not(lane.broken));
}

Test(lane, lives_that_nobody_walked_are_skipped_when_the_walk_is_over)
{
    life(0, 4711);
    life(1, 4712);
    end_of(PS_WALK_GLOBAL);
    end_of(PS_WALK_OPENING);
    send(PS_FRAME_SUBJECT, 0, 0);
    send(PS_FRAME_DONE, 0, 0);
    take_all();
    cr_expect(not(ps_lane_owes(&lane, 0)));
    cr_expect(ps_lane_owes(&lane, 1));

    end_of(PS_WALK_PROCESSES);
    cr_expect(not(ps_lane_owes(&lane, 1)));
    cr_expect(eq(u64, lives.processes, 2));
}

Test(lane, lives_that_appear_after_the_walk_are_not_waited_for)
{
    life(0, 4711);
    end_of(PS_WALK_GLOBAL);
    end_of(PS_WALK_OPENING);
    end_of(PS_WALK_PROCESSES);
    cr_expect(lives.settled);

    life(1, 4712);
    atomic_store(&roster->count, UINT32_MAX);
    cr_expect(eq(u32, ps_lane_roster(&lane), 1));
    send(PS_FRAME_SUBJECT, 1, 0);
    take_all();
    cr_expect(lane.broken);
    cr_expect(eq(u64, lives.processes, 1));
}

Test(lane, phases_come_in_their_order)
{
    send(PS_FRAME_PHASE, PS_NO_SUBJECT, PS_WALK_PROCESSES);
    take_all();
    cr_expect(lane.broken);
}

Test(lane, what_another_capture_has_is_not_here_as_well)
{
    struct ps_frame end = {.kind = PS_FRAME_END, .row = plan.stat, .outcome = PS_SHARED, .as_uid = PS_NO_SUBJECT};
    life(0, 4711);
    end_of(PS_WALK_GLOBAL);
    end_of(PS_WALK_OPENING);
    send(PS_FRAME_SUBJECT, 0, 0);
    send(PS_FRAME_BEGIN, 0, plan.stat);
    send(PS_FRAME_ITEM, 0, plan.stat);
    take_all();
    cr_assert(not(lane.broken));
    (void) ps_ring_reserve(&writer, 0, 0);
    ps_ring_commit(&writer, &end, "", 0);
    take_all();
    cr_expect(lane.broken);
}

Test(lane, no_more_lives_are_believed_in_than_the_roster_has_room_for)
{
    atomic_store(&roster->count, UINT32_MAX);
    cr_expect(eq(u32, ps_lane_roster(&lane), PS_ROSTER_MAX));
}
