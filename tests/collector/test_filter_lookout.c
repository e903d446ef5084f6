/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/collector/deeds.h"

static long do_look(void)
{
    struct stat st;
    return fstatat(AT_FDCWD, "/", &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
}
static long do_nap(void)
{
    const struct timespec nap = {.tv_nsec = 1000};
    return nanosleep(&nap, NULL);
}
static long do_say(void)
{
    return answer(write(STDOUT_FILENO, "", 0));
}

static long do_open(void)
{
    return answer(open("/", O_RDONLY | O_CLOEXEC));
}
static long do_open_at(void)
{
    return answer(syscall(SYS_openat, (long) AT_FDCWD, "/", (long) O_PATH, 0L));
}
static long do_read_link(void)
{
    char text[16];
    return answer(readlinkat(AT_FDCWD, "/proc/self/exe", text, sizeof text));
}
static long do_unlink(void)
{
    return answer(unlinkat(AT_FDCWD, "/nonexistent", 0));
}
static long do_map(void)
{
    return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
static long do_duplicate(void)
{
    return answer(syscall(SYS_dup, 1L));
}

static const struct deed for_lookouts[] = {{"look", do_look}, {"nap", do_nap}, {"say so", do_say}};
static const struct deed not_for_lookouts[] = {
    {"open", do_open},     {"open, only to name it", do_open_at}, {"follow a link", do_read_link},
    {"unlink", do_unlink}, {"memory", do_map},                    {"dup", do_duplicate},
    {"memfd", do_memfd},   {"ioctl", do_ioctl},                   {"own a pipe", do_owner},
};

Test(filter, a_lookout_looks)
{
    EXPECT_ALL(PS_ROLE_LOOKOUT, for_lookouts, DONE);
}

Test(filter, a_lookout_does_nothing_else)
{
    EXPECT_ALL(PS_ROLE_LOOKOUT, not_for_lookouts, KILLED);
}
