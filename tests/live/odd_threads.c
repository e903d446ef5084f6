/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes one process with odd threads by name, and stays until it is killed: odd_threads NAME [COUNT]. When it has become
 * what it shall be, it writes one line to standard output: "ready", and facts as key=value.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic unsigned started;

_Noreturn static void fail(const char *what)
{
    (void) fprintf(stderr, "odd_threads: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static int own_tid(void)
{
    return (int) syscall(SYS_gettid);
}

static void dies_with_parent(void)
{
    (void) prctl(PR_SET_PDEATHSIG, (unsigned long) SIGKILL, 0UL, 0UL, 0UL);
}

static void sleep_ms(long ms)
{
    struct timespec t = {.tv_nsec = ms * 1000000};
    (void) nanosleep(&t, NULL);
}

/* What a thread is to be; it writes its number. */
struct thread {
    const char *name;
    void (*act)(void);
    _Atomic int tid;
};

static void waits(void)
{
    for (;;)
        (void) pause();
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
    if (pid == 0) {
        dies_with_parent();
        waits();
    }
    waits();
}

static void *run(void *context)
{
    struct thread *thread = context;
    (void) prctl(PR_SET_NAME, thread->name, 0UL, 0UL, 0UL);
    atomic_store(&thread->tid, own_tid());
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

static void start_named(struct thread *threads, unsigned count, const char *stem)
{
    for (unsigned i = 0; i < count; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s-%03u", stem, i) < 0)
            fail("asprintf");
        threads[i] = (struct thread){.name = name, .act = waits};
        start(&threads[i]);
    }
}

static void ready(const char *facts)
{
    sleep_ms(50); /* until all of them are where they stay */
    (void) printf("ready %s\n", facts);
    (void) fflush(stdout);
}

/* named COUNT: so many threads with names of their own, three of which do something else than to wait. */
static void make_named(unsigned count)
{
    static struct thread odd[3] = {{.name = ") R 1 (\n", .act = waits},
                                   {.name = "spins", .act = spins},
                                   {.name = "\xff for a child", .act = waits_for_a_child}};
    struct thread *threads = calloc(count, sizeof *threads);
    char facts[80];
    if (threads == NULL)
        fail("calloc");
    start_named(threads, count - 3, "named");
    for (int i = 0; i < 3; i++)
        start(&odd[i]);
    while (atomic_load(&started) < count)
        sleep_ms(1);
    (void) snprintf(facts, sizeof facts, "forger=%d spins=%d child=%d", odd[0].tid, odd[1].tid, odd[2].tid);
    ready(facts);
}

static pthread_t leader;
static struct thread survivors[2];

static void outlives_the_leader(void)
{
    char facts[80];
    (void) pthread_join(leader, NULL);
    while (atomic_load(&started) < 2)
        sleep_ms(1);
    (void) snprintf(facts, sizeof facts, "first=%d second=%d", survivors[0].tid, survivors[1].tid);
    ready(facts);
    waits();
}

/* leaderless: two threads and a descriptor (77); the first thread has ended. */
static void make_leaderless(unsigned count)
{
    (void) count;
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 77) != 77)
        fail("/dev/null");
    leader = pthread_self();
    survivors[0] = (struct thread){.name = "survivor", .act = waits};
    survivors[1] = (struct thread){.name = "heir", .act = outlives_the_leader};
    start(&survivors[0]);
    start(&survivors[1]);
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

/* churn COUNT: so many threads that stay, and ever new ones that end at once. */
static void make_churn(unsigned count)
{
    static struct thread maker = {.name = "maker", .act = makes_others};
    struct thread *threads = calloc(count, sizeof *threads);
    if (threads == NULL)
        fail("calloc");
    start_named(threads, count, "steady");
    start(&maker);
    while (atomic_load(&started) < count + 1)
        sleep_ms(1);
    ready("");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*make)(unsigned count);
    } table[] = {{"named", make_named}, {"leaderless", make_leaderless}, {"churn", make_churn}};
    unsigned count = argc > 2 ? (unsigned) strtoul(argv[2], NULL, 10) : 10;

    dies_with_parent();
    for (size_t i = 0; argc > 1 && i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(argv[1], table[i].name) != 0)
            continue;
        table[i].make(count);
        waits();
    }
    return 2;
}
