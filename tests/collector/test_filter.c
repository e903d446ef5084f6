/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sandbox/filter.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/collector/deeds.h"

static long do_execve(void)
{
    char *args[] = {"true", NULL};
    return answer(execve("/bin/true", args, NULL));
}

static long do_fork(void)
{
    return answer(syscall(SYS_clone, (long) SIGCHLD, 0L, 0L, 0L, 0L));
}
static long do_ptrace(void)
{
    return answer(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}
static long do_kill(void)
{
    return answer(syscall(SYS_kill, (long) getppid(), 0L));
}
static long do_tgkill(void)
{
    return answer(syscall(SYS_tgkill, (long) getpid(), (long) getpid(), 0L));
}
static long do_setuid(void)
{
    return answer(syscall(SYS_setuid, 0L));
}
static long do_mount(void)
{
    return answer(syscall(SYS_mount, "x", "/nowhere", "tmpfs", 0L, 0L));
}
static long do_unshare(void)
{
    return answer(syscall(SYS_unshare, 0L));
}
static long do_bpf(void)
{
    return answer(syscall(SYS_bpf, 0L, 0L, 0L));
}

static long do_vm_read(void)
{
    char byte = 0;
    struct iovec at = {&byte, 1};
    return answer(process_vm_readv(getppid(), &at, 1, &at, 1, 0));
}

#ifdef __x86_64__
static long do_x32(void)
{
    return answer(syscall(0x40000000L | SYS_getpid));
}
static long do_vfork(void)
{
    return answer(syscall(SYS_vfork));
}
#endif

static const struct deed intrusions[] = {
    {"execve", do_execve},   {"fork", do_fork},
    {"ptrace", do_ptrace},   {"kill", do_kill},
    {"tgkill", do_tgkill},   {"socket", do_socket},
    {"setuid", do_setuid},   {"mount", do_mount},
    {"unshare", do_unshare}, {"process_vm_readv", do_vm_read},
    {"bpf", do_bpf},
#ifdef __x86_64__
    {"x32 numbers", do_x32}, {"vfork", do_vfork},
#endif
};

Test(filter, an_intruder_ends_the_process_in_every_role)
{
    for (enum ps_role role = PS_ROLE_READER; role < PS_ROLES; role++)
        EXPECT_ALL(role, intrusions, KILLED);
}

#ifdef __x86_64__
/* The 32-bit entry, where number 20 asks for the pid; many kernels are built without it. */
static long do_old_entry(void)
{
    long number = 20;

    __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "cc");
    return number == getpid() ? 0 : -1;
}

Test(filter, calls_of_another_machine_end_the_process)
{
    const struct deed deed = {"int 0x80", do_old_entry};
    int status = 0;
    pid_t child = fork();

    if (child == 0) _exit(do_old_entry() == 0 ? 0 : 1);
    (void) waitpid(child, &status, 0);
    if (status != 0) cr_skip_test("no 32-bit entry here");
    for (enum ps_role role = PS_ROLE_READER; role < PS_ROLES; role++)
        expect_all(role, &deed, 1, KILLED);
}
#endif

static void *wait_and_intrude(void *go)
{
    while (*(volatile int *) go == 0)
        (void) sched_yield();
    (void) do_socket();
    return NULL;
}

Test(filter, threads_that_run_already_are_shut_in_too)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        static int go;
        pthread_t thread;
        if (pthread_create(&thread, NULL, wait_and_intrude, &go) != 0) _exit(2);
        if (ps_sandbox_enter(PS_ROLE_BUILDER).state != PS_SANDBOX_ON) _exit(255);
        go = 1;
        (void) pthread_join(thread, NULL);
        _exit(0);
    }
    (void) waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 255) cr_skip_test("no seccomp filter here");
    bool killed = WIFSIGNALED(status);
    cr_assert(killed);
    cr_assert(eq(int, WTERMSIG(status), SIGSYS));
}

Test(filter, the_caller_learns_whether_it_is_on)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct ps_sandbox sandbox = ps_sandbox_enter(PS_ROLE_BUILDER);
        if (!PS_SANDBOX_BUILT) _exit(sandbox.state == PS_SANDBOX_NOT_BUILT ? 0 : 1);
        if (sandbox.state == PS_SANDBOX_ON)
            _exit(sandbox.sys_errno == 0 && sandbox.kills_process ? 0 : 2);
        _exit(sandbox.sys_errno != 0 ? 0 : 3);
    }
    (void) waitpid(child, &status, 0);
    cr_assert(eq(int, status, 0));
}

/* Another filter, like that of a container, that forbids filters. */
Test(filter, a_refusal_is_a_fact_and_not_a_failure)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (ps_sandbox_enter(PS_ROLE_BUILDER).state != PS_SANDBOX_ON) _exit(255);
        struct ps_sandbox second = ps_sandbox_enter(PS_ROLE_READER);
        _exit(second.state == PS_SANDBOX_REFUSED && second.sys_errno == EPERM && do_wait() == 0
                  ? 0
                  : 1);
    }
    (void) waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 255) cr_skip_test("no seccomp filter here");
    cr_assert(eq(int, status, 0));
}

Test(filter, states_and_roles_have_names)
{
    cr_assert(eq(int, strcmp(ps_sandbox_state_name(PS_SANDBOX_ON), "on"), 0));
    cr_assert(eq(int, strcmp(ps_sandbox_state_name(PS_SANDBOX_REFUSED), "refused"), 0));
    cr_assert(eq(int, strcmp(ps_sandbox_state_name(PS_SANDBOX_NOT_BUILT), "not built"), 0));
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLE_READER), "reader"), 0));
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLE_BUILDER), "builder"), 0));
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLE_OFFLINE), "offline"), 0));
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLE_OFFLINE_DIRECTORY), "offline, directory"), 0));
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLE_EXPORTER), "exporter"), 0));
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLE_PROBER), "prober"), 0));
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLE_COURIER), "courier"), 0));
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLE_LOOKOUT), "lookout"), 0));
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLES), "?"), 0));
}
