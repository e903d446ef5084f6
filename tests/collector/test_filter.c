/* SPDX-License-Identifier: Apache-2.0
 *
 * Each deed is tried in a child that has shut itself in. Where no filter is built (sanitizers,
 * other machines) or the kernel refuses one, that is all that is tested.
 */
#include "collector/sandbox/filter.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/stat.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A deed returns 0 when the kernel did it, else the errno. */
struct deed {
    const char *name;
    long (*act)(void);
};

enum { DONE = 0, KILLED = 1000, NO_SANDBOX = 1001, OTHER = 1002 };

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

static void expect_all(enum ps_role role, const struct deed *deeds, size_t count, int want)
{
    for (size_t i = 0; i < count; i++) {
        int got = attempt(role, &deeds[i]);
        if (got == NO_SANDBOX) cr_skip_test("no seccomp filter here");
        cr_expect(eq(int, got, want), "%s: %s", ps_role_name(role), deeds[i].name);
    }
}

#define EXPECT_ALL(role, deeds, want)                                                              \
    expect_all(role, deeds, sizeof(deeds) / sizeof((deeds)[0]), want)

static long answer(long result)
{
    return result < 0 ? -1 : 0;
}

/* ---- what no role may do ---- */

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
static long do_socket(void)
{
    return answer(socket(AF_INET, SOCK_STREAM, 0));
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
    EXPECT_ALL(PS_ROLE_READER, intrusions, KILLED);
    EXPECT_ALL(PS_ROLE_BUILDER, intrusions, KILLED);
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
    expect_all(PS_ROLE_READER, &deed, 1, KILLED);
    expect_all(PS_ROLE_BUILDER, &deed, 1, KILLED);
}
#endif

/* ---- reader ---- */

static long open_with(int flags)
{
    return answer(syscall(SYS_openat, (long) AT_FDCWD, "/tmp", (long) flags, 0600L));
}

static long do_write(void)
{
    return answer(write(STDOUT_FILENO, "", 0));
}
static long do_open_write(void)
{
    return open_with(O_WRONLY);
}
static long do_open_both(void)
{
    return open_with(O_RDWR);
}
static long do_open_create(void)
{
    return open_with(O_RDONLY | O_CREAT);
}
static long do_open_truncate(void)
{
    return open_with(O_RDONLY | O_TRUNC);
}
static long do_open_unnamed(void)
{
    return open_with(O_TMPFILE | O_RDONLY);
}
static long do_openat2(void)
{
    return answer(syscall(437L, (long) AT_FDCWD, "/tmp", NULL, 0L));
}
static long do_unlink(void)
{
    return answer(unlinkat(AT_FDCWD, "/tmp/nothing-of-that-name", 0));
}
static long do_sigaction(void)
{
    return answer(syscall(SYS_rt_sigaction, (long) SIGSYS, 0L, 0L, 8L));
}
static long do_dumpable(void)
{
    return answer(prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL));
}
static long do_other_death(void)
{
    return answer(prctl(PR_SET_PDEATHSIG, (unsigned long) SIGCHLD, 0UL, 0UL, 0UL));
}
static long do_outlive(void)
{
    return answer(prctl(PR_SET_PDEATHSIG, 0UL, 0UL, 0UL, 0UL));
}
static long do_clone3(void)
{
    return answer(syscall(435L, NULL, 0L));
}
static long do_memfd(void)
{
    return answer(syscall(SYS_memfd_create, "x", 0L));
}
static long do_ioctl(void)
{
    return answer(ioctl(0, TIOCSTI, "x"));
}

static long do_owner(void)
{
    return answer(fcntl(STDOUT_FILENO, F_SETOWN, 1));
}

