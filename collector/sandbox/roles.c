/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that some machines lack (open, readlink, fork: aarch64) or some headers do not know yet
 * stand in #ifdef, in one place at the end of each table. Frequent calls stand first: older kernels
 * walk the filter from the top.
 */
#include "collector/sandbox/roles.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434 /* the same on all machines */
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define ALLOW(name)                                                                                \
    {                                                                                              \
        .number = SYS_##name, .answer = PS_ANSWER_ALLOW                                            \
    }
#define ALLOW_IF(name, ...)                                                                        \
    {                                                                                              \
        .number = SYS_##name, .answer = PS_ANSWER_ALLOW, .checks = { __VA_ARGS__ }                 \
    }
#define KILL(name)                                                                                 \
    {                                                                                              \
        .number = SYS_##name, .answer = PS_ANSWER_KILL                                             \
    }
#define IS(n, what)                                                                                \
    {                                                                                              \
        .test = PS_ARG_IS, .arg = (n), .value = (uint32_t) (what)                                  \
    }
#define LACKS(n, bits)                                                                             \
    {                                                                                              \
        .test = PS_ARG_LACKS, .arg = (n), .value = (uint32_t) (bits)                               \
    }
#define HAS(n, bits)                                                                               \
    {                                                                                              \
        .test = PS_ARG_HAS, .arg = (n), .value = (uint32_t) (bits)                                 \
    }
#define IS_NULL(n)                                                                                 \
    {                                                                                              \
        .test = PS_ARG_NULL, .arg = (n)                                                            \
    }

/* O_TMPFILE without O_DIRECTORY, which it contains and which listing needs. */
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* No write of any sort: a reader hands its bytes over in shared memory. No memory beyond what it
 * has after the fork (no mmap, brk, mprotect): it works in buffers made before, and unmaps what
 * belongs to others. */
static const struct ps_rule reader[] = {
    ALLOW(read),
    ALLOW(pread64),
    ALLOW_IF(openat, LACKS(2, WRITING)),
    ALLOW(close),
    ALLOW(readlinkat),
    ALLOW(futex),
    ALLOW(getdents64),
    ALLOW(statx),
    ALLOW(setfsuid),
    ALLOW(setfsgid),
    ALLOW_IF(prctl, IS(0, PR_SET_DUMPABLE), IS(1, 0)),
    ALLOW_IF(prctl, IS(0, PR_SET_PDEATHSIG), IS(1, SIGKILL)),
    ALLOW(getppid),
    ALLOW(clock_gettime), /* where the vDSO has no clock */
    ALLOW(newfstatat),
    ALLOW(fstat),
    ALLOW(fstatfs),
    ALLOW(lseek),
    ALLOW(getpid),
    ALLOW(sched_yield),
    ALLOW(nanosleep),
    ALLOW(clock_nanosleep),
    ALLOW_IF(pidfd_open, IS(1, 0)), /* who is there; whatever a pidfd could do is forbidden */
    ALLOW(munmap),
    ALLOW_IF(prctl, IS(0, PR_GET_DUMPABLE)),
    ALLOW_IF(fcntl, IS(1, F_SETFD)), /* musl: close-on-exec, once more, after open */
    ALLOW_IF(fcntl, IS(1, F_GETFD)), /* musl: is this descriptor open, after a failed fstat */
    ALLOW(rt_sigreturn),
    ALLOW(restart_syscall),
    ALLOW(exit_group),
    ALLOW(exit),
#ifdef SYS_open
    ALLOW_IF(open, LACKS(1, WRITING)),
    ALLOW(readlink),
#endif
};

/* An allow list too, but what is neither on it nor a call that only an intruder makes gets EPERM: a
 * library that probes for something must not cost the evidence. No executable memory, no signal to
 * anybody, no terminal but its size. */
