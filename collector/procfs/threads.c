/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/procfs/listing.h"

enum { PATH_ROOM = 64, VIA_TRIES = 4096 };
enum { PIN = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };
enum { OPEN_FILE = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW };
enum { OPEN_LIST = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

uint32_t ps_threads_most(enum ps_profile profile)
{
    return profile == PS_DEEP ? PS_THREADS_MAX : 4096;
}

static int open_task(struct ps_target *t)
{
    int fd = openat(t->pin, "task", OPEN_LIST);
    ps_progress_made(t->r);
    return fd;
}

/* ---- the files of each thread ---- */

struct listing {
    uint32_t count, most;
    uint64_t offered; /* a bit for each of the plan's rows of threads */
    bool cut;  /* there are more than that */
    int error; /* of the listing */
};

_Static_assert(PS_PLAN_MAX <= 64, "one bit for each row");

static bool has_file(struct ps_target *t, uint16_t row)
{
    struct ps_span file = ps_row_behind(&ps_catalog[row]);
    char path[PATH_ROOM];
    struct stat facts;
    snprintf(path, sizeof path, "task/%u%.*s", t->r->job->roster->entries[t->subject].pid, (int) file.len,
             (const char *) file.data);
    bool has = fstatat(t->pin, path, &facts, 0) == 0 || errno != ENOENT;
    ps_progress_made(t->r);
    return has;
}

/* A file that the first thread lacks, though it has the one before, is one that this kernel does not make (children: a
 * matter of its configuration). */
static uint64_t offered(struct ps_target *t)
{
    const struct ps_rows *rows = &t->r->job->plan->threads;
    uint64_t bits = 0;
    for (size_t i = 0; i < rows->count; i++)
        bits |= (uint64_t) (has_file(t, rows->rows[i]) || !has_file(t, rows->rows[0])) << i;
    return bits;
}

static void read_thread(struct ps_target *t, int task, const char *tid, uint64_t offered)
{
    const struct ps_rows *rows = &t->r->job->plan->threads;
    char path[PATH_ROOM];
    for (size_t i = 0; i < rows->count; i++) {
        if (!(offered >> i & 1))
            continue;
        struct ps_span file = ps_row_behind(&ps_catalog[rows->rows[i]]);
        snprintf(path, sizeof path, "%.16s%.*s", tid, (int) file.len, (const char *) file.data);
        ps_capture_entry(t, task, path, rows->rows[i], tid);
    }
}

/* Reads whoever no listing before has named. Returns how many that were. */
static uint32_t list_once(struct ps_target *t, struct listing *all)
{
    struct ps_listing list = {.r = t->r, .fd = open_task(t)};
    uint32_t before = all->count, tid;
    const char *name;
    all->error = list.fd < 0 ? errno : 0;
    while (list.fd >= 0 && !ps_reader_stopped(t->r) && ps_listing_next_id(&list, &name, &tid)) {
        uint8_t bit = (uint8_t) (1 << tid % 8);
        if (t->r->tids_here[tid / 8] & bit)
            continue;
        all->cut = all->count == all->most;
        if (all->cut)
            break;
        t->r->tids_here[tid / 8] |= bit;
        t->r->job->control->threads[tid / 8] |= bit;
        t->r->tids[all->count++] = tid;
        read_thread(t, list.fd, name, all->offered);
    }
    if (list.fd >= 0)
        close(list.fd);
    if (list.error)
        all->error = list.error;
    return all->count - before;
}

static enum ps_outcome list_all(struct ps_target *t, uint64_t offered, int *error)
{
    struct listing all = {.most = ps_threads_most(t->r->job->options->profile), .offered = offered};
    uint32_t found = 1;
    for (int i = 0; i < PS_THREAD_LISTINGS && found > 0 && !all.error && !all.cut; i++)
        found = list_once(t, &all);
    for (uint32_t i = 0; i < all.count; i++)
        t->r->tids_here[t->r->tids[i] / 8] = 0;
    *error = all.error;
    if (all.error)
        return ps_outcome_of(all.error);
    if (ps_reader_stopped(t->r))
        return PS_SKIPPED;
    return all.cut || found > 0 ? PS_TRUNCATED : PS_COMPLETE;
}

void ps_threads_capture(struct ps_target *t)
{
    const struct ps_rows *rows = &t->r->job->plan->threads;
    int error = 0;
    if (rows->count == 0)
        return;
    if (!t->threaded) {
        for (size_t i = 0; i < rows->count; i++)
            ps_capture_shared(t, rows->rows[i], t->subject);
        return;
    }
    ps_capture_as_ourselves(t);
    for (size_t i = 0; i < rows->count; i++)
        ps_capture_begin(t, rows->rows[i]);
    uint64_t here = offered(t);
    enum ps_outcome outcome = list_all(t, here, &error);
    for (size_t i = 0; i < rows->count; i++) {
        bool absent = !(here >> i & 1);
        ps_capture_end(t, rows->rows[i], absent ? PS_ABSENT : outcome, absent ? 0 : error, NULL);
    }
}

/* ---- a process whose first thread has ended ---- */

static bool lives(struct ps_target *t, int stat)
{
    uint8_t buffer[PS_STAT_ROOM];
    struct ps_look look;
    ssize_t n = ps_look_again(t->r, stat, buffer, sizeof buffer);
    return n > 0 && ps_look_at(ps_span_of(buffer, (size_t) n), &look) && !look.ending;
}

/* A thread, pinned by its directory, and its stat. */
struct thread {
    uint32_t tid;
    int dir, stat;
};

static void let_go(const struct thread *thread)
{
    if (thread->stat >= 0)
        close(thread->stat);
    if (thread->dir >= 0)
        close(thread->dir);
}

/* False: there is none of that number, or it does not live. */
static bool pin_thread(struct ps_target *t, int task, uint32_t tid, struct thread *out)
{
    char name[16];
    snprintf(name, sizeof name, "%u", tid);
    out->tid = tid;
    out->dir = openat(task, name, PIN);
    ps_progress_made(t->r);
    out->stat = out->dir < 0 ? -1 : openat(out->dir, "stat", OPEN_FILE);
    ps_progress_made(t->r);
    if (out->stat >= 0 && lives(t, out->stat))
        return true;
    let_go(out);
    return false;
}

/* From the end of the list, where the latest ones stand: where threads end all the time, these live longest. */
static bool find_living(struct ps_target *t, struct thread *out)
{
    struct ps_listing list = {.r = t->r, .fd = open_task(t)};
    uint32_t *tids = t->r->tids, count = 0, tid;
    const char *name;
    bool found = false;
    while (list.fd >= 0 && count < PS_THREADS_MAX && ps_listing_next_id(&list, &name, &tid))
        tids[count++] = tid;
    for (uint32_t i = 0; i < VIA_TRIES && i < count && !found; i++)
        found = pin_thread(t, list.fd, tids[count - 1 - i], out);
    if (list.fd >= 0)
        close(list.fd);
    return found;
}

bool ps_threads_via_lives(struct ps_target *t)
{
    return t->via && lives(t, t->via_stat);
}

void ps_threads_follow_via(struct ps_target *t)
{
    struct thread found;
    if (ps_threads_via_lives(t) || !find_living(t, &found))
        return;
    ps_threads_leave_via(t);
    t->via = found.tid;
    t->dir = found.dir;
    t->via_stat = found.stat;
    t->no_memory = false;
    struct ps_frame frame = {.kind = PS_FRAME_VIA, .subject = t->subject, .us = ps_boottime_us(), .as_uid = t->via};
    ps_reader_send(t->r, &frame, "", NULL, 0);
}

bool ps_threads_one_lives(struct ps_target *t)
{
    struct thread found;
    if (ps_threads_via_lives(t))
        return true;
    if (!find_living(t, &found))
        return false;
    let_go(&found);
    return true;
}

void ps_threads_leave_via(struct ps_target *t)
{
    if (!t->via)
        return;
    ps_capture_as_ourselves(t); /* the next one may belong to somebody else */
    t->owner_known = t->unswitchable = false;
    close(t->via_stat);
    close(t->dir);
    t->dir = t->pin;
    t->via = 0;
}
