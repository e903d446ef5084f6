/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/host/host.h"
#include "formats/buffer.h"
#include "parsers/pid_mountinfo.h"

/* Of our own mountinfo at most; each mount of a container is some 200 bytes. */
enum { MOUNTINFO_MAX = 4 << 20 };

static bool looks_like_proc(int procfs)
{
    struct stat facts;
    struct dirent *entry;
    if (fstatat(procfs, "stat", &facts, AT_SYMLINK_NOFOLLOW) == 0)
        return true;
    int copy = openat(procfs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    bool found = false;
    while (list && !found && (entry = readdir(list))) {
        char path[300];
        snprintf(path, sizeof path, "%.255s/stat", entry->d_name);
        found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && fstatat(procfs, path, &facts, 0) == 0;
    }
    if (list)
        closedir(list);
    return found;
}

static bool read_own_mounts(struct ps_buffer *out)
{
    int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && out->len < MOUNTINFO_MAX && ps_buffer_reserve(out, 64 << 10)) {
        got = read(fd, out->data + out->len, 64 << 10);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            out->len += (size_t) got;
    }
    if (fd >= 0)
        close(fd);
    return got == 0;
}

/* "/proc/4711" and "/proc/4711/fd" under "/proc"; a number below it is never a kernel's own mount point. */
static bool covers_process(struct ps_span point, struct ps_span procfs)
{
    struct ps_cursor c = ps_cursor_over(point);
    struct ps_span above;
    uint8_t digit = 0;
    return ps_take_bytes(&c, procfs.len, &above) && memcmp(above.data, procfs.data, procfs.len) == 0 &&
           ps_take_byte(&c, '/') && ps_take_any(&c, &digit) && digit >= '1' && digit <= '9';
}

static void add_cover(struct ps_procfs *out, struct ps_span point)
{
    if (out->covers < PS_COVERED_TOLD)
        snprintf(out->covered[out->covers], PS_COVERED_ROOM, "%.*s",
                 (int) (point.len < PS_COVERED_ROOM ? point.len : PS_COVERED_ROOM - 1), (const char *) point.data);
    out->covers++;
}

static void find_covers(struct ps_span path, struct ps_procfs *out)
{
    struct ps_buffer text = {0};
    if (read_own_mounts(&text)) {
        struct ps_cursor in = ps_cursor_over(ps_buffer_span(&text));
        struct ps_pid_mountinfo row = {0};
        struct ps_issue issue;
        for (enum ps_step step; (step = ps_parser_pid_mountinfo.next(&in, &row, &issue)) != PS_STEP_END;) {
            if (step == PS_STEP_RECORD && covers_process(row.mount_point, path))
                add_cover(out, row.mount_point);
        }
    }
    ps_buffer_done(&text);
}

/* A detached mount: it is in nobody's mount table, and ends with its descriptor. */
static int mount_privately(void)
{
#if defined(SYS_fsopen) && defined(SYS_fsmount)
    int context = (int) syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC);
    if (context < 0)
        return -1;
    int mount = -1;
    if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        mount = (int) syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
                              MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    int why = errno;
    close(context);
    errno = why;
    return mount;
#else
    errno = ENOSYS;
    return -1;
#endif
}

static void see_past(struct ps_procfs *out)
{
    int mount = mount_privately();
    if (mount < 0) {
        out->private_errno = errno;
        return;
    }
    close(out->fd);
    out->fd = mount;
    out->is_private = true;
}

/* Something else stands where the kernel's own belongs: its table of mounts says what whoever put it there wants. */
static bool is_replaced(const struct ps_procfs *p, bool usual)
{
    return usual && !ps_host_is_procfs(p->fd);
}

bool ps_procfs_open(const char *path, struct ps_procfs *out, struct ps_error *err)
{
    *out = (struct ps_procfs){.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (out->fd < 0)
        return ps_fail(err, errno, "cannot open %s (--procfs names a proc mount or a copied tree)", path);
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    /* Only what stands at /proc is known to be of our own PID namespace, as the private mount is. */
    struct ps_span place = ps_span_of(path, len);
    bool usual = ps_span_is(place, "/proc");
    if (is_replaced(out, usual))
        add_cover(out, place);
    else
        find_covers(place, out);
    if (out->covers > 0 && usual)
        see_past(out);
    if (looks_like_proc(out->fd))
        return true;
    close(out->fd);
    out->fd = -1;
    return ps_fail(err, 0, "%s is no /proc: it has neither stat nor any <pid>/stat; name a proc mount or a copy of one with "
                           "--procfs", path);
}