static const struct ps_rule builder[] = {
    ALLOW(futex),
    ALLOW(write),
    ALLOW(read),
    ALLOW(madvise),
    ALLOW_IF(mmap, LACKS(2, PROT_EXEC)),
    ALLOW(munmap),
    ALLOW(brk),
    ALLOW(mremap),
    ALLOW_IF(mprotect, LACKS(2, PROT_EXEC)),
    ALLOW(clock_gettime),
    /* files: DEST, its parts and the keys */
    ALLOW(openat),
    ALLOW(close),
    ALLOW(readv),
    ALLOW(writev),
    ALLOW(pread64),
    ALLOW(pwrite64),
    ALLOW(lseek),
    ALLOW(fstat),
    ALLOW(newfstatat),
    ALLOW(statx),
    ALLOW(statfs),
    ALLOW(fstatfs),
    ALLOW(getdents64),
    ALLOW(readlinkat),
    ALLOW(faccessat),
    ALLOW(fsync),
    ALLOW(fdatasync),
    ALLOW(sync_file_range),
    ALLOW(fadvise64),
    ALLOW(fallocate),
    ALLOW(ftruncate),
    ALLOW(fchmod),
    ALLOW(flock),
    ALLOW(renameat),
    ALLOW(renameat2),
    ALLOW(linkat),
    ALLOW(unlinkat),
    ALLOW(mkdirat),
    ALLOW(ppoll),
    ALLOW_IF(fcntl, IS(1, F_GETFD)), /* not F_SETOWN: that sends signals */
    ALLOW_IF(fcntl, IS(1, F_SETFD)),
    ALLOW_IF(fcntl, IS(1, F_GETFL)),
    ALLOW_IF(fcntl, IS(1, F_SETFL)),
    ALLOW_IF(fcntl, IS(1, F_DUPFD_CLOEXEC)),
    ALLOW_IF(ioctl, IS(1, TCGETS)), /* isatty; not TIOCSTI: that types */
    ALLOW_IF(ioctl, IS(1, TIOCGWINSZ)),
    /* memory that holds keys */
    ALLOW(mlock),
    ALLOW(munlock),
    ALLOW(getrandom),
    /* threads, never processes */
    ALLOW_IF(clone, HAS(0, CLONE_VM | CLONE_THREAD)),
    {.number = SYS_clone3, .answer = PS_ANSWER_ENOSYS}, /* its flags are behind a pointer */
    ALLOW(set_robust_list),
    ALLOW(set_tid_address),
    ALLOW(sched_yield),
    ALLOW(sched_getaffinity),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigaction),
    ALLOW(rt_sigreturn),
    ALLOW(sigaltstack),
    ALLOW(restart_syscall),
    ALLOW(exit),
    ALLOW(exit_group),
    /* facts */
    ALLOW(clock_getres),
    ALLOW(gettimeofday),
    ALLOW(nanosleep),
    ALLOW(clock_nanosleep),
    ALLOW(getpid),
    ALLOW(getppid),
    ALLOW(gettid),
    ALLOW(getuid),
    ALLOW(geteuid),
    ALLOW(getgid),
    ALLOW(getegid),
    ALLOW(uname),
    ALLOW(sysinfo),
    ALLOW(getrusage),
    ALLOW_IF(prlimit64, IS(0, 0), IS_NULL(2)), /* ours, and only to ask */
    ALLOW(getrlimit),
    ALLOW_IF(prctl, IS(0, PR_SET_DUMPABLE), IS(1, 0)),
    ALLOW_IF(prctl, IS(0, PR_GET_DUMPABLE)),
    ALLOW_IF(prctl, IS(0, PR_SET_PDEATHSIG), IS(1, SIGKILL)),
    ALLOW_IF(prctl, IS(0, PR_SET_NAME)),
    ALLOW_IF(prctl, IS(0, PR_SET_VMA)),
#ifdef SYS_open
    ALLOW(open),
    ALLOW(stat),
    ALLOW(lstat),
    ALLOW(access),
    ALLOW(readlink),
    ALLOW(rename),
    ALLOW(unlink),
    ALLOW(poll),
    ALLOW(time),
#endif
#ifdef SYS_rseq
    ALLOW(rseq),
#endif
};

/* Calls that none of ours makes and a library does not try either: whoever makes one has taken the
 * process over. Behind a role's own table, which may allow a call in part (clone, for threads). */
static const struct ps_rule intruder[] = {
    KILL(clone),
    KILL(clone3),
    KILL(execve),
    KILL(execveat),
    KILL(ptrace),
    KILL(process_vm_readv),
    KILL(process_vm_writev),
    KILL(kill),
    KILL(tkill),
    KILL(tgkill),
    KILL(rt_sigqueueinfo),
    KILL(rt_tgsigqueueinfo),
    KILL(socket),
    KILL(socketpair),
    KILL(connect),
    KILL(bind),
    KILL(setuid),
    KILL(setgid),
    KILL(setreuid),
    KILL(setregid),
    KILL(setresuid),
    KILL(setresgid),
    KILL(setfsuid),
    KILL(setfsgid),
    KILL(setgroups),
    KILL(capset),
    KILL(mount),
    KILL(umount2),
    KILL(pivot_root),
    KILL(chroot),
    KILL(setns),
    KILL(unshare),
    KILL(bpf),
    KILL(perf_event_open),
    KILL(userfaultfd),
    KILL(init_module),
    KILL(finit_module),
    KILL(open_by_handle_at),
#ifdef SYS_open
    KILL(fork),
    KILL(vfork),
#endif
#ifdef SYS_io_uring_setup
    KILL(io_uring_setup),
#endif
#ifdef SYS_move_mount
    KILL(move_mount),
#endif
};

