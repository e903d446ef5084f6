/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/targets.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

const uint64_t container_caps = 0xa80425fb;

void target_sleep_if_asked(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--sleep") != 0) return;
    for (;;)
        (void) pause();
}

void only_caps(uint64_t caps)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {
        {.effective = (uint32_t) caps,
         .permitted = (uint32_t) caps,
         .inheritable = (uint32_t) caps},
        {.effective = (uint32_t) (caps >> 32), .permitted = (uint32_t) (caps >> 32)},
    };

    for (unsigned long cap = 0; cap < 64; cap++)
        if ((caps >> cap & 1) == 0) (void) prctl(PR_CAPBSET_DROP, cap, 0UL, 0UL, 0UL);
    if (syscall(SYS_capset, &head, sets) != 0) _exit(90);
}

void become_user(uint32_t real, uint32_t effective, uint32_t saved)
{
    if (syscall(SYS_setgroups, 0, NULL) != 0 ||
        syscall(SYS_setresgid, TARGET_UID, TARGET_UID, TARGET_UID) != 0 ||
        syscall(SYS_setresuid, real, effective, saved) != 0)
        _exit(91);
}

static void execute_again(void)
{
    char *args[] = {"target", "--sleep", NULL};
    char *env[] = {"PS_SECRET=worth-reading", NULL};
    int self = open("/proc/self/exe", O_RDONLY);

    (void) syscall(SYS_execveat, self, "", args, env, AT_EMPTY_PATH);
    _exit(92);
}

static void make_plain(void)
{
    become_user(TARGET_UID, TARGET_UID, TARGET_UID);
    execute_again();
}

static void make_root(void)
{
    only_caps(container_caps);
    execute_again();
}

/* As nginx does it: a root master forks, the worker takes on its user and never executes anything.
 */
static void make_worker(void)
{
    become_user(TARGET_UID, TARGET_UID, TARGET_UID);
}

static void make_mixed_ids(void)
{
    become_user(TARGET_UID + 1, TARGET_UID, TARGET_UID);
    execute_again();
}

static void make_ambient(unsigned long cap)
{
    only_caps(container_caps);
    (void) prctl(PR_SET_KEEPCAPS, 1UL, 0UL, 0UL, 0UL);
    become_user(TARGET_UID, TARGET_UID, TARGET_UID);
    only_caps(UINT64_C(1) << cap);
    (void) prctl(PR_CAP_AMBIENT, (unsigned long) PR_CAP_AMBIENT_RAISE, cap, 0UL, 0UL);
    execute_again();
}

static void make_ambient_bind(void)
{
    make_ambient(CAP_NET_BIND_SERVICE);
}
static void make_ambient_chown(void)
{
    make_ambient(CAP_CHOWN);
}

const struct target targets[TARGETS] = {
    {"root with the same capabilities", make_root, true, true, true},
    {"uid 101, started as such", make_plain, false, true, true},
    {"uid 101 with CAP_NET_BIND_SERVICE", make_ambient_bind, false, true, true},
    {"uid 101 with CAP_CHOWN, which a switched reader lacks", make_ambient_chown, false, false,
     true},
    {"uid 101, changed its ids after its last exec", make_worker, false, false, false},
    {"real uid 102, effective uid 101", make_mixed_ids, false, false, true},
};

/* In state S, which nothing but the end of main brings about. */
static bool sleeps(pid_t pid)
{
    char path[32], text[512] = "";

    (void) snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t got = read(fd, text, sizeof text - 1);
    (void) close(fd);
    const char *end = got > 0 ? strrchr(text, ')') : NULL;
    return end != NULL && strncmp(end, ") S", 3) == 0;
}

pid_t target_start(const struct target *target)
{
    enum { LOOK_US = 1000, LOOKS = 60000 };
    int made[2];
    char byte;

    if (pipe2(made, O_CLOEXEC) != 0) return -1;
    pid_t pid = fork();
    if (pid == 0) {
        (void) prctl(PR_SET_PDEATHSIG, (unsigned long) SIGKILL, 0UL, 0UL, 0UL);
        target->make();
        (void) close(made[1]);
        for (;;)
            (void) pause();
    }
    (void) close(made[1]); /* the other one is closed by the exec, or above */
    (void) !read(made[0], &byte, 1);
    (void) close(made[0]);
    for (int i = 0; pid > 0 && i < LOOKS && !sleeps(pid); i++)
        (void) usleep(LOOK_US);
    return pid;
}
