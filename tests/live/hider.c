/* SPDX-License-Identifier: Apache-2.0
 *
 * hider PID listing|name|number COMMAND...: runs the command and lies to it as a rootkit does. No listing that it or its
 * children read has PID; with `name`, no path that begins with PID is found either, and with `number` pidfd_open does not
 * know it. Exits as the command does.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRACEES = 4096, LIST_ROOM = 64 << 10 };
enum { OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL };

struct tracee {
    pid_t pid;
    uint64_t number, args[6]; /* of the call it is in */
};

static struct tracee tracees[TRACEES];
static const char *hidden;
static bool by_name, by_number;

static struct tracee *tracee(pid_t pid)
{
    for (size_t i = 0; i < TRACEES; i++) {
        if (tracees[i].pid == pid || tracees[i].pid == 0) {
            tracees[i].pid = pid;
            return &tracees[i];
        }
    }
    abort();
}

static ssize_t copy(pid_t pid, void *ours, uint64_t theirs, size_t len, bool back)
{
    struct iovec here = {ours, len}, there = {(void *) (uintptr_t) theirs, len};
    return back ? process_vm_writev(pid, &here, 1, &there, 1, 0) : process_vm_readv(pid, &here, 1, &there, 1, 0);
}

static void answer(pid_t pid, long value)
{
#if defined(__x86_64__)
    enum { RAX = 10 * 8 }; /* offset of rax in struct user */
    ptrace(PTRACE_POKEUSER, pid, RAX, value);
#else
#error "tests run on x86-64"
#endif
}

/* Leaves the entry out of what getdents64 gave. */
static void filter_list(const struct tracee *t, long len)
{
    static uint8_t list[LIST_ROOM];
    if (len <= 0 || len > LIST_ROOM || copy(t->pid, list, t->args[1], (size_t) len, false) != len)
        return;
    for (long at = 0; at < len;) {
        uint16_t size;
        memcpy(&size, list + at + 16, sizeof size);
        if (strcmp((char *) list + at + 19, hidden) != 0) {
            at += size;
            continue;
        }
        memmove(list + at, list + at + size, (size_t) (len - at - size));
        len -= size;
    }
    copy(t->pid, list, t->args[1], (size_t) len, true);
    answer(t->pid, len);
}

static void filter_name(const struct tracee *t)
{
    char path[64] = "";
    copy(t->pid, path, t->args[1], sizeof path - 1, false);
    size_t len = strlen(hidden);
    if (strncmp(path, hidden, len) == 0 && (path[len] == '/' || path[len] == '\0'))
        answer(t->pid, -ENOENT);
}

static void at_call(struct tracee *t)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof info, &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        t->number = info.entry.nr;
        memcpy(t->args, info.entry.args, sizeof t->args);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->number == SYS_getdents64) {
        filter_list(t, (long) info.exit.rval);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && by_name && t->number == SYS_openat && info.exit.rval >= 0) {
        filter_name(t);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && by_number && t->number == SYS_pidfd_open &&
               t->args[0] == strtoul(hidden, NULL, 10)) {
        answer(t->pid, -ESRCH);
    }
}

static int trace(pid_t first)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0)
            return 1;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == first)
                return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            continue;
        }
        int signal_number = WSTOPSIG(status), passed = 0;
        if (signal_number == (SIGTRAP | 0x80))
            at_call(tracee(pid));
        else if (signal_number != SIGTRAP && signal_number != SIGSTOP)
            passed = signal_number;
        ptrace(PTRACE_SYSCALL, pid, 0, passed);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    hidden = argv[1];
    by_number = strcmp(argv[2], "number") == 0;
    by_name = by_number || strcmp(argv[2], "name") == 0;
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(argv[3], argv + 3);
        _exit(127);
    }
    int status;
    waitpid(pid, &status, 0);
    ptrace(PTRACE_SETOPTIONS, pid, 0, OPTIONS);
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
    return trace(pid);
}
