/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "parsers/cursor.h"

/* memory.stat and meminfo are below 4 KiB; self/cgroup is a dozen paths. */
enum { TEXT_MAX = 16 << 10, CGROUP_PATH_MAX = 4096, LEVELS_MAX = 64 };

/* Version 1 writes "no limit" as the largest multiple of the page size below 2^63. */
static const uint64_t v1_unlimited = UINT64_C(1) << 62;

/* ---- small files ---- */

struct text {
    size_t len;
    uint8_t bytes[TEXT_MAX];
};

/* The whole file, or false: not there, not readable, or longer than anything the kernel writes
 * there. */
static bool read_text(int dir, const char *path, struct text *out)
{
    ssize_t got = 0;
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) return false;
    out->len = 0;
    do {
        got = read(fd, out->bytes + out->len, sizeof out->bytes - out->len);
        out->len += got > 0 ? (size_t) got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    (void) close(fd);
    return got == 0 && out->len < sizeof out->bytes;
}

static struct ps_cursor over(const struct text *text)
{
    return ps_cursor_over(ps_span_of(text->bytes, text->len));
}

static bool at_end(struct ps_cursor *c)
{
    (void) ps_skip_run(c, '\n');
    return ps_cursor_done(c);
}

static bool read_number(int dir, const char *path, uint64_t *out)
{
    struct text text;
    uint64_t value = 0;

    if (!read_text(dir, path, &text)) return false;
    struct ps_cursor c = over(&text);
    if (!ps_take_u64(&c, &value) || !at_end(&c)) return false;
    *out = value;
    return true;
}

/* The number behind `key` in a file of "<key> <number>[ kB]" lines. */
static bool read_keyed(int dir, const char *path, const char *key, uint64_t *out)
{
    struct text text;
    struct ps_span line;

    if (!read_text(dir, path, &text)) return false;
    struct ps_cursor lines = over(&text);
    while (ps_take_line(&lines, &line)) {
        struct ps_cursor c = ps_cursor_over(line);
        if (ps_take_text(&c, key) && ps_skip_run(&c, ' ') > 0) return ps_take_u64(&c, out);
    }
    return false;
}

/* ---- limits ---- */

static struct ps_limit limited(uint64_t value)
{
    return (struct ps_limit){.known = PS_LIMITED, .value = value};
}

static void tighten(struct ps_limit *tightest, struct ps_limit other)
{
    if (other.known == PS_UNKNOWN) return;
    if (tightest->known == PS_UNKNOWN ||
        (other.known == PS_LIMITED && tightest->known == PS_UNLIMITED))
        *tightest = other;
    if (other.known == PS_LIMITED && other.value < tightest->value) tightest->value = other.value;
}

/* ---- one cgroup: `at` is its directory ---- */

static struct ps_limit memory_limit(int at, enum ps_cgroup version)
{
    struct text text;
    uint64_t value = 0;
    const char *file = version == PS_CGROUP_V1 ? "memory.limit_in_bytes" : "memory.max";

    if (read_number(at, file, &value))
        return version == PS_CGROUP_V1 && value >= v1_unlimited
                   ? (struct ps_limit){.known = PS_UNLIMITED}
                   : limited(value);
    if (version == PS_CGROUP_V2 && read_text(at, file, &text)) {
        struct ps_cursor c = over(&text);
        if (ps_take_text(&c, "max") && at_end(&c)) return (struct ps_limit){.known = PS_UNLIMITED};
    }
    return (struct ps_limit){.known = PS_UNKNOWN};
}

/* What may still be charged here. Page cache that nobody has used lately is given back before
 * anybody is killed, so it does not count as used: a container that has read many files would
 * otherwise always look full. */
static struct ps_limit memory_headroom(int at, enum ps_cgroup version, struct ps_limit limit,
                                       struct ps_limit used)
{
    const char *cache_key = version == PS_CGROUP_V1 ? "total_inactive_file" : "inactive_file";
    uint64_t cache = 0;

