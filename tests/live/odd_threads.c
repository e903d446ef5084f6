/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes whose threads are odd: names, states, no first one, ever new ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "odd_process.h"

static _Atomic unsigned started;

/* What a thread is to be; it writes its number. */
struct thread {
    const char *name;
    void (*act)(void);
    _Atomic int tid;
};

static void waits(void)
{
    wait_for_the_end();
}

static void spins(void)
{
    for (;;)
        atomic_signal_fence(memory_order_seq_cst);
}

/* Sleeps where no signal but SIGKILL wakes it (state D), until a child of its own ends: never. */
static void waits_for_a_child(void)
{
    long pid = syscall(SYS_clone, (unsigned long) (CLONE_VFORK | SIGCHLD), 0UL, 0UL, 0UL, 0UL);

    if (pid == 0)
        dies_with_parent();
    wait_for_the_end();
}

static void *run(void *context)
{
    struct thread *thread = context;

    (void) prctl(PR_SET_NAME, thread->name, 0UL, 0UL, 0UL);
    atomic_store(&thread->tid, (int) syscall(SYS_gettid));
    (void) atomic_fetch_add(&started, 1);
    thread->act();
    return NULL;
}

static void start(struct thread *thread)
{
    pthread_attr_t small;
    pthread_t made;

    (void) pthread_attr_init(&small);
    (void) pthread_attr_setstacksize(&small, 64 << 10);
    (void) pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    errno = pthread_create(&made, &small, run, thread);
    if (errno != 0)
        fail("pthread_create");
    (void) pthread_attr_destroy(&small);
}

/* They are needed until the end of the process. */
static void start_named(unsigned count, const char *stem)
{
    struct thread *threads = calloc(count, sizeof *threads);

    if (threads == NULL)
        fail("calloc");
    for (unsigned i = 0; i < count; i++) {
        char *name = NULL;
        must(asprintf(&name, "%s-%03u", stem, i), "asprintf");
        threads[i] = (struct thread){.name = name, .act = waits};
        start(&threads[i]);
    }
}

static void wait_until_started(unsigned count)
{
    while (atomic_load(&started) < count)
        sleep_ms(1);
    sleep_ms(50); /* until all of them are where they stay */
}

/* named-threads COUNT: so many with names of their own, three of which do something else than to wait. */
void make_named_threads(char **args)
{
    static struct thread odd[3] = {{.name = ") R 1 (\n", .act = waits},
                                   {.name = "spins", .act = spins},
                                   {.name = "\xff for a child", .act = waits_for_a_child}};
    unsigned count = number(args, 0, 10);

    start_named(count - 3, "named");
    for (int i = 0; i < 3; i++)
        start(&odd[i]);
    wait_until_started(count);
    ready("forger=%d spins=%d child=%d", odd[0].tid, odd[1].tid, odd[2].tid);
}

static pthread_t leader;
static struct thread survivors[2];

static void outlives_the_leader(void)
{
    (void) pthread_join(leader, NULL);
    wait_until_started(2);
    ready("first=%d second=%d", survivors[0].tid, survivors[1].tid);
    wait_for_the_end();
}

/* leaderless: two threads and a descriptor (77); the first thread has ended. */
void make_leaderless(char **args)
{
    (void) args;
    must(dup2(must(open("/dev/null", O_RDWR), "/dev/null"), 77), "dup2");
    leader = pthread_self();
    survivors[0] = (struct thread){.name = "survivor", .act = waits};
    survivors[1] = (struct thread){.name = "heir", .act = outlives_the_leader};
    start(&survivors[0]);
    start(&survivors[1]);
    pthread_exit(NULL);
}

static struct thread hops;
static useconds_t hop_us;

/* Lives on for a moment when the next one is there. */
static void makes_the_next(void)
{
    (void) usleep(hop_us);
    start(&hops);
    (void) usleep(hop_us);
}

/* hopping US: the first thread has ended, and no other one lives for longer than that twice. */
void make_hopping(char **args)
{
    hop_us = number(args, 0, 2000);
    hops = (struct thread){.name = "hop", .act = makes_the_next};
    ready("pid=%d", getpid());
    start(&hops);
    pthread_exit(NULL);
}

static void ends_soon(void)
{
    sleep_ms(2);
}

static void makes_others(void)
{
    static struct thread brief = {.name = "brief", .act = ends_soon};

    for (;;) {
        start(&brief);
        sleep_ms(1);
    }
}

/* thread-churn COUNT: so many threads that stay, and ever new ones that end at once. */
void make_thread_churn(char **args)
{
    static struct thread maker = {.name = "maker", .act = makes_others};
    unsigned count = number(args, 0, 10);

    start_named(count, "steady");
    start(&maker);
    wait_until_started(count + 1);
    ready("stay=%u", count);
}
