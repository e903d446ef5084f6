/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/lookout.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/sandbox/filter.h"
#include "collector/sandbox/hardening.h"
#include "collector/watch/heart.h"

enum { LOOK_EVERY_S = 1 };

struct sight {
    bool there;
    struct timespec modified, changed;
    ino_t ino;
    off_t size;
};

static struct sight look(const char *path)
{
    struct stat st;
    if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0)
        return (struct sight){0};
    return (struct sight){
        .there = true, .modified = st.st_mtim, .changed = st.st_ctim, .ino = st.st_ino, .size = st.st_size};
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* It is there, and was not, or was another. */
static bool is_news(const struct sight *now, const struct sight *before)
{
    return now->there && !(before->there && now->ino == before->ino && now->size == before->size &&
                           same_time(&now->modified, &before->modified) && same_time(&now->changed, &before->changed));
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
    (void) ps_sandbox_enter(PS_ROLE_LOOKOUT);
    for (struct sight before = look(path);;) {
        nanosleep(&nap, NULL);
        struct sight now = look(path);
        if (is_news(&now, &before) && write(fd, "", 1) < 0 && errno != EAGAIN)
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