    if (limit.known != PS_LIMITED || used.known != PS_LIMITED)
        return (struct ps_limit){.known = limit.known == PS_UNLIMITED ? PS_UNLIMITED : PS_UNKNOWN};
    (void) read_keyed(at, "memory.stat", cache_key, &cache);
    uint64_t held = used.value > cache ? used.value - cache : 0;
    return limited(limit.value > held ? limit.value - held : 0);
}

/* What may still be charged here if everything was taken back that can be. */
static struct ps_limit memory_left(int at, enum ps_cgroup version, struct ps_limit limit)
{
    static const char *const held_v1[] = {"total_rss", "total_shmem", NULL};
    static const char *const held_v2[] = {"anon", "shmem", "slab_unreclaimable", "kernel_stack", "pagetables", NULL};
    const char *const *keys = version == PS_CGROUP_V1 ? held_v1 : held_v2;
    uint64_t held = 0, bytes = 0;

    if (limit.known != PS_LIMITED) return limit;
    for (size_t i = 0; keys[i] != NULL; i++) {
        bool there = read_keyed(at, "memory.stat", keys[i], &bytes);
        if (i == 0 && !there) return (struct ps_limit){.known = PS_UNKNOWN};
        held += there && bytes < limit.value ? bytes : there ? limit.value : 0;
    }
    return limited(limit.value > held ? limit.value - held : 0);
}

static struct ps_limit cpu_quota(uint64_t quota_us, uint64_t period_us)
{
    if (period_us == 0 || quota_us > UINT64_MAX / 1000)
        return (struct ps_limit){.known = PS_UNKNOWN};
    return limited(quota_us * 1000 / period_us);
}

/* cpu.cfs_quota_us is -1 without a quota. */
static struct ps_limit cpu_limit_v1(int at)
{
    struct text text;
    int64_t quota = 0;
    uint64_t period = 0;

    if (!read_text(at, "cpu.cfs_quota_us", &text)) return (struct ps_limit){.known = PS_UNKNOWN};
    struct ps_cursor c = over(&text);
    if (!ps_take_i64(&c, &quota) || !at_end(&c) || !read_number(at, "cpu.cfs_period_us", &period))
        return (struct ps_limit){.known = PS_UNKNOWN};
    return quota < 0 ? (struct ps_limit){.known = PS_UNLIMITED}
                     : cpu_quota((uint64_t) quota, period);
}

/* cpu.max is "50000 100000" or "max 100000". */
static struct ps_limit cpu_limit_v2(int at)
{
    struct text text;
    uint64_t quota = 0;
    uint64_t period = 0;

    if (!read_text(at, "cpu.max", &text)) return (struct ps_limit){.known = PS_UNKNOWN};
    struct ps_cursor c = over(&text);
    bool unlimited = ps_take_text(&c, "max");
    if ((!unlimited && !ps_take_u64(&c, &quota)) || !ps_take_byte(&c, ' ') ||
        !ps_take_u64(&c, &period) || !at_end(&c))
        return (struct ps_limit){.known = PS_UNKNOWN};
    return unlimited ? (struct ps_limit){.known = PS_UNLIMITED} : cpu_quota(quota, period);
}

static void add_memory(int at, enum ps_cgroup version, bool own, struct ps_limits *out)
{
    struct ps_limit limit = memory_limit(at, version);
    struct ps_limit used = {.known = PS_UNKNOWN};
    uint64_t bytes = 0;

    if (read_number(at, version == PS_CGROUP_V1 ? "memory.usage_in_bytes" : "memory.current",
                    &bytes))
        used = limited(bytes);
    if (own) out->used_bytes = used;
    tighten(&out->memory_bytes, limit);
    tighten(&out->headroom_bytes, memory_headroom(at, version, limit, used));
    tighten(&out->left_bytes, memory_left(at, version, limit));
}

