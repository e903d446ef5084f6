/* SPDX-License-Identifier: Apache-2.0
 *
 * What several roles do stands in a table of its own, once; a role is a list of such tables, with one of what it alone
 * does. Calls that some machines lack (open, readlink, fork: aarch64) or some headers do not know yet stand in #ifdef,
 * in one place at the end of each table. Frequent calls stand first: older kernels walk the filter from the top.
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

/* clang-format off */
#define ALLOW(name)         {.number = SYS_##name, .answer = PS_ANSWER_ALLOW}
#define ALLOW_IF(name, ...) {.number = SYS_##name, .answer = PS_ANSWER_ALLOW, .checks = {__VA_ARGS__}}
#define KILL(name)          {.number = SYS_##name, .answer = PS_ANSWER_KILL}
#define IS(n, what)         {.test = PS_ARG_IS, .arg = (n), .value = (uint32_t) (what)}
#define LACKS(n, bits)      {.test = PS_ARG_LACKS, .arg = (n), .value = (uint32_t) (bits)}
#define HAS(n, bits)        {.test = PS_ARG_HAS, .arg = (n), .value = (uint32_t) (bits)}
#define IS_NULL(n)          {.test = PS_ARG_NULL, .arg = (n)}
/* clang-format on */

/* O_TMPFILE without O_DIRECTORY, which it contains and which listing needs. */
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* A line for a topic. */
/* clang-format off */

/* ---- what several roles do ---- */

static const struct ps_rule everybody[] = {
    ALLOW(read), ALLOW(close), ALLOW(futex),
    ALLOW(clock_gettime), /* where the vDSO has no clock */
    ALLOW(munmap),
    ALLOW(restart_syscall), ALLOW(exit), ALLOW(exit_group),
};

/* Who was forked ends with its parent, and waits now and then. */
static const struct ps_rule child[] = {
    ALLOW(getppid),
    ALLOW(nanosleep), ALLOW(clock_nanosleep),
    ALLOW_IF(prctl, IS(0, PR_SET_DUMPABLE), IS(1, 0)),
    ALLOW_IF(prctl, IS(0, PR_SET_PDEATHSIG), IS(1, SIGKILL)),
    ALLOW_IF(fcntl, IS(1, F_SETFD)), /* musl: close-on-exec, once more, after open */
    ALLOW(rt_sigreturn),
};

/* No filter can look at a name: which files those may be is for folders.h to say. */
static const struct ps_rule opener[] = {
    ALLOW_IF(openat, LACKS(2, WRITING)),
#ifdef SYS_open
    ALLOW_IF(open, LACKS(1, WRITING)),
#endif
};

/* What libraries do with memory and with what is open. No memory to run from; of a terminal its size, and nothing that
 * types (TIOCSTI). */
static const struct ps_rule library[] = {
    ALLOW(pread64), ALLOW(lseek), ALLOW(fstat),
    ALLOW(madvise), ALLOW(brk), ALLOW(mremap), ALLOW_IF(mprotect, LACKS(2, PROT_EXEC)),
    ALLOW(ppoll),
    ALLOW_IF(ioctl, IS(1, TCGETS)), ALLOW_IF(ioctl, IS(1, TIOCGWINSZ)),
    ALLOW(mlock), ALLOW(munlock), ALLOW(getrandom), /* keys */
#ifdef SYS_open
    ALLOW(poll),
#endif
};

static const struct ps_rule own_memory[] = {
    ALLOW_IF(mmap, LACKS(2, PROT_EXEC), HAS(3, MAP_ANONYMOUS)), /* not that of a file */
};

static const struct ps_rule looker[] = {
    ALLOW(newfstatat), ALLOW(statx),
    ALLOW_IF(fcntl, IS(1, F_GETFD)), ALLOW_IF(fcntl, IS(1, F_GETFL)),
};

static const struct ps_rule writer[] = {
    ALLOW(write), ALLOW(writev), ALLOW(readv),
    ALLOW_IF(fcntl, IS(1, F_SETFL)), /* not F_SETOWN: that sends signals */
};

/* Threads, never processes. */
static const struct ps_rule threads[] = {
    ALLOW_IF(clone, HAS(0, CLONE_VM | CLONE_THREAD)),
    {.number = SYS_clone3, .answer = PS_ANSWER_ENOSYS}, /* its flags are behind a pointer */
    ALLOW(set_robust_list), ALLOW(set_tid_address), ALLOW(sched_yield),
    ALLOW(rt_sigprocmask), ALLOW(rt_sigaction),
    ALLOW(getpid), ALLOW(gettid), ALLOW(gettimeofday),
#ifdef SYS_open
    ALLOW(time),
#endif
#ifdef SYS_rseq
    ALLOW(rseq),
#endif
};

