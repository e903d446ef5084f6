/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "build_info.h"
#include "collector/host/clock.h"
#include "collector/sandbox/hardening.h"
#include "collector/watch/heart.h"
#include "collector/watch/state.h"
#include "formats/head_line.h"

/* Between two turns in which callers were heard: who calls all the time gets no more of the CPU than this. */
enum { CALLERS_NAP_NS = 5000000, RUNNING_TURN_MS = 250 };

/* SIGHUP is of no meaning here: a watch has no terminal. */
static bool open_signals(struct ps_watch_state *s, struct ps_error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGCHLD);
    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals >= 0 || ps_fail(err, errno, "signals cannot be waited for (signalfd)");
}

/* The watch dies before the application does, and with it its snapshots. */
static void harden(const struct ps_watch_options *w)
{
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc >= 0) {
        (void) ps_harden_oom(proc);
        close(proc);
    }
    ps_harden_memory();
    if (w->nice > 0)
        (void) setpriority(PRIO_PROCESS, 0, w->nice);
}

static void open_board(struct ps_watch_state *s)
{
    struct ps_error err;
    if (s->board.fd >= 0)
        return;
    if (ps_switchboard_open(PS_WATCH_NAME, &s->board, &err)) {
        if (s->board_told)
            ps_event_say(&s->events, "name_free", "@" PS_WATCH_NAME " is ours now: procsnap trigger works");
        s->board_told = false;
    } else if (!s->board_told) {
        ps_event_say(&s->events, "name_taken", err.text);
        s->board_told = true;
    }
}

static void tell_started(struct ps_watch_state *s)
{
    struct ps_json *j = ps_event_begin(&s->events, "started");
    ps_json_text(j, "version", PS_VERSION);
    ps_json_u64(j, "pid", (uint64_t) getpid());
    ps_json_u64(j, "every_ms", s->w->every_ms);
    ps_json_u64(j, "jitter_ms", s->w->jitter_ms);
    ps_json_u64(j, "stop_budget_ms", s->w->stop_budget_ms);
    ps_event_end(&s->events);
}

/* What an earlier watch left: its bundles are delivered, its last root is what the new chain claims to follow. */
static bool open_spool(struct ps_watch_state *s, struct ps_error *err)
{
    char line[PS_SPOOL_TEXT];
    struct ps_head head;
    if (!s->o->remote)
        return true;
    if (!ps_spool_open(s->w->spool, s->w->spool_max, ps_boottime_us(), &s->spool, err))
        return false;
    if (ps_spool_last_head(&s->spool, line) && ps_head_line_read(ps_span_text(line), &head)) {
        s->follows = s->has_root = true;
        memcpy(s->root, head.root, sizeof s->root);
    }
    if (s->spool.count + s->spool.parts + s->spool.unsigned_bundles == 0)
        return true;
    struct ps_json *j = ps_event_begin(&s->events, "spool");
    ps_json_u64(j, "waiting", s->spool.count);
    ps_json_u64(j, "waiting_bytes", s->spool.bytes);
    ps_json_u64(j, "unfinished", s->spool.parts);
    ps_json_u64(j, "unsigned", s->spool.unsigned_bundles);
    ps_event_end(&s->events);
    return true;
}

