/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sandbox/hardening.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/sandbox/filter.h"
#include "tests/collector/tree.h"

/* The exit status of what runs in a child. */
static int in_child(int (*act)(void))
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) _exit(act());
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static bool keeps_only_those_listed(void)
{
    const int keep[] = {700, -1, 1, 13, 700};
    const int drop[] = {0, 2, 12, 14, 699, 701};
    const int opened[] = {0, 1, 2, 12, 13, 14, 699, 700, 701};
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    for (size_t i = 0; i < sizeof opened / sizeof opened[0]; i++)
        if (dup2(null, opened[i]) < 0) return false;
    if (ps_harden_descriptors(keep, sizeof keep / sizeof keep[0]) != 0) return false;
    for (size_t i = 0; i < sizeof drop / sizeof drop[0]; i++)
        if (is_open(drop[i])) return false;
    return is_open(700) && is_open(1) && is_open(13);
}

static int try_descriptors(void)
{
    return keeps_only_those_listed() ? 0 : 1;
}

/* The builder's filter answers close_range with EPERM: the loop must do it. */
static int try_descriptors_without_close_range(void)
{
    int moved = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int keep[] = {5, 640};

    if (dup2(moved, 5) < 0 || dup2(moved, 6) < 0 || dup2(moved, 639) < 0 || dup2(moved, 640) < 0 ||
        dup2(moved, 641) < 0)
        return 2;
    if (ps_sandbox_enter(PS_ROLE_BUILDER).state != PS_SANDBOX_ON) return 77;
    if (ps_harden_descriptors(keep, 2) != 0) return 3;
    return is_open(5) && is_open(640) && !is_open(6) && !is_open(639) && !is_open(641) &&
                   !is_open(0)
               ? 0
               : 1;
}

static int try_all_closed(void)
{
    return ps_harden_descriptors(NULL, 0) == 0 && !is_open(0) && !is_open(1) && !is_open(2) ? 0 : 1;
}

static int try_memory(void)
{
    struct rlimit core;

    if (ps_harden_memory() != 0 || getrlimit(RLIMIT_CORE, &core) != 0) return 2;
    return core.rlim_cur == 0 && core.rlim_max == 0 &&
                   prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) == 0
               ? 0
               : 1;
}

static int try_oom(void)
{
    char text[16] = {0};
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (ps_harden_oom(proc) != 0) return 2;
    int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
    return read(fd, text, sizeof text - 1) == 5 && strcmp(text, "1000\n") == 0 ? 0 : 1;
}

Test(hardening, descriptors_that_are_not_listed_are_closed)
{
    cr_assert(eq(int, in_child(try_descriptors), 0));
    cr_assert(eq(int, in_child(try_all_closed), 0));
}

Test(hardening, the_same_without_close_range)
{
    int status = in_child(try_descriptors_without_close_range);

    if (status == 77) cr_skip_test("no seccomp filter here");
    cr_assert(eq(int, status, 0));
}

Test(hardening, a_list_that_is_too_long_closes_nothing)
{
    int keep[PS_KEEP_MAX + 1] = {0};

    cr_assert(eq(int, ps_harden_descriptors(keep, PS_KEEP_MAX + 1), EINVAL));
    cr_assert(is_open(1));
}

Test(hardening, no_core_and_not_dumpable)
{
    cr_assert(eq(int, in_child(try_memory), 0));
}

Test(hardening, out_of_memory_ends_us_first)
{
    cr_assert(eq(int, in_child(try_oom), 0));
}

Test(hardening, a_procfs_without_that_file_is_told)
{
    struct tree tree;

    tree_make(&tree);
    cr_expect(eq(int, ps_harden_oom(tree.dir), ENOENT));
    tree_remove(&tree);
    cr_assert(eq(int, ps_harden_oom(-1), EBADF));
}
