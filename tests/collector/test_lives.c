/* SPDX-License-Identifier: Apache-2.0
 *
 * Who a life is, when the roster that says so is changed by a corrupted reader.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "collector/builder/lives.h"
#include "collector/procfs/reader.h"

static struct ps_lives lives;

static void setup(void)
{
    lives = (struct ps_lives){.pids = calloc(1, PS_PID_LIMIT / 8)};
}

static void teardown(void)
{
    free(lives.items);
    free(lives.pids);
}

TestSuite(lives, .init = setup, .fini = teardown);

static struct ps_life *claim(uint32_t subject, uint32_t pid, uint64_t start, uint8_t lane)
{
    const struct ps_roster_entry entry = {.pid = pid, .start = start};
    bool memory = true;
    struct ps_life *life = ps_lives_claim(&lives, subject, &entry, lane, &memory);
    cr_expect(not(memory));
    return life;
}

static void expect_name(uint32_t subject, const char *want)
{
    char name[PS_LIFE_NAME];
    cr_assert(ps_lives_at(&lives, subject) != NULL);
    ps_life_name(ps_lives_at(&lives, subject), name);
    cr_expect(eq(str, name, (char *) (uintptr_t) want));
}

Test(lives, each_lane_has_one_line_of_each)
{
    cr_expect(ps_lives_at(&lives, 5000) == NULL);
    cr_expect(claim(5000, 7, 100, PS_LIFE_QUIET) != NULL);
    cr_expect(claim(5000, 7, 100, PS_LIFE_QUIET) == NULL);
    cr_expect(claim(5000, 7, 100, PS_LIFE_MEMORY) != NULL);
    cr_expect(eq(u64, lives.processes, 1));
    expect_name(5000, "7");
}

Test(lives, a_second_life_of_a_pid_is_called_by_its_start)
{
    cr_expect(claim(0, 7, 100, PS_LIFE_QUIET) != NULL);
    cr_expect(claim(1, 7, 200, PS_LIFE_QUIET) != NULL);
    cr_expect(claim(2, 7, 200, PS_LIFE_QUIET) == NULL); /* that one has lines already */
    cr_expect(claim(3, 7, 100, PS_LIFE_MEMORY) == NULL);
    expect_name(0, "7");
    expect_name(1, "7+200");
}

Test(lives, who_it_is_does_not_change_between_two_lines)
{
    cr_expect(claim(0, 7, 100, PS_LIFE_QUIET) != NULL);
    struct ps_life *life = claim(0, 8, 300, PS_LIFE_MEMORY);
    cr_assert(life != NULL);
    cr_expect(eq(u32, life->pid, 7));
    cr_expect(eq(u64, life->start, 100));
}

Test(lives, no_pid_at_all)
{
    cr_expect(claim(0, 0, 100, PS_LIFE_QUIET) == NULL);
    cr_expect(claim(1, PS_PID_LIMIT, 100, PS_LIFE_QUIET) == NULL);
    cr_expect(ps_lives_at(&lives, 0) == NULL);
}