/* What the analyst's commands need to read a bundle that is open already, and to print: nothing is
 * opened, no file is written, also none that the shell left open or that is standard input: bytes go
 * to descriptors 1 and 2 alone, and no memory is that of a file. getrandom: libsodium seeds itself. */
static const struct ps_rule offline[] = {
    ALLOW(read),
    ALLOW_IF(write, IS(0, 1)),
    ALLOW_IF(write, IS(0, 2)),
    ALLOW_IF(mmap, LACKS(2, PROT_EXEC), HAS(3, MAP_ANONYMOUS)),
    ALLOW(munmap),
    ALLOW(brk),
    ALLOW(mremap),
    ALLOW(madvise),
    ALLOW_IF(mprotect, LACKS(2, PROT_EXEC)),
    ALLOW(pread64),
    ALLOW(lseek),
    ALLOW(fstat),
    ALLOW(close),
    ALLOW_IF(ioctl, IS(1, TCGETS)),
    ALLOW_IF(ioctl, IS(1, TIOCGWINSZ)),
    ALLOW(ppoll), /* a pipe that does not block, and is full */
    ALLOW(futex),
    ALLOW(clock_gettime),
    ALLOW(getrandom),
    ALLOW(mlock), /* memory that holds the keys of an encrypted bundle */
    ALLOW(munlock),
    ALLOW(restart_syscall),
    ALLOW(exit),
    ALLOW(exit_group),
#ifdef SYS_open
    ALLOW(poll),
#endif
};

/* A bundle that was extracted is opened file by file. No filter can look at a name: which files those
 * may be is for folders.h to say; where there is none, what is read can only go to the terminal. */
static const struct ps_rule directory[] = {
    ALLOW_IF(openat, LACKS(2, WRITING)),
    ALLOW(newfstatat),
    ALLOW(statx),
    ALLOW(getdents64),
    ALLOW(faccessat),
    ALLOW_IF(fcntl, IS(1, F_GETFD)),
    ALLOW_IF(fcntl, IS(1, F_SETFD)),
    ALLOW_IF(fcntl, IS(1, F_GETFL)),
};

/* An export makes new directories, links and files, and appends to what it made: no name is replaced
 * or removed, and no file is shortened. */
static const struct ps_rule exporter[] = {
    ALLOW(write),
    ALLOW_IF(openat, HAS(2, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)),
    ALLOW_IF(openat, HAS(2, O_WRONLY | O_APPEND | O_NOFOLLOW), LACKS(2, O_CREAT | O_TRUNC)),
    ALLOW(mkdirat),
    ALLOW(symlinkat),
    ALLOW(dup),
};

/* TCP to somebody, and the question for the socket tables: no other sort of socket, none to listen
 * on. Addresses are behind a pointer: prober_http.c lets only literal link-local ones through. */
static const struct ps_rule prober[] = {
    ALLOW(recvfrom),
    ALLOW(ppoll),
    ALLOW(read),
    ALLOW_IF(openat, LACKS(2, WRITING)),
    ALLOW(close),
    ALLOW(futex),
    ALLOW(clock_gettime),
    ALLOW_IF(socket, IS(0, AF_INET), IS(1, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)),
    ALLOW_IF(socket, IS(0, AF_NETLINK), IS(2, NETLINK_SOCK_DIAG)),
    ALLOW(connect),
    ALLOW(sendto),
    ALLOW(faccessat),
    ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_ERROR)),
    ALLOW(fstatfs),
    ALLOW(nanosleep),
    ALLOW(clock_nanosleep),
    ALLOW(munmap),
    ALLOW_IF(prctl, IS(0, PR_SET_DUMPABLE), IS(1, 0)),
    ALLOW_IF(prctl, IS(0, PR_SET_PDEATHSIG), IS(1, SIGKILL)),
    ALLOW(getppid),
    ALLOW_IF(fcntl, IS(1, F_SETFD)),
    ALLOW(rt_sigreturn),
    ALLOW(restart_syscall),
    ALLOW(exit_group),
    ALLOW(exit),
#ifdef SYS_open
    ALLOW_IF(open, LACKS(1, WRITING)),
    ALLOW(poll),
#endif
#ifdef SYS_faccessat2
    ALLOW(faccessat2),
#endif
};

/* SOCK_STREAM or SOCK_DGRAM, which a raw socket is both of in bits, and not SOCK_PACKET. */
#define STREAM LACKS(1, SOCK_DGRAM | 8)
#define DATAGRAM LACKS(1, SOCK_STREAM | 8)

