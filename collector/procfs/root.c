/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "parsers/pid_mountinfo.h"

/* File systems that answer from disks or memory of this machine. A name that is not here may be a server's (nfs, fuse,
 * 9p, virtiofs, cifs) that never answers, or the kernel's own (proc, sysfs), where to read is to act. */
static const char *const entered[] = {"ext2",  "ext3",     "ext4",  "xfs", "btrfs", "overlay", "aufs", "tmpfs",
                                      "ramfs", "squashfs", "erofs", "zfs", "f2fs",  "vfat",    "exfat", "iso9660",
                                      "bcachefs"};
static const int64_t slack_ns = INT64_C(2000000000);

static bool may_enter(struct ps_span fs_type)
{
    for (size_t i = 0; i < sizeof entered / sizeof *entered; i++) {
        if (ps_span_is(fs_type, entered[i]))
            return true;
    }
    return false;
}

/* The root of a container is made of layers, lies in memory, or is a directory of a larger file system. What shows a
 * whole disk from its top is a machine that only has namespaces of its own. */
static bool is_whole_disk(const struct ps_pid_mountinfo *m)
{
    static const char *const layered[] = {"overlay", "aufs", "tmpfs", "ramfs"};
    for (size_t i = 0; i < sizeof layered / sizeof *layered; i++) {
        if (ps_span_is(m->fs_type, layered[i]))
            return false;
    }
    return ps_span_is(m->root, "/");
}

static void add_mount(struct ps_root *root, struct ps_wanted *wanted, const struct ps_pid_mountinfo *m)
{
    if (m->mount_id == root->mount_id && is_whole_disk(m))
        root->machine = true;
    bool memory = ps_span_is(m->fs_type, "tmpfs") || ps_span_is(m->fs_type, "ramfs");
    if (!may_enter(m->fs_type)) {
        root->barred = root->barred || m->mount_id == root->mount_id;
        return;
    }
    if (root->mount_count == PS_ROOT_MOUNTS) {
        ps_wanted_reached(wanted, PS_REACHED_WALK); /* those behind are not entered */
        return;
    }
    root->mounts[root->mount_count++] = (struct ps_root_mount){m->mount_id, memory};
}

/* The whole lines of what has come; returns how many bytes these are. */
static size_t take_lines(struct ps_root *root, struct ps_wanted *wanted, const uint8_t *text, size_t len)
{
    size_t whole = len;
    while (whole > 0 && text[whole - 1] != '\n')
        whole--;
    struct ps_cursor in = ps_cursor_over(ps_span_of(text, whole));
    struct ps_pid_mountinfo m;
    struct ps_issue issue;
    enum ps_step step;
    do {
        memset(&m, 0, sizeof m);
        step = ps_parser_pid_mountinfo.next(&in, &m, &issue);
        if (step == PS_STEP_RECORD)
            add_mount(root, wanted, &m);
    } while (step != PS_STEP_END);
    return whole;
}

/* The memory reader parses mountinfo here, and maps in loaded.c, with the parsers that everything else uses: what it
 * must not touch has to be known before the builder could say so, and there is no way back from there. */
