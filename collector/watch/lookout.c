/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/lookout.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/sandbox/hardening.h"
#include "collector/watch/heart.h"

enum { LOOK_EVERY_S = 1 };

struct sight {
    bool there;
    struct statx_timestamp modified, changed;
    uint64_t ino, size;
};

static struct sight look(const char *path)
{
    struct statx x;
    struct sight s;
    memset(&s, 0, sizeof s); /* compared as bytes */
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    if (statx(AT_FDCWD, path, flags, STATX_BASIC_STATS, &x) != 0)
        return s;
    s.there = true;
    s.modified.tv_sec = x.stx_mtime.tv_sec, s.modified.tv_nsec = x.stx_mtime.tv_nsec;
    s.changed.tv_sec = x.stx_ctime.tv_sec, s.changed.tv_nsec = x.stx_ctime.tv_nsec;
    s.ino = x.stx_ino;
    s.size = x.stx_size;
    return s;
}

static _Noreturn void look_out(const char *path, int fd, pid_t watch)
{
    struct timespec nap = {.tv_sec = LOOK_EVERY_S};
    setpgid(0, 0);
    ps_heart_none();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != watch)
        _exit(1);
    ps_harden_descriptors(&fd, 1);
    for (struct sight before = look(path);;) {
        nanosleep(&nap, NULL);
        struct sight now = look(path);
        if (now.there && memcmp(&now, &before, sizeof now) != 0 && write(fd, "", 1) < 0 && errno != EAGAIN)
            _exit(1);
        before = now;
    }
}

bool ps_lookout_start(const char *path, struct ps_lookout *out, struct ps_error *err)
{
    int ends[2];
    pid_t watch = getpid();
    *out = (struct ps_lookout){.fd = -1};
    if (path == NULL)
        return true;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return ps_fail(err, errno, "no pipe for the lookout for --trigger");
    out->pid = fork();
    if (out->pid == 0)
        look_out(path, ends[1], watch);
    int why = errno;
    close(ends[1]);
    if (out->pid > 0) {
        out->fd = ends[0];
        return true;
    }
    close(ends[0]);
    *out = (struct ps_lookout){.fd = -1};
    return ps_fail(err, why, "cannot start the lookout for --trigger (fork)");
}

enum ps_lookout_news ps_lookout_look(struct ps_lookout *l)
{
    char bytes[64];
    ssize_t n = l->fd >= 0 ? read(l->fd, bytes, sizeof bytes) : -1;
    if (n > 0)
        return PS_LOOKOUT_CHANGED;
    if (n < 0)
        return PS_LOOKOUT_QUIET;
    close(l->fd);
    *l = (struct ps_lookout){.fd = -1};
    return PS_LOOKOUT_LOST;
}

void ps_lookout_end(struct ps_lookout *l)
{
    if (l->pid <= 0)
        return;
    kill(l->pid, SIGKILL); /* nobody waits for it: it may hang in the kernel */
    close(l->fd);
    *l = (struct ps_lookout){.fd = -1};
}
