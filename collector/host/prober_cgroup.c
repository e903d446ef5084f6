/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collector/host/limits.h"
#include "collector/host/prober_state.h"

/* linux/magic.h */
static const long cgroup_magic = 0x27e0eb, cgroup2_magic = 0x63677270;

enum { FILE_MAX_BYTES = 64 << 10 };

/* Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/; a name ends where the version has no such file. */
static const struct {
    const char *controller, *v2[10], *v1[10];
} controllers[] = {
    {"memory",
     {"memory.max", "memory.high", "memory.current", "memory.peak", "memory.swap.max", "memory.swap.current",
      "memory.events", "memory.stat"},
     {"memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.failcnt",
      "memory.oom_control", "memory.stat"}},
    {"cpu", {"cpu.max", "cpu.stat"}, {"cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.stat"}},
    {"pids", {"pids.max", "pids.current", "pids.events"}, {"pids.max", "pids.current", "pids.events"}},
};

static void read_file(struct ps_prober *p, uint16_t row, int dir, const char *name)
{
    static uint8_t bytes[FILE_MAX_BYTES];
    size_t len = 0;
    ssize_t got = 0;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    int why = fd < 0 ? errno : 0;
    while (fd >= 0 && len < sizeof bytes) {
        got = read(fd, bytes + len, sizeof bytes - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t) got;
    }
    why = got < 0 ? errno : len == sizeof bytes ? EOVERFLOW : why;
    if (fd >= 0)
        close(fd);
    if (why == 0)
        ps_prober_send(p, PS_FRAME_ITEM, row, name, ps_span_of(bytes, len), 0);
    else if (why != ENOENT) /* the root group has no limits, an older kernel not all of these files */
        ps_prober_lost(p, row, name, why);
}

/* Something else could be mounted where control groups should be. */
static bool is_cgroup(int dir)
{
    struct statfs fs;
    return fstatfs(dir, &fs) == 0 && (fs.f_type == cgroup_magic || fs.f_type == cgroup2_magic);
}

struct ps_probe_end ps_prober_cgroup(struct ps_prober *p, uint16_t row)
{
    struct ps_probe_end end = {.outcome = PS_ABSENT};
    for (size_t i = 0; i < sizeof controllers / sizeof controllers[0]; i++) {
        enum ps_cgroup version = PS_CGROUP_UNKNOWN;
        int dir = ps_limits_own_cgroup(p->proc, p->cgroup, controllers[i].controller, &version);
        if (dir < 0)
            continue;
        const char *const *names = version == PS_CGROUP_V1 ? controllers[i].v1 : controllers[i].v2;
        if (is_cgroup(dir))
            end = (struct ps_probe_end){.outcome = PS_COMPLETE};
        else if (end.outcome == PS_ABSENT)
            end = (struct ps_probe_end){.outcome = PS_FAILED, .error = EINVAL};
        for (size_t k = 0; end.outcome == PS_COMPLETE && names[k]; k++)
            read_file(p, row, dir, names[k]);
        close(dir);
    }
    return end;
}
