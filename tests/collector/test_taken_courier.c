/* SPDX-License-Identifier: Apache-2.0
 *
 * A courier that was taken over: the real one, with its own enclosure, in which this file stands in the place of the
 * delivery and asks the kernel for what an intruder wants.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/delivery/courier.h"
#include "tests/collector/deeds.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

struct attempt {
    const char *name;
    int want; /* DONE, an errno, or KILLED */
    long number, arguments[6];
};

static const struct attempt *attempted;

static long make(const struct attempt *a)
{
    const long *x = a->arguments;

    return syscall(a->number, x[0], x[1], x[2], x[3], x[4], x[5]);
}

enum ps_delivered ps_delivery_run(const struct ps_delivery_options *options, const char *dest,
                                  const struct ps_parcel *parcel, void (*tell)(void *context, const char *line),
                                  void *context, struct ps_buffer *receipt, struct ps_error *err)
{
    (void) options, (void) dest, (void) parcel, (void) tell, (void) context, (void) receipt;
    if (make(attempted) >= 0)
        return PS_DELIVERED;
    ps_fail(err, errno, "%s", attempted->name);
    return PS_NOT_DELIVERED;
}

bool ps_delivery_check(const struct ps_delivery_options *options, const char *dest,
                       void (*tell)(void *context, const char *line), void *context, struct ps_error *err)
{
    (void) options, (void) dest, (void) tell, (void) context, (void) err;
    return true;
}

void ps_http_stop(void) {}

static int attempt(const struct attempt *a, const char *ca_file)
{
    const struct ps_delivery_options options = {.ca_file = ca_file};
    const struct ps_parcel parcel = {.fd = -1};
    struct ps_buffer receipt = {0};
    struct ps_error err = {0};

    attempted = a;
    struct ps_courier *courier = ps_courier_start(&options, "s3://bucket/", &parcel, &err);
    cr_assert(courier != NULL);
    if (ps_courier_end(courier, &receipt, &err) == PS_DELIVERED)
        return DONE;
    return strstr(err.text, "killed by signal 31 ") != NULL ? KILLED : err.sys_errno;
}

static void expect_each(const struct attempt *attempts, size_t count, const char *ca_file)
{
    for (size_t i = 0; i < count; i++)
        cr_expect(eq(int, attempt(&attempts[i], ca_file), attempts[i].want), "%s", attempts[i].name);
}

#define EXPECT_EACH(attempts, ca_file) expect_each(attempts, sizeof(attempts) / sizeof *(attempts), ca_file)

/* Flags of an open that reads. */
#define OPENING(path) SYS_openat, {AT_FDCWD, (long) (path), O_RDONLY | O_CLOEXEC | O_NONBLOCK}

static bool has_filters(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(ps_sandbox_enter(PS_ROLE_COURIER).state == PS_SANDBOX_ON ? 0 : 1);
    (void) waitpid(child, &status, 0);
    return status == 0;
}

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0L, 1L) > 0;
}

/* Those that a container's root has, and a courier has not. */
static bool has_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};

    return syscall(SYS_capget, &head, sets) == 0 && (sets[0].permitted & 1U << CAP_KILL) != 0;
}

/* A kernel without Landlock, for this process and its couriers. */
static bool lose_landlock(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0 && prctl(PR_SET_SECCOMP, 2L, &program) == 0;
}

static char ca_file[] = "/tmp/procsnap-test-ca-XXXXXX", token_file[] = "/tmp/procsnap-test-token-XXXXXX";
static char memory_of_parent[64], environment_of_parent[64];

static void begin(void)
{
    if (!has_filters())
        cr_skip_test("no seccomp filter here");
    close(mkstemp(ca_file));
    close(mkstemp(token_file));
    cr_assert(setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token_file, 1) == 0);
    snprintf(memory_of_parent, sizeof memory_of_parent, "/proc/%d/mem", (int) getpid());
    snprintf(environment_of_parent, sizeof environment_of_parent, "/proc/%d/environ", (int) getpid());
}

static void end(void)
{
    (void) unlink(ca_file);
    (void) unlink(token_file);
}

TestSuite(taken_courier, .init = begin, .fini = end);

Test(taken_courier, starts_nothing_and_touches_nobody)
{
    const struct attempt attempts[] = {
        {"execve", KILLED, SYS_execve, {(long) "/bin/true"}},
        {"execveat", KILLED, SYS_execveat, {AT_FDCWD, (long) "/bin/true"}},
        {"a process", KILLED, SYS_clone, {SIGCHLD}},
        {"ptrace", KILLED, SYS_ptrace, {PTRACE_ATTACH, getpid()}},
        {"process_vm_readv", KILLED, SYS_process_vm_readv, {getpid()}},
        {"process_vm_writev", KILLED, SYS_process_vm_writev, {getpid()}},
        {"kill", KILLED, SYS_kill, {getpid()}},
        {"tgkill", KILLED, SYS_tgkill, {getpid(), getpid()}},
        {"setuid", KILLED, SYS_setuid, {0}},
        {"capset", KILLED, SYS_capset, {0}},
        {"mount", KILLED, SYS_mount, {0}},
        {"setns", KILLED, SYS_setns, {0}},
        {"unshare", KILLED, SYS_unshare, {0}},
        {"bpf", KILLED, SYS_bpf, {0}},
        {"userfaultfd", KILLED, SYS_userfaultfd, {0}},
        {"perf", KILLED, SYS_perf_event_open, {0}},
        {"a file by its handle", KILLED, SYS_open_by_handle_at, {AT_FDCWD}},
        {"a descriptor of another", EPERM, SYS_pidfd_getfd, {0}},
        {"memory to run from", EPERM, SYS_memfd_create, {(long) "x", 0}},
    };

    EXPECT_EACH(attempts, NULL);
}