/* To speak TLS with a host that a name server knows: the resolver has a thread of its own and binds its socket. Nobody can
 * connect to a courier (no listen), and it opens nothing to write: the receipt goes to what was open before. Which
 * addresses are spoken to is behind pointers, and for http.h to say. */
static const struct ps_rule courier[] = {
    ALLOW(sendto),
    ALLOW(recvfrom),
    ALLOW(pread64),
    ALLOW(read),
    ALLOW(write),
    ALLOW(writev),
    ALLOW_IF(mmap, LACKS(2, PROT_EXEC), HAS(3, MAP_ANONYMOUS)),
    ALLOW(munmap),
    ALLOW(brk),
    ALLOW(mremap),
    ALLOW(madvise),
    ALLOW_IF(mprotect, LACKS(2, PROT_EXEC)),
    ALLOW(futex),
    ALLOW(clock_gettime),
    ALLOW_IF(socket, IS(0, AF_INET), STREAM),
    ALLOW_IF(socket, IS(0, AF_INET6), STREAM),
    ALLOW_IF(socket, IS(0, AF_INET), DATAGRAM),
    ALLOW_IF(socket, IS(0, AF_INET6), DATAGRAM),
    ALLOW(connect),
    ALLOW(bind),
    ALLOW(sendmsg),
    ALLOW(recvmsg),
    ALLOW(setsockopt),
    ALLOW(getsockopt),
    ALLOW(getsockname),
    ALLOW(getpeername),
    ALLOW(shutdown),
    ALLOW_IF(openat, LACKS(2, WRITING)), /* hosts, resolv.conf, the file of authorities, that of a token */
    ALLOW(close),
    ALLOW(readv),
    ALLOW(lseek),
    ALLOW(fstat),
    ALLOW(newfstatat),
    ALLOW(statx),
    ALLOW_IF(fcntl, IS(1, F_GETFD)),
    ALLOW_IF(fcntl, IS(1, F_SETFD)),
    ALLOW_IF(fcntl, IS(1, F_GETFL)),
    ALLOW_IF(fcntl, IS(1, F_SETFL)),
    ALLOW_IF(ioctl, IS(1, TCGETS)),
    ALLOW_IF(ioctl, IS(1, TIOCGWINSZ)),
    ALLOW(mlock),
    ALLOW(munlock),
    ALLOW(getrandom),
    ALLOW_IF(clone, HAS(0, CLONE_VM | CLONE_THREAD)),
    {.number = SYS_clone3, .answer = PS_ANSWER_ENOSYS},
    ALLOW(set_robust_list),
    ALLOW(set_tid_address),
    ALLOW(sched_yield),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigaction),
    ALLOW(rt_sigreturn),
    ALLOW(restart_syscall),
    ALLOW(exit),
    ALLOW(exit_group),
    ALLOW(nanosleep),
    ALLOW(clock_nanosleep),
    ALLOW(gettimeofday),
    ALLOW(getpid),
    ALLOW(getppid),
    ALLOW(gettid),
    ALLOW(ppoll),
    ALLOW_IF(prctl, IS(0, PR_SET_DUMPABLE), IS(1, 0)),
    ALLOW_IF(prctl, IS(0, PR_SET_PDEATHSIG), IS(1, SIGKILL)),
#ifdef SYS_open
    ALLOW_IF(open, LACKS(1, WRITING)),
    ALLOW(poll),
    ALLOW(time),
#endif
#ifdef SYS_rseq
    ALLOW(rseq),
#endif
};

#define RULES(table)                                                                               \
    {                                                                                              \
        (table), sizeof(table) / sizeof((table)[0])                                                \
    }

static const struct ps_policy policies[] = {
    [PS_ROLE_READER] = {{RULES(reader)}, PS_ANSWER_KILL},
    [PS_ROLE_BUILDER] = {{RULES(builder), RULES(intruder)}, PS_ANSWER_EPERM},
    [PS_ROLE_PROBER] = {{RULES(prober)}, PS_ANSWER_KILL},
    [PS_ROLE_OFFLINE] = {{RULES(offline), RULES(intruder)}, PS_ANSWER_EPERM},
    [PS_ROLE_OFFLINE_DIRECTORY] = {{RULES(offline), RULES(directory), RULES(intruder)}, PS_ANSWER_EPERM},
    [PS_ROLE_COURIER] = {{RULES(courier), RULES(intruder)}, PS_ANSWER_EPERM},
    [PS_ROLE_EXPORTER] = {{RULES(offline), RULES(exporter), RULES(directory), RULES(intruder)}, PS_ANSWER_EPERM},
};

const struct ps_policy *ps_role_policy(enum ps_role role)
{
    return &policies[role];
}
