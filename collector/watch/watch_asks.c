/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "collector/watch/state.h"

/* Several that ask before a snapshot begins get the same one; the end of the watch is stronger than they are. */
static uint64_t wish(struct ps_watch_state *s, const char *reason, const char *asked)
{
    if (s->wish.open && strcmp(reason, "final") != 0)
        return s->wish.ticket;
    uint64_t ticket = s->wish.open ? s->wish.ticket : ++s->tickets;
    s->wish = (struct ps_wish){.open = true, .reason = reason, .ticket = ticket};
    snprintf(s->wish.asked, sizeof s->wish.asked, "%s", asked);
    return ticket;
}

/* The 1st, 2nd, 4th, 8th ... one is told: whoever asks all the time does not write our log. */
static void tell_refused(struct ps_watch_state *s, const struct ps_rate *rate, const char *asked)
{
    if ((rate->refused & (rate->refused - 1)) != 0)
        return;
    struct ps_json *j = ps_event_begin(&s->events, "trigger_refused");
    ps_json_text(j, "asked_by", asked);
    ps_json_u64(j, "refused", rate->refused);
    ps_json_u64(j, "limit", rate->most);
    ps_json_u64(j, "limit_ms", rate->window_us / 1000);
    ps_event_end(&s->events);
}

/* The ticket; 0: refused. Who joins a snapshot that is going to be taken anyway costs nothing. */
static uint64_t trigger(struct ps_watch_state *s, const char *asked, uid_t uid)
{
    struct ps_rate *rate = &s->rates[uid == 0 ? 0 : 1];
    if (s->stopping)
        return 0;
    if (!s->wish.open && !ps_rate_take(rate, s->now_us)) {
        tell_refused(s, rate, asked);
        return 0;
    }
    return wish(s, "trigger", asked);
}

static void stop(struct ps_watch_state *s, const char *signal_name, const char *asked)
{
    if (s->stopping)
        return;
    uint64_t budget_us = (uint64_t) s->w->stop_budget_ms * 1000;
    struct ps_json *j = ps_event_begin(&s->events, "stopping");
    ps_json_text(j, "signal", signal_name);
    ps_json_text(j, "asked_by", asked);
    ps_json_u64(j, "budget_ms", s->w->stop_budget_ms);
    ps_json_bool(j, "snapshot_under_way", s->snapshot.pid > 0);
    ps_event_end(&s->events);
    s->stopping = true;
    s->stop_by_us = s->now_us + budget_us;
    wish(s, "final", asked);
    ps_snapshot_stop(&s->snapshot);
    if (s->snapshot.late_us > s->now_us + budget_us / 2)
        s->snapshot.late_us = s->now_us + budget_us / 2;
}

static void hear_signals(struct ps_watch_state *s)
{
    struct signalfd_siginfo info;
    char asked[160];
    while (read(s->signals, &info, sizeof info) == (ssize_t) sizeof info) {
        snprintf(asked, sizeof asked, "signal of pid %u, uid %u", info.ssi_pid, info.ssi_uid);
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            stop(s, info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT", asked);
        else if (info.ssi_signo == SIGUSR1)
            (void) trigger(s, asked, info.ssi_uid);
    }
}

static void answer_health(struct ps_watch_state *s, struct ps_caller *caller)
{
    char line[PS_ANSWER_ROOM];
    uint64_t left_us = s->schedule.due_us > s->now_us ? s->schedule.due_us - s->now_us : 0;
    if (s->snapshot.pid > 0)
        snprintf(line, sizeof line, "0 alive; a snapshot (%s) is under way", s->taken.reason);
    else
        snprintf(line, sizeof line, "0 alive; the next snapshot is due in %llu s",
                 (unsigned long long) (left_us / 1000000));
    ps_switchboard_answer(caller, line);
}

static void answer_trigger(struct ps_watch_state *s, struct ps_caller *caller, bool waits)
{
    char asked[160];
    snprintf(asked, sizeof asked, "procsnap trigger, pid %d, uid %u", (int) caller->pid, (unsigned) caller->uid);
    if (waits && ps_switchboard_waiting(&s->board) >= PS_WAITING_MOST) {
        ps_switchboard_answer(caller, "3 refused: too many wait already; ask without --wait");
        return;
    }
    uint64_t ticket = trigger(s, asked, caller->uid);
    if (ticket == 0) {
        ps_switchboard_answer(caller, s->stopping
                                          ? "3 refused: the watch is ending, with a last snapshot"
                                          : "3 refused: too many triggers; see --trigger-limit of procsnap watch");
    } else if (waits) {
        caller->waits = true;
        caller->ticket = ticket;
    } else {
        ps_switchboard_answer(caller, s->snapshot.pid > 0 ? "0 a snapshot follows when the one under way has ended"
                                                          : "0 a snapshot begins");
    }
}

static void hear_callers(struct ps_watch_state *s)
{
    enum ps_request asked;
    struct ps_caller *caller;
    ps_switchboard_accept(&s->board, s->now_us);
    while ((caller = ps_switchboard_next(&s->board, &asked)) != NULL) {
        if (asked == PS_ASK_HEALTH)
            answer_health(s, caller);
        else
            answer_trigger(s, caller, asked == PS_ASK_TRIGGER_WAIT);
    }
}

void ps_watch_answer_waiting(struct ps_watch_state *s, uint64_t ticket, const char *line)
{
    for (size_t i = 0; i < PS_CALLERS; i++) {
        struct ps_caller *c = &s->board.callers[i];
        if (c->fd != 0 && c->waits && c->ticket == ticket)
            ps_switchboard_answer(c, line);
    }
}

static void hear_lookout(struct ps_watch_state *s)
{
    enum { NOBODY_KNOWN = 65534 }; /* a file says not who touched it: it counts as anybody's */
    enum ps_lookout_news news = ps_lookout_look(&s->lookout);
    if (news == PS_LOOKOUT_CHANGED)
        (void) trigger(s, "file given with --trigger", NOBODY_KNOWN);
    else if (news == PS_LOOKOUT_LOST)
        ps_event_say(&s->events, "lookout_lost",
                     "the process that looks at the file given with --trigger has ended; "
                     "signals and procsnap trigger still work");
}

static void tell_missed(struct ps_watch_state *s, uint64_t ticks)
{
    if (ticks == 0)
        return;
    struct ps_json *j = ps_event_begin(&s->events, "missed_tick");
    ps_json_u64(j, "ticks", ticks);
    ps_json_text(j, "why", s->snapshot.pid > 0 ? "a snapshot was under way" : "the watch did not run");
    ps_event_end(&s->events);
}

static void hear_schedule(struct ps_watch_state *s)
{
    uint64_t ticks = ps_schedule_take(&s->schedule, s->now_us, randombytes_random());
    if (ticks == 0 || s->stopping)
        return;
    if (s->snapshot.pid > 0) {
        tell_missed(s, ticks);
        return;
    }
    tell_missed(s, ticks - 1);
    wish(s, "schedule", "");
}

void ps_watch_hear(struct ps_watch_state *s)
{
    hear_signals(s);
    hear_callers(s);
    hear_lookout(s);
    hear_schedule(s);
}
