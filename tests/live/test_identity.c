/* SPDX-License-Identifier: Apache-2.0
 *
 * The identity switch against a real kernel, with the rights that a container has (14 capabilities,
 * no SYS_PTRACE, no_new_privs) and the reader's filter on: what is refused to root and readable as
 * the target, what stays refused, that the target can do nothing to a switched reader, and that a
 * reader never outlives its conductor. Needs root: 77.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/host/rights.h"
#include "collector/procfs/identity.h"
#include "collector/sandbox/filter.h"
#include "tests/live/targets.h"

static int failures;

static void say(bool good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(bool good, const char *fmt, ...)
{
    va_list args;

    failures += good ? 0 : 1;
    (void) fputs(good ? "ok      " : "NOT OK  ", stdout);
    va_start(args, fmt);
    (void) vprintf(fmt, args);
    va_end(args);
    (void) fputc('\n', stdout);
    (void) fflush(stdout);
}

/* ---- what a reader finds; in shared memory, since it may not write ---- */

static const char *const guarded[] = {"environ", "maps", "auxv", "exe",   "cwd",
                                      "root",    "fd",   "fd/0", "ns/net"};

enum { GUARDED = sizeof guarded / sizeof guarded[0] };

struct finding {
    int plain[GUARDED], switched[GUARDED]; /* errno, 0 for readable */
    uint32_t owner;
    bool assumed, secret, shielded, home;
};

struct report {
    struct finding findings[TARGETS];
    struct ps_sandbox sandbox;
    struct ps_rights rights;
    int64_t switch_ns;
    volatile int step;
};

static int try_link(int dir, const char *name)
{
    char text[4096];

    return readlinkat(dir, name, text, sizeof text) < 0 ? errno : 0;
}

static int try_read(int dir, const char *name, bool *secret)
{
    char text[4096];
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

    if (fd < 0) return errno;
    long got = strcmp(name, "fd") == 0 ? syscall(SYS_getdents64, fd, text, sizeof text)
                                       : read(fd, text, sizeof text);
    int why = got < 0 ? errno : got == 0 ? ENODATA : 0;
    (void) close(fd);
    if (got > 0 && strcmp(name, "environ") == 0 &&
        memmem(text, (size_t) got, "worth-reading", 13) != NULL)
        *secret = true;
    return why;
}

static void try_all(int dir, int errors[GUARDED], bool *secret)
{
    for (size_t i = 0; i < GUARDED; i++) {
        bool link = strchr(guarded[i], '/') != NULL || strlen(guarded[i]) <= 3 ||
                    strcmp(guarded[i], "root") == 0;
        errors[i] = link && strcmp(guarded[i], "fd") != 0 ? try_link(dir, guarded[i])
                                                          : try_read(dir, guarded[i], secret);
    }
}

static void look_at(const struct ps_home *home, int dir, struct finding *out)
{
    struct stat owner = {0};

    (void) fstat(dir, &owner);
    out->owner = owner.st_uid;
    try_all(dir, out->plain, &out->secret);
    out->secret = false;
    out->assumed = ps_identity_assume(home, owner.st_uid, owner.st_gid);
    out->shielded = prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) == 0;
    if (out->assumed) try_all(dir, out->switched, &out->secret);
    ps_identity_resume(home);
    out->shielded = out->shielded && prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) == 0;
    out->home = syscall(SYS_setfsuid, -1L) == home->uid && syscall(SYS_setfsgid, -1L) == home->gid;
}

static int64_t time_switches(const struct ps_home *home)
{
    enum { ROUNDS = 20000 };
    uint64_t begin = ps_boottime_us();

    for (int i = 0; i < ROUNDS; i++) {
        if (ps_identity_assume(home, TARGET_UID, TARGET_UID)) ps_identity_resume(home);
    }
    return (int64_t) (ps_boottime_us() - begin) * 1000 / ROUNDS;
}

