/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/surroundings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collector/host/prober.h"
#include "parsers/cursor.h"
#include "parsers/pid_mountinfo.h"

const char *const ps_namespace_names[PS_NAMESPACES] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
enum { PID_NAMESPACE = 4 };

/* Of the first namespaces of a kernel (include/linux/proc_ns.h): the same number everywhere, since 3.8. */
static const uint64_t first_pid_namespace = 4026531836;

enum { TEXT_MAX = 256 << 10 };

struct text {
    size_t len;
    uint8_t bytes[TEXT_MAX];
};

/* As much of the file as fits. */
static struct ps_span read_text(int dir, const char *path, struct text *out)
{
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t got = 0;
    out->len = 0;
    while (fd >= 0 && out->len < sizeof out->bytes) {
        got = read(fd, out->bytes + out->len, sizeof out->bytes - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        out->len += (size_t) got;
    }
    if (fd >= 0)
        close(fd);
    return ps_span_of(out->bytes, out->len);
}

static void read_namespaces(int proc, struct ps_surroundings *out)
{
    for (size_t i = 0; i < PS_NAMESPACES; i++) {
        char path[32], target[64];
        struct ps_span type;
        snprintf(path, sizeof path, "self/ns/%s", ps_namespace_names[i]);
        ssize_t got = readlinkat(proc, path, target, sizeof target);
        struct ps_cursor c = ps_cursor_over(ps_span_of(target, got > 0 ? (size_t) got : 0));
        if (!ps_take_until(&c, '[', &type) || !ps_take_u64(&c, &out->namespaces[i]))
            out->namespaces[i] = 0;
    }
}

/* The id of the mount that the descriptor came through. */
static bool mount_id_of(int proc, int fd, struct text *room, uint64_t *out)
{
    char path[48];
    struct ps_span line;
    snprintf(path, sizeof path, "self/fdinfo/%d", fd);
    struct ps_cursor lines = ps_cursor_over(read_text(proc, path, room));
    while (ps_take_line(&lines, &line)) {
        struct ps_cursor c = ps_cursor_over(line);
        if (ps_take_text(&c, "mnt_id:") && ps_skip_run(&c, '\t') > 0)
            return ps_take_u64(&c, out);
    }
    return false;
}

/* A private mount is in no table. Before Linux 5.8 all of one PID namespace had one superblock, and the row of another one
 * tells its options; since then it is our own, made without any. */
static void read_proc_mount(int proc, const struct ps_procfs *procfs, struct text *room, struct ps_surroundings *out)
{
    struct stat facts;
    uint64_t id = 0;
    struct ps_issue issue;
    if (procfs->fd < 0 || fstat(procfs->fd, &facts) != 0 || !mount_id_of(proc, procfs->fd, room, &id))
        return;
    if (procfs->is_private)
        snprintf(out->proc_options, sizeof out->proc_options, "rw");
    struct ps_cursor in = ps_cursor_over(read_text(proc, "self/mountinfo", room));
    for (;;) {
        struct ps_pid_mountinfo mount = {0};
        enum ps_step step = ps_parser_pid_mountinfo.next(&in, &mount, &issue);
        if (step == PS_STEP_END)
            return;
        bool same = procfs->is_private ? mount.major == major(facts.st_dev) && mount.minor == minor(facts.st_dev)
                                       : mount.mount_id == id;
        if (step != PS_STEP_RECORD || !same || !ps_span_is(mount.fs_type, "proc"))
            continue;
        snprintf(out->proc_options, sizeof out->proc_options, "%.*s", (int) mount.super_options.len,
                 (const char *) mount.super_options.data);
        return;
    }
}

/* "monotonic 0 0" and "boottime 0 0": seconds and nanoseconds. */
static void read_time_offsets(int proc, struct text *room, struct ps_surroundings *out)
{
    struct ps_cursor c = ps_cursor_over(read_text(proc, "self/timens_offsets", room));
    int64_t *const values[] = {&out->monotonic_offset_s, &out->boottime_offset_s};
    static const char *const names[] = {"monotonic", "boottime"};
    struct ps_span line;
    for (size_t i = 0; i < 2; i++) {
        struct ps_cursor l = ps_cursor_over(ps_take_line(&c, &line) ? line : ps_span_of(NULL, 0));
        if (!ps_take_text(&l, names[i]) || ps_skip_run(&l, ' ') == 0 || !ps_take_i64(&l, values[i]))
            return;
    }
    out->offsets_known = true;
}

/* The first fact that fits decides, facts of the same answer are all told. */
static void tell(struct ps_surroundings *out, const char *platform, const char *by)
{
    size_t len = strlen(out->platform_by);
    if (out->platform && strcmp(out->platform, platform) != 0)
        return;
    out->platform = platform;
    snprintf(out->platform_by + len, sizeof out->platform_by - len, "%s%s", len > 0 ? ", " : "", by);
}

static bool holds(struct ps_span text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; text.len >= len && i <= text.len - len; i++) {
        if (memcmp(text.data + i, word, len) == 0)
            return true;
    }
    return false;
}

