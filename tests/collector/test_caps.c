/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/caps.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const uint64_t mib = 1 << 20;

static struct ps_caps caps_for(uint64_t headroom, const char *dest)
{
    struct ps_options options = {.dest = dest, .profile = PS_STANDARD, .recover = true};
    struct ps_limits limits = {.headroom_bytes = {.known = PS_LIMITED, .value = headroom}};
    struct ps_caps caps;

    ps_caps_make(&options, &limits, &caps);
    return caps;
}

Test(caps, room_enough_or_unknown_changes_nothing)
{
    struct ps_options options = {.dest = "-", .profile = PS_STANDARD, .recover = true};
    struct ps_limits unknown = {.headroom_bytes = {.known = PS_UNKNOWN}};
    struct ps_caps caps, ample = caps_for(8192 * mib, "/dev/shm/x");

    ps_caps_make(&options, &unknown, &caps);
    cr_assert(eq(int, caps.lowered, false));
    cr_assert(eq(int, ample.lowered, false));
    cr_assert(eq(u64, caps.capture_bytes, 16 * mib));
    cr_assert(eq(u64, ample.recover_bytes, 512 * mib));
    cr_assert(eq(u64, ample.floor_bytes, 0));
}

Test(caps, what_is_held_at_once_fits_the_room)
{
    for (uint64_t room = 16; room <= 1024; room *= 2) {
        struct ps_caps c = caps_for(room * mib, "/dev/shm/x");
        uint64_t held = 3 * c.capture_bytes + 2 * c.socket_text_bytes + 2 * UINT64_C(24) * c.socket_rows;

        cr_assert(c.lowered);
        cr_assert(le(u64, held, room * mib * 2 / 3), "%llu MiB of room", (unsigned long long) room);
        cr_assert(le(u64, c.recover_bytes + c.dump_bytes, room * mib / 2));
        cr_assert(gt(u64, c.floor_bytes, 0));
    }
}

Test(caps, content_on_a_disk_takes_no_memory)
{
    struct ps_caps c = caps_for(32 * mib, "-");

    cr_assert(eq(u64, c.recover_bytes, 512 * mib));
    cr_assert(lt(u64, c.capture_bytes, 16 * mib));
}

Test(caps, no_room_at_all_still_reads_what_is_small)
{
    struct ps_caps c = caps_for(0, "/dev/shm/x");

    cr_assert(ge(u64, c.capture_bytes, 256 << 10));
    cr_assert(ge(u32, c.socket_rows, 4096));
    cr_assert(eq(u64, c.recover_bytes, 0));
    cr_assert(eq(u64, c.floor_bytes, 0), "the run would end before it began");
}
