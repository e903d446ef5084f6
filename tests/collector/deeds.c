/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/collector/deeds.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NO_SANDBOX = 1001, OTHER = 1002 };

static int attempt(enum ps_role role, const struct deed *deed)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct ps_sandbox sandbox = ps_sandbox_enter(role);
        if (sandbox.state != PS_SANDBOX_ON) _exit(255);
        errno = 0;
        long answer = deed->act();
        _exit(answer == 0 ? 0 : errno);
    }
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? KILLED : OTHER;
    return WEXITSTATUS(status) == 255 ? NO_SANDBOX : WEXITSTATUS(status);
}

void expect_all(enum ps_role role, const struct deed *deeds, size_t count, int want)
{
    for (size_t i = 0; i < count; i++) {
        int got = attempt(role, &deeds[i]);
        if (got == NO_SANDBOX) cr_skip_test("no seccomp filter here");
        cr_expect(eq(int, got, want), "%s: %s", ps_role_name(role), deeds[i].name);
    }
}

long answer(long result)
{
    return result < 0 ? -1 : 0;
}

long do_dumpable(void)
{
    return answer(prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL));
}

long do_memfd(void)
{
    return answer(syscall(SYS_memfd_create, "x", 0L));
}

long do_ioctl(void)
{
    return answer(ioctl(0, TIOCSTI, "x"));
}

long do_owner(void)
{
    return answer(fcntl(STDOUT_FILENO, F_SETOWN, 1));
}

long do_wait(void)
{
    const struct timespec moment = {.tv_nsec = 1000};
    struct timespec now;
    uint32_t word = 0;

    (void) syscall(SYS_futex, &word, (long) FUTEX_WAKE, 1L, NULL, NULL, 0L);
    if (syscall(SYS_futex, &word, (long) FUTEX_WAIT, 0L, &moment, NULL, 0L) == 0 ||
        errno != ETIMEDOUT)
        return -1;
    return sched_yield() == 0 && nanosleep(&moment, NULL) == 0 &&
                   syscall(SYS_clock_gettime, (long) CLOCK_PROCESS_CPUTIME_ID, &now) == 0
               ? 0
               : -1;
}

long do_socket(void)
{
    return answer(socket(AF_UNIX, SOCK_STREAM, 0));
}