static void tell_by_variables(struct ps_surroundings *out)
{
    const char *runs_on = getenv("AWS_EXECUTION_ENV");
    const char *metadata = getenv(PS_METADATA_VARIABLE);
    if (runs_on && strcmp(runs_on, "AWS_ECS_FARGATE") == 0)
        tell(out, "ecs-fargate", "AWS_EXECUTION_ENV");
    if (runs_on && strcmp(runs_on, "AWS_ECS_EC2") == 0)
        tell(out, "ecs-ec2", "AWS_EXECUTION_ENV");
    if (metadata && metadata[0] && !out->platform)
        tell(out, "ecs", PS_METADATA_VARIABLE);
    if (getenv("KUBERNETES_SERVICE_HOST"))
        tell(out, "kubernetes", "KUBERNETES_SERVICE_HOST");
}

/* Paths of control groups that a platform makes; Fargate and ECS on EC2 use one folder. */
static void tell_by_cgroup(struct ps_span cgroups, struct ps_surroundings *out)
{
    bool ecs = holds(cgroups, ":/ecs/") || holds(cgroups, "/ecstasks");
    if (ecs)
        tell(out, out->platform && strncmp(out->platform, "ecs", 3) == 0 ? out->platform : "ecs", "control group");
    if (holds(cgroups, "/kubepods"))
        tell(out, "kubernetes", "control group");
    if (holds(cgroups, "/docker/") || holds(cgroups, "/docker-"))
        tell(out, "docker", "control group");
    if (holds(cgroups, "/libpod-"))
        tell(out, "podman", "control group");
}

static void tell_by_files(struct ps_surroundings *out)
{
    if (access("/var/run/secrets/kubernetes.io/serviceaccount", F_OK) == 0)
        tell(out, "kubernetes", "/var/run/secrets/kubernetes.io/serviceaccount");
    if (access("/.dockerenv", F_OK) == 0)
        tell(out, "docker", "/.dockerenv");
    if (access("/run/.containerenv", F_OK) == 0)
        tell(out, "podman", "/run/.containerenv");
}

static void tell_by_namespaces(struct ps_surroundings *out)
{
    uint64_t pid = out->namespaces[PID_NAMESPACE];
    if (out->platform)
        return;
    if (pid == 0)
        tell(out, "unknown", "nothing");
    else
        tell(out, pid == first_pid_namespace ? "bare" : "container", "PID namespace");
}

void ps_surroundings_elsewhere(struct ps_surroundings *s)
{
    s->platform = "unknown";
    snprintf(s->platform_by, sizeof s->platform_by, "a copied tree");
}

void ps_surroundings_own(int proc, const struct ps_procfs *procfs, struct ps_surroundings *out)
{
    static struct text room;
    *out = (struct ps_surroundings){0};
    if (proc >= 0) {
        read_namespaces(proc, out);
        read_proc_mount(proc, procfs, &room, out);
        read_time_offsets(proc, &room, out);
    }
    tell_by_variables(out);
    if (proc >= 0)
        tell_by_cgroup(read_text(proc, "self/cgroup", &room), out);
    tell_by_files(out);
    tell_by_namespaces(out);
}
