/* SPDX-License-Identifier: Apache-2.0
 *
 * One process: pin, first look, every planned row, last look.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/procfs/capture.h"
#include "collector/procfs/threads.h"
#include "collector/procfs/walk.h"

enum { PIN = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

static const struct ps_seen *seen(const struct ps_seen_list *list, uint64_t inode)
{
    /* The latest first: processes of one container stand together. */
    for (size_t i = list->count; inode && i > 0; i--) {
        if (list->items[i - 1].inode == inode)
            return &list->items[i - 1];
    }
    return NULL;
}

static void remember(struct ps_seen_list *list, uint64_t inode, uint32_t subject)
{
    if (inode && !seen(list, inode) && list->count < PS_SEEN_MAX)
        list->items[list->count++] = (struct ps_seen){inode, subject};
}

static void say(struct ps_target *t, uint8_t kind, uint8_t flags, enum ps_identity identity, enum ps_outcome rest)
{
    struct ps_frame frame = {.kind = kind, .flags = flags, .subject = t->subject, .us = ps_boottime_us()};
    frame.outcome = (uint8_t) rest;
    frame.error = (int32_t) identity;
    ps_reader_send(t->r, &frame, "", NULL, 0);
}

/* What tells a network namespace apart where its link is denied: the inode of a file of its own net directory. The upper
 * half of the number range keeps the two sorts of key apart. */
static uint64_t table_key(struct ps_reader_state *r, int dir, const char *path)
{
    struct stat facts;
    int failed = fstatat(dir, path, &facts, 0);
    ps_progress_made(r);
    return failed ? 0 : (uint64_t) facts.st_ino | UINT64_C(1) << 63;
}

/* Shared with a process before, or captured and then remembered. */
static void namespace_row(struct ps_target *t, uint16_t row, struct ps_seen_list *list, uint64_t key)
{
    const struct ps_seen *with = seen(list, key);
    if (with && with->subject != t->subject) {
        ps_capture_shared(t, row, with->subject);
        return;
    }
    ps_capture_row(t, row);
    remember(list, key, t->subject);
}

uint32_t ps_net_namespaces_most(enum ps_profile profile)
{
    return profile == PS_DEEP ? 4096 : 256;
}

/* One namespace more to be read. False: that many were, and each costs a walk through the sockets of the machine. */
static bool net_allowed(struct ps_target *t)
{
    struct ps_control *control = t->r->job->control;
    if (atomic_load(&control->net_namespaces) >= ps_net_namespaces_most(t->r->job->options->profile)) {
        atomic_store(&control->net_left_out, 1);
        return false;
    }
    atomic_fetch_add(&control->net_namespaces, 1);
    return true;
}

/* A namespace that is met by its link is remembered by its tables too: the next one of it may be denied its link. */
static void net_row(struct ps_target *t, uint16_t row, uint64_t *key)
{
    const char *path = ps_catalog[row].path;
    if (!*key)
        *key = t->net ? t->net : table_key(t->r, t->dir, path);
    bool first = !seen(&t->r->net, *key);
    if (first && *key && !net_allowed(t)) {
        ps_capture_begin(t, row);
        ps_capture_end(t, row, PS_SKIPPED, 0, NULL);
        return;
    }
    namespace_row(t, row, &t->r->net, *key);
    if (first && t->net)
        remember(&t->r->net, table_key(t->r, t->dir, path), t->subject);
}

static void quiet_row(struct ps_target *t, uint16_t row, struct ps_span stat, uint64_t *net)
{
    const struct ps_row *what = &ps_catalog[row];
    if (row == t->r->job->plan->stat) {
        ps_capture_bytes(t, row, stat);
        return;
    }
    if (what->scope == PS_PER_NETNS) {
        net_row(t, row, net);
        return;
    }
    if (what->scope == PS_PER_MNTNS) {
        namespace_row(t, row, &t->r->mnt, t->plain_root ? t->mnt : 0);
        return;
    }
    ps_capture_row(t, row);
}

static void read_rows(struct ps_target *t, struct ps_span stat)
{
    const struct ps_rows *plan = &t->r->job->plan->lane[t->r->job->lane];
    uint64_t net = 0;
    uint16_t info = 0;
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(ps_catalog[plan->rows[i]].path, "fdinfo/{}") == 0)
            info = plan->rows[i];
    }
    for (size_t i = 0; i < plan->count && !ps_reader_stopped(t->r); i++) {
        uint16_t row = plan->rows[i];
        if (t->leaderless)
            ps_threads_follow_via(t);
        if ((info && row == info) || ps_catalog[row].scope == PS_PER_THREAD)
            continue; /* goes with fd; comes last */
        if (strcmp(ps_catalog[row].path, "fd/{}") == 0)
            ps_capture_descriptors(t, row, info);
        else
            quiet_row(t, row, stat, &net);
    }
    if (t->r->job->lane == PS_QUIET && !ps_reader_stopped(t->r))
        ps_threads_capture(t);
}