/* ---- what one role does ---- */

/* No write of any sort: a reader hands its bytes over in shared memory. No memory beyond what it has after the fork (no
 * mmap, brk, mprotect): it works in buffers made before, and unmaps what belongs to others. */
static const struct ps_rule reader[] = {
    ALLOW(pread64), ALLOW(readlinkat), ALLOW(getdents64),
    ALLOW(statx), ALLOW(newfstatat), ALLOW(fstat), ALLOW(fstatfs), ALLOW(lseek),
    ALLOW(setfsuid), ALLOW(setfsgid),
    ALLOW(getpid), ALLOW(sched_yield),
    ALLOW_IF(pidfd_open, IS(1, 0)), /* who is there; whatever a pidfd could do is forbidden */
    ALLOW_IF(prctl, IS(0, PR_GET_DUMPABLE)),
    ALLOW_IF(fcntl, IS(1, F_GETFD)), /* musl: is this descriptor open, after a failed fstat */
#ifdef SYS_open
    ALLOW(readlink),
#endif
};

/* An allow list too, but what is neither on it nor a call that only an intruder makes gets EPERM: a library that probes
 * for something must not cost the evidence. */
static const struct ps_rule builder[] = {
    ALLOW_IF(mmap, LACKS(2, PROT_EXEC)),
    /* files: DEST, its parts and the keys */
    ALLOW(openat), ALLOW(pwrite64), ALLOW(getdents64), ALLOW(readlinkat), ALLOW(faccessat),
    ALLOW(statfs), ALLOW(fstatfs), ALLOW(fsync), ALLOW(fdatasync), ALLOW(sync_file_range), ALLOW(fadvise64),
    ALLOW(fallocate), ALLOW(ftruncate), ALLOW(fchmod), ALLOW(flock), ALLOW_IF(fcntl, IS(1, F_DUPFD_CLOEXEC)),
    ALLOW(renameat), ALLOW(renameat2), ALLOW(linkat), ALLOW(unlinkat), ALLOW(mkdirat),
    /* facts */
    ALLOW(sched_getaffinity), ALLOW(sigaltstack), ALLOW(clock_getres),
    ALLOW(getuid), ALLOW(geteuid), ALLOW(getgid), ALLOW(getegid),
    ALLOW(uname), ALLOW(sysinfo), ALLOW(getrusage), ALLOW(getrlimit),
    ALLOW_IF(prlimit64, IS(0, 0), IS_NULL(2)), /* ours, and only to ask */
    ALLOW_IF(prctl, IS(0, PR_GET_DUMPABLE)), ALLOW_IF(prctl, IS(0, PR_SET_NAME)), ALLOW_IF(prctl, IS(0, PR_SET_VMA)),
#ifdef SYS_open
    ALLOW(open), ALLOW(stat), ALLOW(lstat), ALLOW(access), ALLOW(readlink), ALLOW(rename), ALLOW(unlink),
#endif
};

/* What the analyst's commands print: no file is written, also none that the shell left open or standard input is. */
static const struct ps_rule offline[] = {
    ALLOW_IF(write, IS(0, 1)), ALLOW_IF(write, IS(0, 2)),
};

/* A bundle that was extracted is opened file by file. */
static const struct ps_rule directory[] = {
    ALLOW_IF(openat, LACKS(2, WRITING)), ALLOW(getdents64), ALLOW(faccessat),
    ALLOW_IF(fcntl, IS(1, F_SETFD)),
};

/* An export makes new directories, links and files, and appends to what it made: no name is replaced or removed, and no
 * file is shortened. */
static const struct ps_rule exporter[] = {
    ALLOW(write), ALLOW(dup),
    ALLOW_IF(openat, HAS(2, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)),
    ALLOW_IF(openat, HAS(2, O_WRONLY | O_APPEND | O_NOFOLLOW), LACKS(2, O_CREAT | O_TRUNC)),
    ALLOW(mkdirat), ALLOW(symlinkat),
};

/* TCP to somebody, and the question for the socket tables: no other sort of socket, none to listen on. Addresses are
 * behind a pointer: prober_http.c lets only literal link-local ones through. */
static const struct ps_rule prober[] = {
    ALLOW_IF(socket, IS(0, AF_INET), IS(1, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)),
    ALLOW_IF(socket, IS(0, AF_NETLINK), IS(2, NETLINK_SOCK_DIAG)),
    ALLOW(connect), ALLOW(sendto), ALLOW(recvfrom), ALLOW(ppoll),
    ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_ERROR)),
    ALLOW(faccessat), ALLOW(fstatfs),