static void add_cpu(int at, enum ps_cgroup version, bool own, struct ps_limits *out)
{
    (void) own;
    tighten(&out->cpu_millis, version == PS_CGROUP_V1 ? cpu_limit_v1(at) : cpu_limit_v2(at));
}

typedef void add_level(int at, enum ps_cgroup version, bool own, struct ps_limits *out);

/* ---- where we are ---- */

struct place {
    enum ps_cgroup version;
    struct ps_span controllers; /* "cpu,cpuacct"; empty in version 2 */
    struct ps_span path;        /* "/ecs/34dc0b5e/34dc0b5e-1234567890" */
};

static bool lists(struct ps_span controllers, const char *wanted)
{
    struct ps_cursor c = ps_cursor_over(controllers);
    struct ps_span name;

    while (ps_take_until(&c, ',', &name))
        if (ps_span_is(name, wanted)) return true;
    return ps_span_is(ps_cursor_rest(&c), wanted);
}

/* Lines of /proc/self/cgroup: "4:memory:/path" (version 1), "0::/path" (version 2, which has what
 * no line names). */
static struct place find_place(const struct text *cgroups, const char *controller)
{
    struct place found = {.version = PS_CGROUP_UNKNOWN};
    struct ps_cursor lines = over(cgroups);
    struct ps_span line;
    struct ps_span number;
    struct ps_span controllers;

    while (ps_take_line(&lines, &line)) {
        struct ps_cursor c = ps_cursor_over(line);
        if (!ps_take_until(&c, ':', &number) || !ps_take_until(&c, ':', &controllers)) continue;
        if (lists(controllers, controller))
            return (struct place){PS_CGROUP_V1, controllers, ps_cursor_rest(&c)};
        if (ps_span_is(number, "0") && controllers.len == 0)
            found = (struct place){PS_CGROUP_V2, controllers, ps_cursor_rest(&c)};
    }
    return found;
}

