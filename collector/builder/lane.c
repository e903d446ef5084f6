/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/lane.h"

#include <stdio.h>

#include "collector/builder/lane_line.h"
#include "collector/host/clock.h"
#include "collector/procfs/reader.h"

/* A sweep has one capture for all: the process at whose stat it was given up is told by its pid. */
static void name_the_stuck(struct ps_lane_builder *b, const struct ps_slot *slot)
{
    uint32_t phase = atomic_load(&slot->phase), pid = atomic_load(&slot->position);
    char name[16];
    bool sweep = phase == PS_WALK_OPENING || phase == PS_WALK_CLOSING;
    if (!sweep || phase != (uint32_t) b->phase || pid == 0 || pid >= PS_PID_LIMIT)
        return;
    snprintf(name, sizeof name, "%u", pid);
    (void) !ps_line_lost(&b->line, b->plan->stat, ps_span_text(name), PS_TIMED_OUT, NULL);
}

/* The writer was killed or lost in the middle: what was open is closed as it stands. */
static void close_open_line(struct ps_lane_builder *b)
{
    struct ps_slot *slot = &b->control->slots[b->slot];
    enum ps_outcome open_as = atomic_load(&slot->timed_out) ? PS_TIMED_OUT : PS_SKIPPED;
    if (!b->line.open)
        return;
    if (b->subject == PS_NO_SUBJECT) {
        if (open_as == PS_TIMED_OUT)
            name_the_stuck(b, slot);
        ps_lane_end_other(b, open_as, false, ps_boottime_us());
        return;
    }
    struct ps_line_end end = {.identity = PS_UNVERIFIED};
    ps_lane_end_process(b, open_as, PS_SKIPPED, &end, ps_boottime_us());
}

/* Nothing is pending: is that all there will be from this slot? */
static bool slot_over(struct ps_lane_builder *b)
{
    struct ps_slot *slot = &b->control->slots[b->slot];
    uint32_t state = atomic_load(&slot->state);
    if (state == PS_SLOT_FREE || state == PS_SLOT_ACTIVE)
        return false;
    if (!b->broken && ps_ring_pending(&b->rings[b->slot]) > 0)
        return false; /* written just before the state changed */
    close_open_line(b);
    b->finished = state == PS_SLOT_ENDED;
    b->slot_drained = true;
    b->broken = false;
    if (state == PS_SLOT_ENDED || state == PS_SLOT_RETIRED) {
        uint32_t expected = state;
        atomic_compare_exchange_strong(&slot->state, &expected, PS_SLOT_DRAINED);
    }
    return true;
}

static bool follow_lane(struct ps_lane_builder *b)
{
    uint32_t slot = atomic_load(&b->control->lanes[b->lane].slot);
    if (!b->slot_drained)
        return true;
    if (slot != b->slot && slot < PS_SLOTS) {
        b->slot = slot;
        b->slot_drained = false;
        b->rings[slot].at = 0;
        return true;
    }
    if (atomic_load(&b->control->lanes[b->lane].over))
        b->finished = true;
    return false;
}

bool ps_lane_take(struct ps_lane_builder *b, size_t budget)
{
    bool moved = false;
    if (b->finished || !follow_lane(b))
        return false;
    struct ps_ring *ring = &b->rings[b->slot];
    for (size_t taken = 0; taken < budget && !b->line.out->failed && !b->broken;) {
        struct ps_frame frame;
        const uint8_t *name, *data;
        enum ps_take take = ps_ring_peek(ring, &frame, &name, &data);
        if (take == PS_TAKE_NONE)
            break;
        if (take == PS_TAKE_FRAME && b->hold_opening && frame.kind == PS_FRAME_PHASE && frame.row == PS_WALK_OPENING)
            return moved;
        if (take == PS_TAKE_BROKEN || !ps_lane_frame(b, &frame, name, data)) {
            b->broken = true;
            atomic_store(&b->control->broken, b->slot + 1);
            break;
        }
        ps_ring_drop(ring, &frame);
        taken += frame.size;
        moved = true;
        if (frame.kind == PS_FRAME_PHASE)
            break; /* what the other lane owes before the next phase comes first */
    }
    return moved ? true : slot_over(b);
}