static void read_all(pid_t conductor, const int dirs[TARGETS], struct report *out)
{
    struct ps_home home;

    only_caps(container_caps);
    out->sandbox = (struct ps_sandbox){.state = PS_SANDBOX_NOT_BUILT};
    ps_rights_own(&out->rights);
    ps_identity_settle(&home, conductor);
    if (PS_SANDBOX_BUILT) out->sandbox = ps_sandbox_enter(PS_ROLE_READER);
    for (size_t i = 0; i < TARGETS; i++)
        look_at(&home, dirs[i], &out->findings[i]);
    out->switch_ns = time_switches(&home);
    _exit(0);
}

/* ---- judging ---- */

static int first_error(const int errors[GUARDED], bool want_readable, size_t *at)
{
    for (size_t i = 0; i < GUARDED; i++) {
        bool listed =
            strcmp(guarded[i], "fd") == 0; /* names of descriptors: CAP_DAC_OVERRIDE is enough */
        if (listed && !want_readable) continue;
        if ((errors[i] == 0) != want_readable) {
            *at = i;
            return errors[i];
        }
    }
    return -1;
}

static void judge(const struct target *target, const struct finding *f)
{
    size_t at = 0;
    int odd = first_error(f->plain, target->as_ourselves, &at);

    say(odd < 0, "%s: %s as ourselves%s%s", target->name,
        target->as_ourselves ? "readable" : "refused", odd < 0 ? "" : ", but not ",
        odd < 0 ? "" : guarded[at]);
    odd = first_error(f->switched, target->as_owner, &at);
    say(f->assumed && odd < 0, "%s: %s as owner %u%s%s%s", target->name,
        target->as_owner ? "readable" : "refused", f->owner, odd < 0 ? "" : ", but not ",
        odd < 0 ? "" : guarded[at], odd > 0 ? strerror(odd) : "");
    say(f->secret == target->as_owner || !target->executed, "%s: environment seen or not",
        target->name);
    say(f->shielded && f->home, "%s: not dumpable, and home again", target->name);
}

static void test_reading(struct report *shared)
{
    pid_t pids[TARGETS];
    int dirs[TARGETS];
    int status = 0;
    char path[64];

    for (size_t i = 0; i < TARGETS; i++)
        pids[i] = target_start(&targets[i]);
    for (size_t i = 0; i < TARGETS; i++) {
        (void) snprintf(path, sizeof path, "/proc/%d", pids[i]);
        dirs[i] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    pid_t conductor = getpid();
    pid_t reader = fork();
    if (reader == 0) read_all(conductor, dirs, shared);
    (void) waitpid(reader, &status, 0);
    say(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the reader ends by itself (status %#x)",
        (unsigned) status);
    say(shared->sandbox.state == (PS_SANDBOX_BUILT ? PS_SANDBOX_ON : PS_SANDBOX_NOT_BUILT),
        "filter: %s", ps_sandbox_state_name(shared->sandbox.state));
    say(shared->rights.effective == container_caps && ps_rights_can_switch_ids(&shared->rights) &&
            !ps_rights_can_trace(&shared->rights),
        "rights: 14 capabilities, may switch ids, may not trace");
    for (size_t i = 0; i < TARGETS; i++) {
        judge(&targets[i], &shared->findings[i]);
        (void) kill(pids[i], SIGKILL);
        (void) waitpid(pids[i], NULL, 0);
    }
    (void) printf("        a switch there and back: %lld ns\n", (long long) shared->switch_ns);
}

/* ---- the target strikes back ---- */

static void test_untouchable(struct report *shared)
{
    int status = 0;
    pid_t conductor = getpid();
    pid_t reader = fork();

    shared->step = 0;
    if (reader == 0) {
        struct ps_home home;
        only_caps(container_caps);
        ps_identity_settle(&home, conductor);
        shared->step = ps_identity_assume(&home, TARGET_UID, TARGET_UID) ? 1 : 2;
        for (;;)
            (void) pause();
    }
    while (shared->step == 0)
        (void) sched_yield();
    pid_t foe = fork();
    if (foe == 0) {
        become_user(TARGET_UID, TARGET_UID, TARGET_UID);
        bool signalled = kill(reader, 0) == 0 || errno != EPERM;
        bool traced = ptrace(PTRACE_ATTACH, reader, NULL, NULL) == 0 || errno != EPERM;
        _exit((signalled ? 1 : 0) + (traced ? 2 : 0));
    }
    (void) waitpid(foe, &status, 0);
    say(shared->step == 1 && WIFEXITED(status) && WEXITSTATUS(status) == 0,
        "uid 101 can neither signal nor trace a reader that reads as uid 101");
    (void) kill(reader, SIGKILL);
    (void) waitpid(reader, NULL, 0);
}

/* ---- ids that nobody has ---- */

static bool put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text);

    if (fd >= 0) (void) close(fd);
    return good;
}