#ifdef SYS_open
    ALLOW(poll),
#endif
#ifdef SYS_faccessat2
    ALLOW(faccessat2),
#endif
};

/* SOCK_STREAM or SOCK_DGRAM, which a raw socket is both of in bits, and not SOCK_PACKET. */
#define STREAM   LACKS(1, SOCK_DGRAM | 8)
#define DATAGRAM LACKS(1, SOCK_STREAM | 8)

/* To speak TLS with a host that a name server knows: the resolver has a thread of its own and binds its socket. Nobody
 * can connect to a courier (no listen). Which addresses are spoken to is behind pointers, and for http.h to say. */
static const struct ps_rule courier[] = {
    ALLOW(sendto), ALLOW(recvfrom), ALLOW(sendmsg), ALLOW(recvmsg), ALLOW(shutdown),
    ALLOW_IF(socket, IS(0, AF_INET), STREAM), ALLOW_IF(socket, IS(0, AF_INET6), STREAM),
    ALLOW_IF(socket, IS(0, AF_INET), DATAGRAM), ALLOW_IF(socket, IS(0, AF_INET6), DATAGRAM),
    ALLOW(connect), ALLOW(bind),
    ALLOW(setsockopt), ALLOW(getsockopt), ALLOW(getsockname), ALLOW(getpeername),
};

/* To look at one name again and again, and to say so in a pipe. */
static const struct ps_rule lookout[] = {
    ALLOW(newfstatat), ALLOW(write),
};

/* ---- what nobody does ---- */

/* Calls that none of ours makes and a library does not try either: whoever makes one has taken the process over. Behind
 * the other tables of a role, which may allow a call in part (clone, for threads). */
static const struct ps_rule intruder[] = {
    KILL(clone), KILL(clone3), KILL(execve), KILL(execveat),
    KILL(ptrace), KILL(process_vm_readv), KILL(process_vm_writev),
    KILL(kill), KILL(tkill), KILL(tgkill), KILL(rt_sigqueueinfo), KILL(rt_tgsigqueueinfo),
    KILL(socket), KILL(socketpair), KILL(connect), KILL(bind),
    KILL(setuid), KILL(setgid), KILL(setreuid), KILL(setregid), KILL(setresuid), KILL(setresgid),
    KILL(setfsuid), KILL(setfsgid), KILL(setgroups), KILL(capset),
    KILL(mount), KILL(umount2), KILL(pivot_root), KILL(chroot), KILL(setns), KILL(unshare),
    KILL(bpf), KILL(perf_event_open), KILL(userfaultfd), KILL(init_module), KILL(finit_module),
    KILL(open_by_handle_at),
#ifdef SYS_open
    KILL(fork), KILL(vfork),
#endif
#ifdef SYS_io_uring_setup
    KILL(io_uring_setup),
#endif
#ifdef SYS_move_mount
    KILL(move_mount),
#endif
};

#define T(table) {(table), sizeof(table) / sizeof((table)[0])}
/* What all commands of the analyst have. */
#define T_OFFLINE T(everybody), T(offline), T(library), T(own_memory)

static const struct ps_policy policies[] = {
    [PS_ROLE_READER] = {{T(everybody), T(opener), T(reader), T(child)}, PS_ANSWER_KILL},
    [PS_ROLE_PROBER] = {{T(everybody), T(opener), T(prober), T(child)}, PS_ANSWER_KILL},
    [PS_ROLE_LOOKOUT] = {{T(everybody), T(lookout), T(child)}, PS_ANSWER_KILL},
    [PS_ROLE_BUILDER] = {{T(everybody), T(writer), T(library), T(builder), T(looker), T(threads), T(child),
                          T(intruder)}, PS_ANSWER_EPERM},
    [PS_ROLE_COURIER] = {{T(everybody), T(courier), T(writer), T(library), T(own_memory), T(opener), T(looker),
                          T(threads), T(child), T(intruder)}, PS_ANSWER_EPERM},
    [PS_ROLE_OFFLINE] = {{T_OFFLINE, T(intruder)}, PS_ANSWER_EPERM},
    [PS_ROLE_OFFLINE_DIRECTORY] = {{T_OFFLINE, T(directory), T(looker), T(intruder)}, PS_ANSWER_EPERM},
    [PS_ROLE_EXPORTER] = {{T_OFFLINE, T(exporter), T(directory), T(looker), T(intruder)}, PS_ANSWER_EPERM},
};
/* clang-format on */

const struct ps_policy *ps_role_policy(enum ps_role role)
{
    return &policies[role];
}
