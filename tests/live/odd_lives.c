/* SPDX-License-Identifier: Apache-2.0
 *
 * Lives that end: zombies, one birth after the other, one pid many times.
 */
#include "odd_process.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A child that ended with status 3 and that nobody waits for. */
void make_zombie(char **args)
{
    siginfo_t info;
    (void) args;
    pid_t child = must(fork(), "fork");

    if (child == 0)
        _exit(3);
    must(waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT), "waitid");
    ready("pid=%d child=%d", getpid(), child);
}

/* tracer: it traces a child that goes on running, and is no parent of it: that one is of the test. */
void make_tracer(char **args)
{
    int told[2];
    pid_t child = 0;

    (void) args;
    must(pipe(told), "pipe");
    pid_t between = must(fork(), "fork");
    if (between == 0) {
        child = must(fork(), "fork");
        if (child == 0) {
            (void) prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0UL, 0UL, 0UL);
            wait_for_the_end();
        }
        if (write(told[1], &child, sizeof child) != sizeof child)
            fail("write");
        _exit(0);
    }
    if (read(told[0], &child, sizeof child) != sizeof child)
        fail("read");
    must(waitpid(between, NULL, 0), "waitpid");
    must((int) ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_EXITKILL), "PTRACE_SEIZE");
    ready("pid=%d child=%d", getpid(), child);
}

static void *becomes_the_last(void *leader)
{
    (void) pthread_join(*(pthread_t *) leader, NULL);
    sleep_ms(50); /* until the kernel shows the leader as a zombie */
    ready("pid=%d", getpid());
    wait_for_the_end();
}

/* Its first thread has ended, another one lives on. */
void make_zombie_leader(char **args)
{
    static pthread_t leader;
    pthread_t other;

    (void) args;
    leader = pthread_self();
    if (pthread_create(&other, NULL, becomes_the_last, &leader) != 0)
        fail("pthread_create");
    pthread_exit(NULL);
}

/* The marks of a life, which a child has from its first moment on because its parent bore them: its name, its first
 * argument and the variable LIFE (both "......-000000" and overwritten in place), and descriptor 100. */
enum { MARKED_FD = 100 };

static void mark(char *first_argument, const char *sort, unsigned life)
{
    char text[16];
    char *variable = getenv("LIFE");

    (void) snprintf(text, sizeof text, "%.4s-%06u", sort, life % 1000000);
    must(prctl(PR_SET_NAME, text, 0UL, 0UL, 0UL), "PR_SET_NAME");
    if (strlen(first_argument) == strlen(text))
        memcpy(first_argument, text, strlen(text));
    if (variable != NULL && strlen(variable) == strlen(text))
        memcpy(variable, text, strlen(text));
    int fd = must(memfd_create(text, MFD_CLOEXEC), "memfd_create");
    must(dup2(fd, MARKED_FD), "dup2");
    (void) close(fd);
}

/* births MARK MS: one after the other is born, each lives for up to MS milliseconds, four at a time. */
_Noreturn void make_births(char **args)
{
    unsigned longest = number(args, 1, 10), seed = 1;

    ready("pid=%d", getpid());
    for (unsigned life = 1, alive = 0;; life++) {
        mark(args[0], "born", life);
        seed = seed * 1103515245 + 12345;
        pid_t child = must(fork(), "fork");
        if (child == 0) {
            struct timespec t = {.tv_nsec = (long) (seed >> 8) % (long) (longest * 1000000)};
            (void) nanosleep(&t, NULL);
            _exit(0);
        }
        if (++alive >= 4 && wait(NULL) > 0)
            alive--;
    }
}

struct clone_request {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static pid_t fork_as(pid_t wanted)
{
    struct clone_request request = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t) &wanted, .set_tid_size = 1};

    return (pid_t) syscall(SYS_clone3, &request, sizeof request);
}

/* lives MARK PID MS: that pid is born, lives MS milliseconds, dies, is born again. */
_Noreturn void make_lives(char **args)
{
    pid_t wanted = (pid_t) number(args, 1, 30000);
    unsigned ms = number(args, 2, 15);

    for (unsigned life = 1;; life++) {
        mark(args[0], "life", life);
        pid_t child = must(fork_as(wanted), "clone3");
        if (child == 0) {
            dies_with_parent();
            wait_for_the_end();
        }
        if (life == 1)
            ready("pid=%d child=%d", getpid(), child);
        sleep_ms(ms);
        must(kill(child, SIGKILL), "kill");
        must(waitpid(child, NULL, 0), "waitpid");
    }
}