Test(taken_courier, speaks_ip_to_others_and_nothing_else)
{
    const struct attempt attempts[] = {
        {"TCP", DONE, SYS_socket, {AF_INET, SOCK_STREAM}},
        {"UDP", DONE, SYS_socket, {AF_INET, SOCK_DGRAM}},
        {"unix", KILLED, SYS_socket, {AF_UNIX, SOCK_STREAM}},
        {"a pair", KILLED, SYS_socketpair, {AF_UNIX, SOCK_STREAM}},
        {"netlink", KILLED, SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}},
        {"raw", KILLED, SYS_socket, {AF_INET, SOCK_RAW, 1}},
        {"packets", KILLED, SYS_socket, {AF_PACKET, SOCK_RAW}},
        {"vsock", KILLED, SYS_socket, {AF_VSOCK, SOCK_STREAM}},
        {"to be spoken to", EPERM, SYS_listen, {0, 1}},
    };

    EXPECT_EACH(attempts, NULL);
}

Test(taken_courier, opens_what_a_delivery_needs_and_nothing_else)
{
    const struct attempt attempts[] = {
        {"hosts", access("/etc/hosts", R_OK) == 0 ? DONE : errno, OPENING("/etc/hosts")},
        {"the resolver's", access("/etc/resolv.conf", R_OK) == 0 ? DONE : errno, OPENING("/etc/resolv.conf")},
        {"authorities", DONE, OPENING(ca_file)},
        {"a token", DONE, OPENING(token_file)},
        {"users", EACCES, OPENING("/etc/passwd")},
        {"users, by the way of /proc", EACCES, OPENING("/proc/self/root/etc/passwd")},
        {"a directory", EACCES, OPENING("/etc")},
        {"everything", EACCES, OPENING("/")},
        {"a device", EACCES, OPENING("/dev/null")},
        {"who is there", EACCES, OPENING("/proc")},
        {"memory of the first process", EACCES, OPENING("/proc/1/mem")},
        {"environment of the first process", EACCES, OPENING("/proc/1/environ")},
        {"memory of its parent", EACCES, OPENING(memory_of_parent)},
        {"environment of its parent", EACCES, OPENING(environment_of_parent)},
        {"its own memory", EACCES, OPENING("/proc/self/mem")},
        {"its own name", EACCES, OPENING("/proc/self/comm")},
        {"to write what it may read", EPERM, SYS_openat, {AT_FDCWD, (long) ca_file, O_WRONLY}},
        {"to cut what it may read", EPERM, SYS_openat, {AT_FDCWD, (long) ca_file, O_RDONLY | O_TRUNC}},
    };

    if (!has_landlock())
        cr_skip_test("no Landlock here");
    EXPECT_EACH(attempts, ca_file);
}

Test(taken_courier, opens_no_file_that_was_not_named)
{
    const struct attempt attempts[] = {
        {"authorities", EACCES, OPENING(ca_file)},
        {"a token", EACCES, OPENING(token_file)},
        {"users", EACCES, OPENING("/etc/passwd")},
    };

    if (!has_landlock())
        cr_skip_test("no Landlock here");
    cr_assert(unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") == 0);
    EXPECT_EACH(attempts, NULL);
}

/* A variable that names / or /proc does not open what is below. */
Test(taken_courier, a_directory_in_place_of_a_file_opens_nothing)
{
    const struct attempt attempts[] = {
        {"users", EACCES, OPENING("/etc/passwd")},
        {"its own memory", EACCES, OPENING("/proc/self/mem")},
    };

    if (!has_landlock())
        cr_skip_test("no Landlock here");
    cr_assert(setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/", 1) == 0);
    EXPECT_EACH(attempts, "/proc");
}

Test(taken_courier, without_landlock_nobodys_memory_all_the_same)
{
    const struct attempt attempts[] = {
        {"authorities", DONE, OPENING(ca_file)},
        {"memory of its parent", EACCES, OPENING(memory_of_parent)},
        {"environment of its parent", EACCES, OPENING(environment_of_parent)},
        {"execve", KILLED, SYS_execve, {(long) "/bin/true"}},
    };

    if (!has_capabilities())
        cr_skip_test("no capabilities to give up");
    cr_assert(lose_landlock());
    EXPECT_EACH(attempts, ca_file);
}

static void keep(void *context, const char *line)
{
    snprintf(context, 200, "%s", line);
}

static void say_enclosure(char line[200])
{
    const struct ps_delivery_options options = {0};
    int ends[2], status = 0;

    cr_assert(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct ps_error err;
        char said[200] = "";
        (void) ps_courier_check(&options, "s3://bucket/", keep, said, &err);
        _exit(write(ends[1], said, sizeof said) == sizeof said ? 0 : 1);
    }
    (void) waitpid(child, &status, 0);
    cr_assert(eq(int, status, 0));
    cr_assert(read(ends[0], line, 200) == 200);
}

Test(taken_courier, a_check_says_what_holds_it)
{
    static const char all[] = "confinement: system calls on, files on, capabilities dropped";
    static const char less[] =
        "confinement: system calls on, files not on (Function not implemented), capabilities dropped";
    char line[200];

    if (has_landlock()) {
        say_enclosure(line);
        cr_expect(eq(int, strcmp(line, all), 0), "%s", line);
    }
    cr_assert(lose_landlock());
    say_enclosure(line);
    cr_expect(eq(int, strcmp(line, less), 0), "%s", line);
}
