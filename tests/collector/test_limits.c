/* SPDX-License-Identifier: Apache-2.0
 *
 * Each test lays out a /proc and a /sys/fs/cgroup in a directory of its own and says what must be
 * read out of them.
 */
#include "collector/host/limits.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/collector/tree.h"

static const uint64_t mib = 1 << 20;

static struct tree tree;

static void set_up(void)
{
    tree_make(&tree);
    tree_put(&tree, "proc/meminfo", "MemTotal:       16384000 kB\nMemAvailable:    8388608 kB\n");
}

static void tear_down(void)
{
    tree_remove(&tree);
}

TestSuite(limits, .init = set_up, .fini = tear_down);

static struct ps_limits read_tree(void)
{
    struct ps_limits limits;
    int proc = openat(tree.dir, "proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int cgroup = openat(tree.dir, "cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);

    ps_limits_read(proc, cgroup, &limits);
    (void) close(proc);
    (void) close(cgroup);
    return limits;
}

static void put_v1_memory(const char *dir, const char *limit, const char *used, const char *stat)
{
    tree_put_in(&tree, dir, "memory.limit_in_bytes", limit);
    tree_put_in(&tree, dir, "memory.usage_in_bytes", used);
    tree_put_in(&tree, dir, "memory.stat", stat);
}

static void put_v2_memory(const char *dir, const char *limit, const char *used, const char *stat)
{
    tree_put_in(&tree, dir, "memory.max", limit);
    tree_put_in(&tree, dir, "memory.current", used);
    tree_put_in(&tree, dir, "memory.stat", stat);
}

static bool is(struct ps_limit limit, uint64_t value)
{
    return limit.known == PS_LIMITED && limit.value == value;
}

Test(limits, nothing_to_read_is_unknown_and_not_unlimited)
{
    struct ps_limits limits;

    ps_limits_read(-1, -1, &limits);
    cr_assert(eq(int, limits.memory_cgroup, PS_CGROUP_UNKNOWN));
    cr_assert(eq(int, limits.memory_bytes.known, PS_UNKNOWN));
    cr_assert(eq(int, limits.used_bytes.known, PS_UNKNOWN));
    cr_assert(eq(int, limits.headroom_bytes.known, PS_UNKNOWN));
    cr_assert(eq(int, limits.available_bytes.known, PS_UNKNOWN));
    cr_assert(eq(int, limits.cpu_millis.known, PS_UNKNOWN));
    cr_assert(eq(int, limits.open_files.known, PS_LIMITED), "our own limits need no file");
}