/* What the last look says against the roster's. */
static enum ps_identity verify(struct ps_target *t, int stat, const struct ps_roster_entry *was, uint8_t *flags)
{
    uint8_t buffer[PS_STAT_ROOM];
    struct ps_look now;
    ssize_t n = ps_look_again(t->r, stat, buffer, sizeof buffer);
    *flags = 0;
    if (n == -ESRCH)
        return PS_ENDED;
    if (n <= 0 || !ps_look_at(ps_span_of(buffer, (size_t) n), &now) || now.start != was->start)
        return PS_UNVERIFIED;
    if (t->via ? now.ending && !ps_threads_one_lives(t) : now.ending && was->state != 'Z')
        return PS_ENDED;
    /* A kernel worker is called after the work it does just now: that is no change. */
    bool renamed = now.comm_len != was->comm_len || memcmp(now.comm, was->comm, now.comm_len) != 0;
    if (renamed && !t->no_memory)
        *flags |= PS_FLAG_COMM;
    /* A zombie has no addresses. The first thread comes back to life when another one executes a program. */
    if (t->via ? !now.ending : now.startcode != was->startcode)
        *flags |= PS_FLAG_IMAGE;
    return *flags ? PS_CHANGED : PS_SAME;
}

static void read_pinned(struct ps_target *t, int stat, const struct ps_roster_entry *was)
{
    uint8_t buffer[PS_STAT_ROOM];
    struct ps_look first;
    ssize_t n = ps_look_again(t->r, stat, buffer, sizeof buffer);
    if (n <= 0 || !ps_look_at(ps_span_of(buffer, (size_t) n), &first)) {
        say(t, PS_FRAME_DONE, 0, PS_UNVERIFIED, n == -ESRCH || n == 0 ? PS_GONE : PS_FAILED);
        return;
    }
    if (first.start != was->start) {
        /* The pid has a second life: it gets a line of its own. */
        if (t->r->job->lane == PS_QUIET)
            ps_roster_add(t->r, was->pid, &first);
        say(t, PS_FRAME_DONE, 0, PS_UNVERIFIED, PS_GONE);
        return;
    }
    t->stat = stat;
    t->no_memory = first.no_memory;
    t->threaded = first.threads > 1;
    t->leaderless = first.state == 'Z' && t->threaded && !t->r->job->copied; /* a copy has all in one place */
    t->wants = t->r->job->lane == PS_QUIET && t->r->job->plan->content.count > 0;
    read_rows(t, ps_span_of(buffer, (size_t) n));
    if (t->r->job->lane == PS_QUIET) {
        t->r->job->roster->entries[t->subject].mnt = t->mnt;
        t->r->job->roster->entries[t->subject].plain_root = t->plain_root;
    }
    ps_capture_as_ourselves(t); /* stat shows other addresses to its owner: the looks would differ */
    uint8_t flags = 0;
    enum ps_identity identity = verify(t, stat, was, &flags);
    say(t, PS_FRAME_DONE, flags, identity, identity == PS_ENDED ? PS_GONE : PS_SKIPPED);
}

void ps_capture_subject(struct ps_reader_state *r, uint32_t subject)
{
    struct ps_roster_entry was = r->job->roster->entries[subject];
    struct ps_target t = {.r = r, .subject = subject};
    char name[16];
    snprintf(name, sizeof name, "%u", was.pid);
    say(&t, PS_FRAME_SUBJECT, 0, PS_SAME, PS_COMPLETE);
    t.pin = t.dir = openat(r->job->procfs, name, PIN);
    ps_progress_made(r);
    if (t.pin < 0) {
        say(&t, PS_FRAME_DONE, 0, PS_UNVERIFIED, errno == ENOENT ? PS_GONE : ps_outcome_of(errno));
        return;
    }
    int stat = openat(t.pin, "stat", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    ps_progress_made(r);
    if (stat < 0)
        say(&t, PS_FRAME_DONE, 0, PS_UNVERIFIED, errno == ENOENT ? PS_GONE : ps_outcome_of(errno));
    else
        read_pinned(&t, stat, &was);
    if (stat >= 0)
        close(stat);
    ps_threads_leave_via(&t);
    close(t.pin);
}

void ps_capture_know_own_namespace(struct ps_reader_state *r)
{
    remember(&r->net, r->job->net_namespace, PS_NO_SUBJECT);
    for (size_t i = 0; i < ps_catalog_count; i++) {
        if (ps_catalog[i].scope == PS_PER_NETNS) {
            remember(&r->net, table_key(r, r->job->procfs, ps_catalog[i].path), PS_NO_SUBJECT);
            return;
        }
    }
}

void ps_capture_global(struct ps_reader_state *r, uint16_t row)
{
    struct ps_target t = {.r = r, .subject = PS_NO_SUBJECT, .dir = r->job->procfs};
    ps_capture_row(&t, row);
}
