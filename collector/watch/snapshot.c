/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/snapshot.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/sandbox/hardening.h"
#include "collector/watch/heart.h"

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

bool ps_snapshot_prepare(struct ps_snapshot *s, struct ps_error *err)
{
    *s = (struct ps_snapshot){.told = share(sizeof *s->told),
                              .now = share(sizeof *s->now),
                              .before = share(sizeof *s->before),
                              .known = calloc(1, sizeof *s->known)};
    return (s->told && s->now && s->before && s->known) ||
           ps_fail(err, ENOMEM, "cannot map shared memory for snapshots");
}

/* Pages that were touched go back to the system. */
static void forget(struct ps_sightings *s)
{
    (void) madvise(s, sizeof *s, MADV_REMOVE);
    s->process_count = s->executable_count = s->object_count = 0;
}

static int by_hash(const void *a, const void *b)
{
    const struct ps_known_object *x = a, *y = b;
    return memcmp(x->sha256, y->sha256, PS_SHA256_LEN);
}

void ps_snapshot_know(struct ps_snapshot *s, uint8_t (*objects)[PS_SHA256_LEN], size_t count, uint64_t seq)
{
    struct ps_known_objects *k = s->known;
    for (size_t i = 0; i < count && k->count < PS_KNOWN_OBJECTS; i++) {
        memcpy(k->items[k->count].sha256, objects[i], PS_SHA256_LEN);
        k->items[k->count++].seq = seq;
    }
    qsort(k->items, k->count, sizeof k->items[0], by_hash);
}

void ps_snapshot_keep(struct ps_snapshot *s)
{
    struct ps_sightings *older = s->before;
    s->before = s->now;
    s->now = older;
    s->has_before = true;
}

/* A process group of its own: what a terminal sends to that of the watch is for the watch to answer. */
static _Noreturn void conduct(const struct ps_snapshot *s, const struct ps_options *options, pid_t watch)
{
    struct ps_snapshot_told *told = s->told;
    setpgid(0, 0);
    ps_heart_none();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != watch)
        _exit(1);
    madvise(told, sizeof *told, MADV_DONTFORK); /* our word alone */
    madvise(s->before, sizeof *s->before, MADV_DONTFORK);
    told->status = ps_collect(options, NULL, &told->verdict, &told->error);
    atomic_store(&told->over, 1);
    _exit(0);
}

bool ps_snapshot_start(struct ps_snapshot *s, const struct ps_options *options, const int *keep, size_t keep_count,
                       uint64_t grace_ms, struct ps_error *err)
{
    enum { STANDARD = 3 };
    int kept[PS_KEEP_MAX] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    pid_t watch = getpid();
    for (size_t i = 0; i < keep_count; i++)
        kept[STANDARD + i] = keep[i];
    memset(s->told, 0, sizeof *s->told);
    forget(s->now);
    s->begun_us = ps_boottime_us();
    s->late_us = s->begun_us + ((uint64_t) options->deadline_ms + grace_ms) * 1000;
    s->told_to_stop = s->killed = s->ended = false;
    s->pid = fork();
    if (s->pid == 0) {
        ps_harden_descriptors(kept, STANDARD + keep_count);
        conduct(s, options, watch);
    }
    s->conductor = s->pid;
    if (s->pid > 0)
        return true;
    s->pid = 0;
    return ps_fail(err, errno,
                   "cannot start a process (fork); a pids limit of the container may be too low, five are "
                   "needed");
}

void ps_snapshot_stop(struct ps_snapshot *s)
{
    if (s->pid <= 0 || s->told_to_stop)
        return;
    s->told_to_stop = true;
    kill(s->pid, SIGTERM);
}

bool ps_snapshot_reaped(struct ps_snapshot *s, pid_t pid, int wait_status)
{
    if (s->pid <= 0 || pid != s->pid)
        return false;
    s->wait_status = wait_status;
    return s->ended = true;
}

enum ps_snapshot_state ps_snapshot_look(struct ps_snapshot *s, uint64_t now_us)
{
    if (s->pid <= 0)
        return PS_SNAPSHOT_NONE;
    if (!s->ended) {
        if (now_us > s->late_us && !s->killed) {
            s->killed = true;
            kill(s->pid, SIGKILL);
        }
        return PS_SNAPSHOT_RUNNING;
    }
    s->pid = 0;
    return atomic_load(&s->told->over) ? PS_SNAPSHOT_OVER : PS_SNAPSHOT_LOST;
}