static long do_mmap(void)
{
    return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

#ifdef __x86_64__
static long do_old_open_write(void)
{
    return answer(syscall(SYS_open, "/tmp", (long) O_WRONLY, 0L));
}
static long do_creat(void)
{
    return answer(syscall(SYS_creat, "/tmp/nothing-of-that-name", 0600L));
}
#endif

static const struct deed not_for_readers[] = {
    {"write", do_write},
    {"open for writing", do_open_write},
    {"open for both", do_open_both},
    {"open to create", do_open_create},
    {"open to truncate", do_open_truncate},
    {"open without a name", do_open_unnamed},
    {"openat2", do_openat2},
    {"unlink", do_unlink},
    {"sigaction", do_sigaction},
    {"become dumpable", do_dumpable},
    {"another signal when the conductor dies", do_other_death},
    {"no signal when the conductor dies", do_outlive},
    {"clone3", do_clone3},
    {"memfd_create", do_memfd},
    {"ioctl", do_ioctl},
    {"signals through F_SETOWN", do_owner},
    {"mmap", do_mmap},
#ifdef __x86_64__
    {"open(2) for writing", do_old_open_write},
    {"creat", do_creat},
#endif
};

Test(filter, a_reader_that_does_anything_else_ends)
{
    EXPECT_ALL(PS_ROLE_READER, not_for_readers, KILLED);
}

/* One capture from end to end, with every call that the walk and the switch of ids make. */
static long do_read_a_file(void)
{
    char text[4096];
    struct stat st;
    struct statfs fs;
    struct statx facts;
    int dir = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(dir, "stat", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);

    if (dir < 0 || fd < 0 || read(fd, text, sizeof text) <= 0 || pread(fd, text, 1, 0) != 1 ||
        lseek(fd, 0, SEEK_SET) != 0)
        return -1;
    if (fstat(fd, &st) != 0 || fstatat(dir, "stat", &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        fstatfs(fd, &fs) != 0)
        return -1;
    if (syscall(SYS_statx, (long) dir, "exe", (long) AT_STATX_DONT_SYNC, (long) STATX_BASIC_STATS,
                &facts) != 0)
        return -1;
    if (readlinkat(dir, "exe", text, sizeof text) <= 0 || close(fd) != 0) return -1;
    fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && syscall(SYS_getdents64, (long) fd, text, sizeof text) > 0 && close(fd) == 0
               ? 0
               : -1;
}

static long do_switch_ids(void)
{
    (void) syscall(SYS_setfsgid, -1L);
    (void) syscall(SYS_setfsuid, -1L);
    if (prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0 ||
        prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0)
        return -1;
    return prctl(PR_SET_PDEATHSIG, (unsigned long) SIGKILL, 0UL, 0UL, 0UL) == 0 && getppid() > 0
               ? 0
               : -1;
}

static long do_wait(void)
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

static void *page;

static long do_unmap(void)
{
    return munmap(page, 4096);
}

static const struct deed for_readers[] = {
    {"a capture", do_read_a_file},
    {"a switch of ids", do_switch_ids},
    {"waiting", do_wait},
    {"unmapping", do_unmap},
};

Test(filter, a_reader_can_do_its_work)
{
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_ALL(PS_ROLE_READER, for_readers, DONE);
}

/* ---- builder ---- */

static long do_grow_memory(void)
{
    size_t size = 1 << 12;
    char *text = malloc(size);

    for (; text != NULL && size < (64 << 20); size *= 2) {
        char *more = realloc(text, size * 2);
        if (more == NULL) break;
        text = more;
        memset(text + size, 1, size);
    }
    free(text);
    return size >= (64 << 20) ? 0 : -1;
}

static long do_write_a_file(void)
{
    char part[64];
    char whole[64];

    (void) snprintf(part, sizeof part, "/tmp/procsnap-test-%d.part", getpid());
    (void) snprintf(whole, sizeof whole, "/tmp/procsnap-test-%d", getpid());
    int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "evidence", 8) != 8 || pwrite(fd, "E", 1, 0) != 1 ||
        ftruncate(fd, 4) != 0)
        return -1;
    if (fsync(fd) != 0 || close(fd) != 0 ||
        syscall(SYS_renameat2, (long) AT_FDCWD, part, (long) AT_FDCWD, whole, 1L) != 0)
        return -1;
    return unlink(whole);
}

static void *add_one(void *counter)
{
    ++*(int *) counter;
    return NULL;
}

static long do_start_threads(void)
{
    pthread_t thread;
    int counter = 0;

    for (int i = 0; i < 4; i++) {
        int why = pthread_create(&thread, NULL, add_one, &counter);
        if (why != 0) {
            errno = why;
            return -1;
        }
        (void) pthread_join(thread, NULL);
    }
    return counter == 4 ? 0 : -1;
}

static long do_keep_a_key(void)
{
    char key[32];
    char *page_of_keys =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page_of_keys == MAP_FAILED || syscall(SYS_getrandom, key, sizeof key, 0L) != sizeof key)
        return -1;
    (void) madvise(page_of_keys, 4096, MADV_DONTDUMP);
    return mlock(page_of_keys, 4096) == 0 && mprotect(page_of_keys, 4096, PROT_NONE) == 0
               ? munlock(page_of_keys, 4096)
               : -1;
}

static long do_ask_facts(void)
{
    struct rusage usage;
    struct rlimit limit;

    if (getrusage(RUSAGE_SELF, &usage) != 0 || getrlimit(RLIMIT_FSIZE, &limit) != 0) return -1;
    (void) isatty(STDOUT_FILENO);
    return fcntl(STDOUT_FILENO, F_GETFL) >= 0 && getpid() > 0 && getuid() == geteuid() ? 0 : -1;
}

static const struct deed for_builders[] = {
    {"growing memory", do_grow_memory}, {"a file", do_write_a_file},
    {"threads", do_start_threads},      {"a key", do_keep_a_key},
    {"asking for facts", do_ask_facts}, {"waiting", do_wait},
};

Test(filter, a_builder_can_do_its_work)
{
    EXPECT_ALL(PS_ROLE_BUILDER, for_builders, DONE);
}

static long do_symlink(void)
{
    return answer(symlinkat("x", AT_FDCWD, "/tmp/nothing-of-that-name/x"));
}
static long do_limit(void)
{
    const struct rlimit none = {0};
    return answer(syscall(SYS_prlimit64, 0L, (long) RLIMIT_CORE, &none, NULL));
}

static long do_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0;
}

static long do_make_executable(void)
{
    return answer(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static const struct deed refused_to_builders[] = {
    {"a symbolic link", do_symlink},
    {"type into the terminal", do_ioctl},
    {"memfd_create", do_memfd},
    {"signals through F_SETOWN", do_owner},
    {"set a limit", do_limit},
    {"map executable memory", do_executable_memory},
    {"make memory executable", do_make_executable},
    {"become dumpable", do_dumpable},
};

Test(filter, a_builder_is_told_no_where_a_library_might_ask)
{
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_ALL(PS_ROLE_BUILDER, refused_to_builders, EPERM);
}

/* ---- installing ---- */

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
        _exit(second.state == PS_SANDBOX_REFUSED && second.sys_errno == EPERM &&
                      do_write_a_file() == 0
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
    cr_assert(eq(int, strcmp(ps_role_name(PS_ROLES), "?"), 0));
}