static void read_mounts(struct ps_target *t, struct ps_root *root)
{
    static uint8_t text[128 << 10];
    size_t len = 0;
    ssize_t n = 0;
    int fd = openat(t->dir, "mountinfo", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    ps_progress_made(t->r);
    root->mount_count = 0;
    root->barred = false;
    while (fd >= 0 && len < sizeof text && (n = read(fd, text + len, sizeof text - len)) > 0) {
        ps_progress_made(t->r);
        len += (size_t) n;
        size_t taken = take_lines(root, t->r->job->wanted, text, len);
        memmove(text, text + taken, len - taken);
        len -= taken;
    }
    if (fd >= 0)
        close(fd);
}

/* The oldest process of the namespace began with the container. */
static int64_t started_ns(const struct ps_reader_state *r, uint64_t mnt)
{
    const struct ps_roster *roster = r->job->roster;
    uint32_t count = atomic_load(&roster->count);
    uint64_t oldest = UINT64_MAX;
    struct timespec now;
    for (uint32_t i = 0; i < count; i++) {
        if (roster->entries[i].mnt == mnt && !roster->entries[i].kernel && roster->entries[i].start < oldest)
            oldest = roster->entries[i].start;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t real_ns = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
    int64_t boot_ns = (int64_t) ps_boottime_us() * 1000;
    if (oldest == UINT64_MAX || r->job->clk_tck == 0)
        return real_ns - boot_ns;
    return real_ns - boot_ns + (int64_t) (oldest / r->job->clk_tck) * 1000000000 - slack_ns;
}

/* Kernel threads are in view in no PID namespace but the first; the root of its pid 1 is that of the machine. */
static bool is_machine(const struct ps_reader_state *r, uint64_t mnt)
{
    const struct ps_roster *roster = r->job->roster;
    uint32_t count = atomic_load(&roster->count);
    bool kernel = false, first = false;
    for (uint32_t i = 0; i < count; i++) {
        const struct ps_roster_entry *e = &roster->entries[i];
        kernel = kernel || e->kernel;
        first = first || (e->pid == 1 && (e->mnt == mnt || e->mnt == 0));
    }
    return kernel && first;
}

struct ps_root *ps_root_of(struct ps_target *t, const struct ps_roster_entry *entry)
{
    static struct ps_root root;
    struct statx x;
    root.fd = ps_content_open_link(t, "root", &root.error);
    if (root.fd < 0)
        return &root;
    if (!ps_content_look(t, root.fd, &x)) {
        root.error = EIO;
        ps_root_close(&root);
        return &root;
    }
    uint64_t dev = (uint64_t) x.stx_dev_major << 32 | x.stx_dev_minor;
    root.plain = entry->plain_root;
    if (root.mnt == entry->mnt && root.dev == dev && root.ino == x.stx_ino && root.mount_id == x.stx_mnt_id &&
        root.mnt != 0)
        return &root;
    root.mnt = entry->mnt;
    root.dev = dev;
    root.ino = x.stx_ino;
    root.mount_id = x.stx_mask & STATX_MNT_ID ? x.stx_mnt_id : 0;
    root.since_ns = started_ns(t->r, entry->mnt);
    root.machine = is_machine(t->r, entry->mnt);
    read_mounts(t, &root);
    return &root;
}

void ps_root_close(struct ps_root *root)
{
    if (root->fd >= 0)
        close(root->fd);
    root->fd = -1;
}

static const struct ps_root_mount *mount_of(const struct ps_root *root, const struct statx *x)
{
    for (size_t i = 0; x->stx_mask & STATX_MNT_ID && i < root->mount_count; i++) {
        if (root->mounts[i].id == x->stx_mnt_id)
            return &root->mounts[i];
    }
    return NULL;
}

/* The root's own mount is not in the list of a process that was put into a directory of it (chroot). A kernel that does
 * not number mounts (before 5.8): nothing but the root's own device. */
bool ps_root_may_enter(const struct ps_root *root, const struct statx *x)
{
    if (!(x->stx_mask & STATX_MNT_ID))
        return ((uint64_t) x->stx_dev_major << 32 | x->stx_dev_minor) == root->dev;
    return (x->stx_mnt_id == root->mount_id && !root->barred) || mount_of(root, x) != NULL;
}

bool ps_root_in_memory(const struct ps_root *root, const struct statx *x)
{
    const struct ps_root_mount *m = mount_of(root, x);
    return m && m->memory;
}

bool ps_root_foreign(const struct ps_root *root, const struct statx *x)
{
    int64_t ctime_ns = x->stx_ctime.tv_sec * INT64_C(1000000000) + x->stx_ctime.tv_nsec;
    bool elsewhere = x->stx_mask & STATX_MNT_ID && x->stx_mnt_id != root->mount_id;
    return ctime_ns >= root->since_ns || ps_root_in_memory(root, x) || (elsewhere && !root->machine);
}