static bool start(struct ps_watch_state *s, struct ps_error *err)
{
    const struct ps_watch_options *w = s->w;
    struct ps_error taken; /* told when it is tried again, below */
    if (sodium_init() < 0)
        return ps_fail(err, 0, "libsodium does not start: no source of random numbers");
    for (size_t i = 0; i < sizeof s->rates / sizeof s->rates[0]; i++)
        s->rates[i] = (struct ps_rate){.most = w->trigger_most, .window_us = (uint64_t) w->trigger_window_ms * 1000};
    s->board.fd = -1;
    harden(w);
    if (!open_signals(s, err) || !ps_snapshot_prepare(&s->snapshot, err) ||
        !ps_lookout_start(w->trigger_file, &s->lookout, err))
        return false;
    (void) !ps_switchboard_open(PS_WATCH_NAME, &s->board, &taken);
    tell_started(s); /* whoever reads this may call */
    if (!open_spool(s, err))
        return false;
    open_board(s);
    s->now_us = ps_boottime_us();
    ps_schedule_begin(&s->schedule, s->now_us, (uint64_t) w->every_ms * 1000, (uint64_t) w->jitter_ms * 1000,
                      randombytes_random());
    s->wish = (struct ps_wish){.open = true, .reason = "start", .ticket = ++s->tickets};
    return true;
}

/* Orphans too: in its container, the watch may be the first process. The courier's end is its own to take. */
static void reap(struct ps_watch_state *s)
{
    for (;;) {
        siginfo_t info = {0};
        int status;
        bool carries = s->courier != NULL && !ps_courier_over(s->courier);
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            return;
        if (carries && ps_courier_over(s->courier))
            continue;
        if (waitpid(info.si_pid, &status, WNOHANG) > 0)
            (void) ps_snapshot_reaped(&s->snapshot, info.si_pid, status);
    }
}

/* Milliseconds until something is due that nobody tells us of; a suspended machine makes it late by that much at most.
 */
static int next_turn_ms(const struct ps_watch_state *s)
{
    uint64_t now = ps_boottime_us(), at = now + (uint64_t) PS_HEART_TURN_S * 1000000;
    if (s->schedule.due_us < at)
        at = s->schedule.due_us;
    if ((s->snapshot.pid > 0 || s->courier != NULL || s->stopping) && now + RUNNING_TURN_MS * 1000 < at)
        at = now + RUNNING_TURN_MS * 1000;
    if (s->spool.count > 0 && s->courier == NULL && s->next_try_us < at)
        at = s->next_try_us;
    return at > now ? (int) ((at - now + 999) / 1000) : 0;
}

static void wait_for_news(const struct ps_watch_state *s)
{
    struct pollfd news[PS_CALLERS + 3];
    struct timespec nap = {.tv_nsec = CALLERS_NAP_NS};
    size_t count = ps_switchboard_poll(&s->board, news), callers = count;
    news[count++] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    if (s->lookout.fd >= 0)
        news[count++] = (struct pollfd){.fd = s->lookout.fd, .events = POLLIN};
    if (poll(news, count, next_turn_ms(s)) <= 0)
        return;
    for (size_t i = 0; i < callers; i++) {
        if (news[i].revents != 0) {
            nanosleep(&nap, NULL);
            return;
        }
    }
}

static void turn(struct ps_watch_state *s)
{
    s->now_us = ps_boottime_us();
    reap(s);
    open_board(s);
    ps_watch_hear(s);
    ps_watch_take(s);
    ps_watch_deliver(s);
    ps_heart_beat(s->now_us, s->failures == 0);
}

static void tell_stopped(struct ps_watch_state *s)
{
    struct ps_json *j = ps_event_begin(&s->events, "stopped");
    ps_json_u64(j, "status", (uint64_t) s->exit_status);
    ps_event_end(&s->events);
}

int ps_watch_run(const struct ps_watch_options *w, const struct ps_options *o, bool (*say)(struct ps_span line),
                 struct ps_error *err)
{
    static struct ps_watch_state s;
    s.w = w;
    s.o = o;
    s.events.say = say;
    if (!start(&s, err))
        return PS_NOT_SEALED;
    for (turn(&s); !s.over; turn(&s))
        wait_for_news(&s);
    ps_lookout_end(&s.lookout);
    ps_switchboard_close(&s.board);
    ps_chain_end(&s.chain);
    if (o->remote)
        ps_spool_close(&s.spool);
    tell_stopped(&s);
    ps_events_done(&s.events);
    return s.exit_status;
}