Test(limits, v2_with_a_cgroup_namespace_of_its_own)
{
    tree_put(&tree, "proc/self/cgroup", "0::/\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "cpu memory\n");
    tree_put(&tree, "cgroup/cpu.max", "25000 100000\n");
    put_v2_memory("cgroup", "536870912\n", "104857600\n",
                  "anon 99\ninactive_file 4194304\nactive_file 5\n");

    struct ps_limits limits = read_tree();
    cr_assert(eq(int, limits.memory_cgroup, PS_CGROUP_V2));
    cr_assert(eq(int, limits.cpu_cgroup, PS_CGROUP_V2));
    cr_assert(is(limits.memory_bytes, 512 * mib));
    cr_assert(is(limits.used_bytes, 100 * mib));
    cr_assert(is(limits.headroom_bytes, 416 * mib));
    cr_assert(is(limits.available_bytes, 8192 * mib));
    cr_assert(is(limits.cpu_millis, 250));
}

Test(limits, what_nobody_can_take_back_is_not_left)
{
    tree_put(&tree, "proc/self/cgroup", "0::/\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "cpu memory\n");
    put_v2_memory("cgroup", "67108864\n", "67108864\n",
                  "anon 20971520\nshmem 1048576\nslab_unreclaimable 1048576\nactive_file 40000000\n");
    struct ps_limits limits = read_tree();
    cr_assert(is(limits.left_bytes, 42 * mib), "page cache is left, also when it is in use");

    put_v2_memory("cgroup", "67108864\n", "67108864\n", "anon 99999999\n");
    cr_assert(is(read_tree().left_bytes, 0));
    put_v2_memory("cgroup", "67108864\n", "67108864\n", "file 5\n");
    cr_assert(eq(int, read_tree().left_bytes.known, PS_UNKNOWN));
}

Test(limits, v2_counts_every_level_up_to_the_mount)
{
    tree_put(&tree, "proc/self/cgroup", "0::/task/app\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "cpu memory\n");
    tree_put(&tree, "cgroup/task/cpu.max", "150000 100000\n");
    tree_put(&tree, "cgroup/task/app/cpu.max", "max 100000\n");
    put_v2_memory("cgroup/task", "1073741824\n", "1063256064\n", "inactive_file 0\n");
    put_v2_memory("cgroup/task/app", "536870912\n", "104857600\n", "inactive_file 0\n");

    struct ps_limits limits = read_tree();
    cr_assert(is(limits.memory_bytes, 512 * mib));
    cr_assert(is(limits.used_bytes, 100 * mib));
    cr_assert(is(limits.headroom_bytes, 10 * mib), "the task as a whole is nearly full");
    cr_assert(is(limits.cpu_millis, 1500));
}

Test(limits, v2_max_is_unlimited_and_leaves_what_the_machine_has)
{
    tree_put(&tree, "proc/self/cgroup", "0::/\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "cpu memory\n");
    tree_put(&tree, "cgroup/cpu.max", "max 100000\n");
    put_v2_memory("cgroup", "max\n", "104857600\n", "inactive_file 0\n");

    struct ps_limits limits = read_tree();
    cr_assert(eq(int, limits.memory_bytes.known, PS_UNLIMITED));
    cr_assert(eq(int, limits.cpu_millis.known, PS_UNLIMITED));
    cr_assert(is(limits.headroom_bytes, 8192 * mib));
}

Test(limits, v1_path_below_the_mount_as_on_fargate)
{
    tree_put(&tree, "proc/self/cgroup",
             "11:devices:/ecs/34dc/34dc-1234567890\n9:memory:/ecs/34dc/34dc-1234567890\n"
             "4:cpu,cpuacct:/ecs/34dc/34dc-1234567890\n1:name=systemd:/\n");
    tree_put(&tree, "cgroup/memory/cgroup.sane_behavior", "0\n");
    put_v1_memory("cgroup/memory", "9223372036854771712\n", "900000000\n",
                  "total_inactive_file 0\n");
    put_v1_memory("cgroup/memory/ecs/34dc", "2147483648\n", "209715200\n",
                  "total_inactive_file 0\n");
    put_v1_memory("cgroup/memory/ecs/34dc/34dc-1234567890", "9223372036854771712\n", "104857600\n",
                  "inactive_file 7\ntotal_inactive_file 0\n");
    tree_put(&tree, "cgroup/cpu,cpuacct/ecs/34dc/cpu.cfs_quota_us", "-1\n");
    tree_put(&tree, "cgroup/cpu,cpuacct/ecs/34dc/cpu.cfs_period_us", "100000\n");
    tree_put(&tree, "cgroup/cpu,cpuacct/ecs/34dc/34dc-1234567890/cpu.cfs_quota_us", "50000\n");
    tree_put(&tree, "cgroup/cpu,cpuacct/ecs/34dc/34dc-1234567890/cpu.cfs_period_us", "100000\n");

    struct ps_limits limits = read_tree();
    cr_assert(eq(int, limits.memory_cgroup, PS_CGROUP_V1));
    cr_assert(is(limits.memory_bytes, 2048 * mib));
    cr_assert(is(limits.used_bytes, 100 * mib));
    cr_assert(is(limits.headroom_bytes, 1848 * mib));
    cr_assert(is(limits.cpu_millis, 500));
}

Test(limits, v1_own_cgroup_is_mounted_at_the_top)
{
    tree_put(&tree, "proc/self/cgroup",
             "9:memory:/ecs/34dc/34dc-1234567890\n3:cpu:/ecs/34dc/34dc-1234567890\n");
    put_v1_memory("cgroup/memory", "536870912\n", "104857600\n", "total_inactive_file 104857600\n");
    tree_put(&tree, "cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    tree_put(&tree, "cgroup/cpu/cpu.cfs_period_us", "100000\n");

    struct ps_limits limits = read_tree();
    cr_assert(is(limits.memory_bytes, 512 * mib));
    cr_assert(is(limits.headroom_bytes, 512 * mib), "cache that nobody uses is no use");
    cr_assert(eq(int, limits.cpu_millis.known, PS_UNLIMITED));
}

Test(limits, v1_path_that_leads_nowhere_below_the_true_root_is_unknown)
{
    tree_put(&tree, "proc/self/cgroup", "9:memory:/../elsewhere\n");
    tree_put(&tree, "cgroup/memory/cgroup.sane_behavior", "0\n");
    put_v1_memory("cgroup/memory", "9223372036854771712\n", "104857600\n",
                  "total_inactive_file 0\n");

    struct ps_limits limits = read_tree();
    cr_assert(eq(int, limits.memory_cgroup, PS_CGROUP_UNKNOWN));
    cr_assert(eq(int, limits.memory_bytes.known, PS_UNKNOWN));
    cr_assert(is(limits.headroom_bytes, 8192 * mib));
}

Test(limits, hybrid_host_keeps_each_controller_apart)
{
    tree_put(&tree, "proc/self/cgroup", "4:memory:/a\n0::/b\n");
    put_v1_memory("cgroup/memory/a", "268435456\n", "0\n", "total_inactive_file 0\n");
    tree_put(&tree, "cgroup/unified/b/cpu.max", "10000 100000\n");

    struct ps_limits limits = read_tree();
    cr_assert(eq(int, limits.memory_cgroup, PS_CGROUP_V1));
    cr_assert(eq(int, limits.cpu_cgroup, PS_CGROUP_V2));
    cr_assert(is(limits.memory_bytes, 256 * mib));
    cr_assert(is(limits.cpu_millis, 100));
}

Test(limits, more_used_than_allowed_leaves_nothing)
{
    tree_put(&tree, "proc/self/cgroup", "0::/\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "memory\n");
    put_v2_memory("cgroup", "1000\n", "2000\n", "inactive_file 500\n");

    cr_assert(is(read_tree().headroom_bytes, 0));
}

Test(limits, the_machine_may_have_less_than_the_cgroup)
{
    tree_put(&tree, "proc/self/cgroup", "0::/\n");
    tree_put(&tree, "proc/meminfo", "MemFree: 1 kB\nMemAvailable:    2048 kB\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "memory\n");
    put_v2_memory("cgroup", "536870912\n", "0\n", "inactive_file 0\n");

    cr_assert(is(read_tree().headroom_bytes, 2 * mib));
}

Test(limits, a_path_that_climbs_out_is_not_followed)
{
    tree_put(&tree, "proc/self/cgroup", "0::/../outside\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "memory\n");
    put_v2_memory("outside", "77\n", "1\n", "inactive_file 0\n");

    cr_assert(eq(int, read_tree().memory_bytes.known, PS_UNKNOWN));
}

static const char *const malformed[] = {
    "", "\n", "lots\n", "-1\n", "12 kB\n", "0x100\n", "99999999999999999999\n", "max", "maximum\n",
};

Test(limits, malformed_numbers_are_unknown)
{
    tree_put(&tree, "proc/self/cgroup", "3:memory:/\n0::/\n");
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        put_v1_memory("cgroup/memory", malformed[i], malformed[i], malformed[i]);
        struct ps_limits limits = read_tree();
        cr_assert(eq(int, limits.memory_bytes.known, PS_UNKNOWN), "limit \"%s\"", malformed[i]);
        cr_assert(eq(int, limits.used_bytes.known, PS_UNKNOWN), "use \"%s\"", malformed[i]);
    }
}

static const char *const malformed_quotas[] = {
    "",
    "max\n",
    "max 0x\n",
    "100000\n",
    "1 0\n",
    "-1 100000\n",
    "99999999999999999999 1\n",
    "18446744073709551615 1\n",
    "1 2 3\n",
};

Test(limits, malformed_quotas_are_unknown)
{
    tree_put(&tree, "proc/self/cgroup", "0::/\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "cpu\n");
    for (size_t i = 0; i < sizeof malformed_quotas / sizeof malformed_quotas[0]; i++) {
        tree_put(&tree, "cgroup/cpu.max", malformed_quotas[i]);
        cr_assert(eq(int, read_tree().cpu_millis.known, PS_UNKNOWN), "\"%s\"", malformed_quotas[i]);
    }
}

static const char *const malformed_cgroups[] = {
    "",
    "\n",
    "0\n",
    "0:\n",
    "::\n",
    "memory\n",
    "0:memory\n",
    "1:name=systemd:/\n",
    "1:memor:/\n1:xmemory:/\n",
};

Test(limits, malformed_membership_is_unknown)
{
    put_v1_memory("cgroup/memory", "1000\n", "1\n", "");
    for (size_t i = 0; i < sizeof malformed_cgroups / sizeof malformed_cgroups[0]; i++) {
        tree_put(&tree, "proc/self/cgroup", malformed_cgroups[i]);
        cr_assert(eq(int, read_tree().memory_bytes.known, PS_UNKNOWN), "\"%s\"",
                  malformed_cgroups[i]);
    }
}

Test(limits, a_file_too_long_to_be_the_kernels_is_unknown)
{
    enum { LONG = 64 << 10 };
    char *text = malloc(LONG + 1);

    cr_assert(ne(ptr, text, NULL));
    memset(text, '1', LONG);
    text[LONG] = '\0';
    tree_put(&tree, "proc/self/cgroup", "0::/\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "memory\n");
    put_v2_memory("cgroup", text, text, text);
    free(text);

    cr_assert(eq(int, read_tree().memory_bytes.known, PS_UNKNOWN));
}

Test(limits, a_fifo_in_place_of_a_file_does_not_block)
{
    tree_put(&tree, "proc/self/cgroup", "0::/\n");
    tree_put(&tree, "cgroup/cgroup.controllers", "memory\n");
    cr_assert(eq(int, mkfifoat(tree.dir, "cgroup/memory.max", 0600), 0));

    cr_assert(eq(int, read_tree().memory_bytes.known, PS_UNKNOWN));
}

Test(limits, our_own_can_be_read_here)
{
    struct ps_limits limits;

    ps_limits_own(&limits);
    cr_assert(eq(int, limits.available_bytes.known, PS_LIMITED));
    cr_assert(gt(u64, limits.available_bytes.value, 0));
    cr_assert(eq(int, limits.headroom_bytes.known, PS_LIMITED));
}
