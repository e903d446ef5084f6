/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tests/collector/deeds.h"

static void *page;

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