static void test_unmapped(void)
{
    int status = 0;
    pid_t conductor = getpid();
    pid_t reader = fork();

    if (reader == 0) {
        struct ps_home home;
        if (unshare(CLONE_NEWUSER) != 0 || !put("/proc/self/setgroups", "deny") ||
            !put("/proc/self/uid_map", "0 0 1") || !put("/proc/self/gid_map", "0 0 1"))
            _exit(77);
        ps_identity_settle(&home, conductor);
        bool refused = !ps_identity_assume(&home, TARGET_UID, TARGET_UID);
        bool home_again = syscall(SYS_setfsuid, -1L) == 0 && syscall(SYS_setfsgid, -1L) == 0;
        _exit(refused && home_again ? 0 : 1);
    }
    (void) waitpid(reader, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        (void) printf("skip    no user namespaces here: unmapped ids not tried\n");
        return;
    }
    say(WIFEXITED(status) && WEXITSTATUS(status) == 0,
        "an id that is not mapped is refused, and home is kept");
}

static void test_without_rights(void)
{
    int status = 0;
    pid_t conductor = getpid();
    pid_t reader = fork();

    if (reader == 0) {
        struct ps_home home;
        only_caps(container_caps & ~(UINT64_C(1) << CAP_SETUID));
        ps_identity_settle(&home, conductor);
        bool refused = !ps_identity_assume(&home, TARGET_UID, TARGET_UID);
        _exit(refused && syscall(SYS_setfsgid, -1L) == 0 ? 0 : 1);
    }
    (void) waitpid(reader, &status, 0);
    say(WIFEXITED(status) && WEXITSTATUS(status) == 0,
        "without CAP_SETUID the switch is refused, and the group is home again too");
}

/* ---- the conductor dies ---- */

static void run_orphan(struct report *shared, bool before_settling)
{
    pid_t conductor = getpid();
    pid_t reader = fork();

    if (reader > 0) {
        while (shared->step == 0)
            (void) sched_yield();
        _exit(0);
    }
    struct ps_home home;
    if (before_settling) {
        shared->step = 1;
        while (getppid() == conductor)
            (void) usleep(1000);
    }
    ps_identity_settle(&home, conductor);
    if (!ps_identity_assume(&home, TARGET_UID, TARGET_UID)) _exit(3);
    shared->step = 1;
    for (;;)
        (void) pause();
}

static void test_orphan(struct report *shared, bool before_settling)
{
    int status = 0;

    (void) prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
    shared->step = 0;
    pid_t conductor = fork();
    if (conductor == 0) run_orphan(shared, before_settling);
    (void) waitpid(conductor, &status, 0);
    pid_t reader = waitpid(-1, &status, 0);
    bool ended = before_settling ? WIFEXITED(status) && WEXITSTATUS(status) == PS_EXIT_ORPHANED
                                 : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    say(reader > 0 && ended, "a reader ends when its conductor dies %s (status %#x)",
        before_settling ? "before it settled" : "while it is switched", (unsigned) status);
}

int main(int argc, char **argv)
{
    target_sleep_if_asked(argc, argv);

    struct ps_rights rights;
    ps_rights_own(&rights);
    if (rights.euid != 0 || (rights.permitted & container_caps) != container_caps) {
        (void) puts("skipped: needs root with the capabilities of a container");
        return 77;
    }
    struct report *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 1;
    test_reading(shared);
    test_untouchable(shared);
    test_unmapped();
    test_without_rights();
    test_orphan(shared, false);
    test_orphan(shared, true);
    return failures == 0 ? 0 : 1;
}