static int open_dir(int dir, struct ps_span path)
{
    char text[CGROUP_PATH_MAX];

    if (path.len == 0 || path.len >= sizeof text || memchr(path.data, '\0', path.len) != NULL)
        return -1;
    memcpy(text, path.data, path.len);
    text[path.len] = '\0';
    return openat(dir, text, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The mount of the hierarchy: version 1 in a folder named after its controllers or after one of
 * them; version 2 at the top, or in "unified" on a hybrid host. */
static int open_hierarchy(int cgroup, const struct place *place, const char *controller)
{
    if (place->version == PS_CGROUP_V1) {
        int base = open_dir(cgroup, place->controllers);
        return base >= 0 ? base : open_dir(cgroup, ps_span_text(controller));
    }
    bool at_top = faccessat(cgroup, "cgroup.controllers", F_OK, 0) == 0;
    return open_dir(cgroup, ps_span_text(at_top ? "." : "unified"));
}

/* "..": we are outside of what our cgroup namespace shows. */
static bool leaves_view(struct ps_span path)
{
    struct ps_cursor c = ps_cursor_over(path);
    struct ps_span name;

    while (ps_take_until(&c, '/', &name))
        if (ps_span_is(name, "..")) return true;
    return ps_span_is(ps_cursor_rest(&c), "..");
}

/* One level up; false at the top. */
static bool shorten(struct ps_span *path)
{
    struct ps_cursor c = ps_cursor_over(*path);
    struct ps_span parent;

    if (path->len == 0) return false;
    *path = ps_take_until_last(&c, '/', &parent) ? parent : ps_span_of(path->data, 0);
    return true;
}

/* Our cgroup and all above it that can be seen. Where the path leads nowhere below the mount, the
 * mount is our own cgroup (a container whose runtime mounted just that), unless it is the true
 * root, which alone has cgroup.sane_behavior (version 1) or has no limits at all (version 2). */
static bool walk_up(int base, const struct place *place, add_level *add, struct ps_limits *out)
{
    struct ps_cursor c = ps_cursor_over(place->path);
    (void) ps_skip_run(&c, '/');
    struct ps_span path = ps_cursor_rest(&c);
    bool own = true;

    int at = leaves_view(path) ? -1 : open_dir(base, path);
    if (path.len > 0 && at < 0) {
        if (faccessat(base, "cgroup.sane_behavior", F_OK, 0) == 0) return false;
        path.len = 0;
    }
    for (int level = 0; level < LEVELS_MAX; level++) {
        if (at < 0) at = open_dir(base, path.len > 0 ? path : ps_span_text("."));
        if (at >= 0) {
            add(at, place->version, own, out);
            (void) close(at);
        }
        at = -1;
        own = false;
        if (!shorten(&path)) break;
    }
    return true;
}

static enum ps_cgroup read_controller(int cgroup, const struct text *cgroups,
                                      const char *controller, add_level *add, struct ps_limits *out)
{
    struct place place = find_place(cgroups, controller);
    if (place.version == PS_CGROUP_UNKNOWN) return PS_CGROUP_UNKNOWN;
    int base = open_hierarchy(cgroup, &place, controller);
    if (base < 0) return PS_CGROUP_UNKNOWN;
    bool seen = walk_up(base, &place, add, out);
    (void) close(base);
    return seen ? place.version : PS_CGROUP_UNKNOWN;
}

int ps_limits_own_cgroup(int proc, int cgroup, const char *controller, enum ps_cgroup *version)
{
    struct text cgroups;

    if (!read_text(proc, "self/cgroup", &cgroups)) return -1;
    struct place place = find_place(&cgroups, controller);
    *version = place.version;
    int base = place.version == PS_CGROUP_UNKNOWN ? -1 : open_hierarchy(cgroup, &place, controller);
    if (base < 0) return -1;
    struct ps_cursor c = ps_cursor_over(place.path);
    (void) ps_skip_run(&c, '/');
    struct ps_span path = ps_cursor_rest(&c);
    bool below = path.len > 0 && !leaves_view(path);
    int at = below ? open_dir(base, path) : -1;
    if (at < 0 && (path.len == 0 || faccessat(base, "cgroup.sane_behavior", F_OK, 0) != 0))
        at = open_dir(base, ps_span_text("."));
    (void) close(base);
    return at;
}

static struct ps_limit from_rlimit(rlim_t value)
{
    return value == RLIM_INFINITY ? (struct ps_limit){.known = PS_UNLIMITED} : limited(value);
}

static void read_own_limits(struct ps_limits *out)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        out->open_files = from_rlimit(limit.rlim_cur);
        out->open_files_hard = from_rlimit(limit.rlim_max);
    }
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0) out->file_bytes = from_rlimit(limit.rlim_cur);
}

void ps_limits_read(int proc, int cgroup, struct ps_limits *out)
{
    struct text cgroups;
    uint64_t available_kib = 0;

    *out = (struct ps_limits){.memory_cgroup = PS_CGROUP_UNKNOWN};
    read_own_limits(out);
    if (read_text(proc, "self/cgroup", &cgroups)) {
        out->memory_cgroup = read_controller(cgroup, &cgroups, "memory", add_memory, out);
        out->cpu_cgroup = read_controller(cgroup, &cgroups, "cpu", add_cpu, out);
    }
    if (read_keyed(proc, "meminfo", "MemAvailable:", &available_kib) &&
        available_kib <= UINT64_MAX / 1024)
        out->available_bytes = limited(available_kib * 1024);
    tighten(&out->headroom_bytes, out->available_bytes);
    if (out->headroom_bytes.known == PS_UNLIMITED) out->headroom_bytes.known = PS_UNKNOWN;
}

void ps_limits_own(struct ps_limits *out)
{
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int cgroup = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);

    ps_limits_read(proc, cgroup, out);
    if (proc >= 0) (void) close(proc);
    if (cgroup >= 0) (void) close(cgroup);
}
