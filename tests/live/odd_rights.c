/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process keeps to itself: mounts of its own, another user, memory that nobody may read.
 */
#include "odd_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* own-mounts DIRECTORY: two processes in a mount namespace of their own, with a mount there whose source is empty. */
void make_own_mounts(char **args)
{
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private");
    must(mount("", argument(args, 0, "/mnt"), "tmpfs", 0, "size=4k"), "mount");
    int child = waiting_child();
    ready("pid=%d child=%d", getpid(), child);
}

void make_not_dumpable(char **args)
{
    (void) args;
    must(prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL), "PR_SET_DUMPABLE");
    ready("pid=%d", getpid());
}

/* user UID NAME [ARGUMENT...]: the same as that user, executed anew, as a service manager starts it. */
void make_user(char **args)
{
    uid_t id = number(args, 0, 101);
    int self = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "/proc/self/exe");

    must((int) syscall(SYS_setgroups, 0, NULL), "setgroups");
    must(setresgid(id, id, id), "setresgid");
    must(setresuid(id, id, id), "setresuid");
    (void) syscall(SYS_execveat, self, "", args, environ, AT_EMPTY_PATH);
    fail("execveat");
}
