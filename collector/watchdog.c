/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "parsers/pid_stat.h"

/* A killed reader is dead within a millisecond unless the kernel cannot end it; this is how long we look. One that only
 * waits for a CPU to end on is looked for again. */
enum { KILL_LOOKS = 50, KILL_LOOK_NS = 1000000, KILL_ROUNDS = 60 };

void ps_watch_begin(struct ps_watch *w, pid_t pid, enum ps_reader lane)
{
    *w = (struct ps_watch){.pid = pid, .lane = lane, .since_us = ps_boottime_us()};
}

static bool runnable(int proc, pid_t pid)
{
    char path[32];
    uint8_t buffer[1024];
    snprintf(path, sizeof path, "%d/stat", (int) pid);
    int fd = proc < 0 ? -1 : openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, buffer, sizeof buffer);
    close(fd);
    struct ps_pid_stat stat = {0};
    struct ps_issue issue;
    struct ps_cursor in = ps_cursor_over(ps_span_of(buffer, n > 0 ? (size_t) n : 0));
    return ps_parser_pid_stat.next(&in, &stat, &issue) == PS_STEP_RECORD && stat.pid == pid && stat.state == 'R';
}

static uint64_t cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return 0;
    return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

/* It runs, wants to run, or has run since that was asked last: then it is starved, and does not hang. */
static bool is_starved(struct ps_watch *w, int proc)
{
    uint64_t used = cpu_ns(w->pid);
    bool ran = w->cpu_ns != 0 && used != w->cpu_ns;
    w->cpu_ns = used;
    return ran || runnable(proc, w->pid);
}

bool ps_watch_hangs(struct ps_watch *w, int proc, uint64_t progress, bool waits, uint64_t now_us, uint32_t timeout_ms)
{
    if (waits || progress != w->progress) {
        w->progress = progress;
        w->since_us = now_us;
        w->cpu_ns = 0;
        return false;
    }
    if (now_us < w->since_us + (uint64_t) timeout_ms * 1000) /* it may have begun after now_us was looked up */
        return false;
    if (!is_starved(w, proc))
        return true;
    w->since_us = now_us;
    return false;
}

bool ps_watch_reap(struct ps_watch *w)
{
    if (w->pid <= 0)
        return true;
    pid_t got = waitpid(w->pid, NULL, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR))
        return false;
    w->pid = 0;
    return true;
}

static bool is_dead_soon(struct ps_watch *w)
{
    struct timespec look = {.tv_nsec = KILL_LOOK_NS};
    for (int i = 0; i < KILL_LOOKS; i++) {
        if (ps_watch_reap(w))
            return true;
        nanosleep(&look, NULL);
    }
    return ps_watch_reap(w);
}

bool ps_watch_kill(struct ps_watch *w, int proc)
{
    if (ps_watch_reap(w))
        return true;
    kill(w->pid, SIGKILL);
    for (int i = 0; i < KILL_ROUNDS; i++) {
        if (is_dead_soon(w))
            return true;
        if (!is_starved(w, proc))
            return false;
    }
    return false;
}
