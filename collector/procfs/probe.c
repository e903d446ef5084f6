/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/procfs/capture.h"
#include "collector/procfs/walk.h"

enum { ROUNDS = 3, CLOCK_EVERY = 256, SLACK = 64 };
enum { BUDGET_STANDARD_US = 250000, BUDGET_DEEP_US = 5000000 };

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434 /* the same on all machines */
#endif

/* ESRCH: nobody. EINVAL or ENOENT: a thread that leads no process. Anything else: not to be had here. */
static int ask_pidfd(struct ps_reader_state *r, uint32_t pid)
{
    int fd = (int) syscall(SYS_pidfd_open, (long) pid, 0);
    ps_progress_made(r);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static bool opens(struct ps_reader_state *r, uint32_t pid)
{
    char name[16];
    snprintf(name, sizeof name, "%u", pid);
    int fd = openat(r->job->procfs, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    ps_progress_made(r);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* "/proc/<tid>" opens for any thread; status says of which process it is one. */
static bool leads(struct ps_reader_state *r, uint32_t pid)
{
    char path[32], text[1024];
    snprintf(path, sizeof path, "%u/status", pid);
    int fd = openat(r->job->procfs, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    ps_progress_made(r);
    if (fd >= 0)
        close(fd);
    struct ps_cursor in = ps_cursor_over(ps_span_of(text, n > 0 ? (size_t) n : 0));
    struct ps_span line;
    uint64_t leader = 0;
    while (ps_take_line(&in, &line)) {
        struct ps_cursor c = ps_cursor_over(line);
        if (ps_take_text(&c, "Tgid:\t"))
            return ps_take_u64(&c, &leader) && leader == pid;
    }
    return false;
}

static uint64_t start_of(struct ps_reader_state *r, uint32_t pid, struct ps_look *look)
{
    uint8_t text[PS_STAT_ROOM];
    char name[16];
    snprintf(name, sizeof name, "%u", pid);
    ssize_t n = ps_walk_read_stat(r, name, text);
    return n > 0 && ps_look_at(ps_span_of(text, (size_t) n), look) && look->pid == pid ? look->start : 0;
}

/* True when that number is a process, by either way of asking. */
static bool answers(struct ps_reader_state *r, const struct ps_probe *probe, struct ps_probe_found *out)
{
    struct ps_look look;
    int error = probe->pidfd_usable ? ask_pidfd(r, out->pid) : ENOSYS;
    out->pidfd = error == 0;
    out->start = 0;
    if (error == EINVAL || error == ENOENT)
        return false;
    if (!opens(r, out->pid) || (error != 0 && !leads(r, out->pid)))
        return error == 0;
    out->start = start_of(r, out->pid, &look);
    return error == 0 || out->start != 0;
}

/* The highest pid that the kernel may have given out: the last one, or one from before the numbers began anew. */
static uint32_t highest(struct ps_reader_state *r)
{
    uint8_t text[32];
    uint64_t last = 0;
    int fd = openat(r->job->procfs, "sys/kernel/ns_last_pid", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);
    ps_progress_made(r);
    if (fd >= 0)
        close(fd);
    struct ps_cursor in = ps_cursor_over(ps_span_of(text, n > 0 ? (size_t) n : 0));
    if (!ps_take_u64(&in, &last))
        last = 0;
    const struct ps_roster *roster = r->job->roster;
    uint32_t count = atomic_load(&r->job->roster->count);
    for (uint32_t i = 0; i < count; i++)
        last = roster->entries[i].pid > last ? roster->entries[i].pid : last;
    return last + SLACK < PS_PID_LIMIT ? (uint32_t) last + SLACK : PS_PID_LIMIT - 1;
}

static void ask_all(struct ps_reader_state *r, struct ps_probe *probe, uint64_t begin_us)
{
    for (uint32_t pid = 1; pid <= probe->last && probe->count < PS_PROBE_FOUND_MAX && !ps_reader_stopped(r); pid++) {
        if (ps_walk_knows(r, pid))
            continue;
        if (probe->tried % CLOCK_EVERY == 0 && ps_boottime_us() - begin_us > probe->budget_us)
            return;
        probe->tried++;
        struct ps_probe_found one = {.pid = pid};
        if (answers(r, probe, &one))
            probe->found[probe->count++] = one;
    }
}

/* Drops whom the listing shows by now, who has ended, and who is another life than before. */
static void ask_again(struct ps_reader_state *r, struct ps_probe *probe)
{
    size_t kept = 0;
    probe->born += ps_walk_relist(r);
    for (size_t i = 0; i < probe->count; i++) {
        struct ps_probe_found before = probe->found[i], now = {.pid = before.pid};
        if (!ps_walk_knows(r, before.pid) && answers(r, probe, &now) && now.start == before.start)
            probe->found[kept++] = now;
    }
    probe->count = kept;
}

static void add_hidden(struct ps_reader_state *r, const struct ps_probe *probe)
{
    for (size_t i = 0; i < probe->count; i++) {
        struct ps_look look;
        uint32_t pid = probe->found[i].pid;
        if (probe->found[i].start && start_of(r, pid, &look) == probe->found[i].start)
            ps_roster_add(r, pid, &look);
    }
}

static void ask(struct ps_reader_state *r, struct ps_probe *out)
{
    uint64_t begin_us = ps_boottime_us();
    int own = ask_pidfd(r, (uint32_t) getpid());
    *out = (struct ps_probe){.last = highest(r), .pidfd_usable = r->job->own && own == 0};
    out->budget_us = r->job->options->profile == PS_DEEP ? BUDGET_DEEP_US : BUDGET_STANDARD_US;
    ask_all(r, out, begin_us);
    for (int i = 0; i < ROUNDS && out->count > 0 && !ps_reader_stopped(r); i++)
        ask_again(r, out);
    if (ps_reader_stopped(r))
        out->count = 0; /* not looked at often enough to be called hidden */
    add_hidden(r, out);
    out->took_us = ps_boottime_us() - begin_us;
}

static size_t found_text(const struct ps_probe_found *found, char *out, size_t room)
{
    const char *by = !found->pidfd ? "name" : found->start ? "pidfd,name" : "pidfd";
    char start[24] = "-";
    if (found->start)
        snprintf(start, sizeof start, "%llu", (unsigned long long) found->start);
    return (size_t) snprintf(out, room, "hidden %u %s %s\n", found->pid, start, by);
}

static void send(struct ps_target *t, uint16_t row, const struct ps_probe *probe)
{
    char text[128 + PS_PROBE_FOUND_MAX * 64];
    size_t len = (size_t) snprintf(text, sizeof text, "probe %u %u %u %llu %llu %s\n", probe->last, probe->tried,
                                   probe->born, (unsigned long long) probe->budget_us,
                                   (unsigned long long) probe->took_us, probe->pidfd_usable ? "pidfd,name" : "name");
    for (size_t i = 0; i < probe->count; i++)
        len += found_text(&probe->found[i], text + len, sizeof text - len);
    ps_capture_bytes(t, row, ps_span_of(text, len));
}

void ps_probe_pids(struct ps_reader_state *r)
{
    static struct ps_probe probe;
    struct ps_target t = {.r = r, .subject = PS_NO_SUBJECT, .dir = r->job->procfs};
    struct ps_frame done = {.kind = PS_FRAME_DONE, .subject = PS_NO_SUBJECT, .outcome = PS_SKIPPED};
    uint16_t row = r->job->plan->probe;
    if (r->job->copied) {
        ps_capture_begin(&t, row);
        ps_capture_end(&t, row, PS_ABSENT, 0, NULL);
    } else {
        ask(r, &probe);
        send(&t, row, &probe);
    }
    done.us = ps_boottime_us();
    ps_reader_send(r, &done, "", NULL, 0);
}
