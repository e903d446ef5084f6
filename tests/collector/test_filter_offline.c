/* SPDX-License-Identifier: Apache-2.0
 *
 * The roles of those who look at a bundle: all that they may do was opened before.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/collector/deeds.h"

static int folder; /* empty, but for `there` */
static int file;   /* there, open for reading and writing, as the shell may leave one */
static void *page;

static char folder_name[] = "/tmp/procsnap-test-XXXXXX";

static void begin(void)
{
    cr_assert(mkdtemp(folder_name) != NULL);
    folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    file = openat(folder, "there", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(write(file, "evidence", 8) == 8);
}

/* Deeds leave what they made to this. */
static void end(void)
{
    static const char *const names[] = {"there", "new/file", "new/link"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void) unlinkat(folder, names[i], 0);
    (void) unlinkat(folder, "new", AT_REMOVEDIR);
    cr_expect(rmdir(folder_name) == 0);
}

TestSuite(filter_offline, .init = begin, .fini = end);

/* ---- what they can do ---- */

static long do_read(void)
{
    char text[8];
    struct stat st;

    if (lseek(file, 0, SEEK_SET) != 0 || read(file, text, sizeof text) != 8 || pread(file, text, 8, 0) != 8)
        return -1;
    return syscall(SYS_fstat, (long) file, &st) == 0 && close(file) == 0 && memcmp(text, "evidence", 8) == 0 ? 0 : -1;
}

static long do_print(void)
{
    struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};

    (void) isatty(STDOUT_FILENO);
    if (poll(&ready, 1, 0) < 0)
        return -1;
    return write(STDOUT_FILENO, "", 0) == 0 && write(STDERR_FILENO, "", 0) == 0 ? 0 : -1;
}

static long do_use_memory(void)
{
    enum { MUCH = 64 << 20 };
    char seed[16];
    char *text = malloc(16), *more = realloc(text, MUCH);

    if (more == NULL)
        return -1;
    memset(more, 1, MUCH);
    free(more);
    return syscall(SYS_getrandom, seed, sizeof seed, 0L) == sizeof seed ? 0 : -1;
}

/* As libsodium does with what it allocates for keys. */
static long do_lock_memory(void)
{
    static _Alignas(4096) char page_of_keys[4096];

    return mlock(page_of_keys, sizeof page_of_keys) == 0 && munlock(page_of_keys, sizeof page_of_keys) == 0 ? 0 : -1;
}

static const struct deed for_all[] = {
    {"reading", do_read}, {"printing", do_print}, {"memory", do_use_memory}, {"memory for keys", do_lock_memory}};

Test(filter_offline, what_is_open_can_be_read_and_printed)
{
    EXPECT_ALL(PS_ROLE_OFFLINE, for_all, DONE);
    EXPECT_ALL(PS_ROLE_OFFLINE_DIRECTORY, for_all, DONE);
    EXPECT_ALL(PS_ROLE_EXPORTER, for_all, DONE);
}

static long do_open(void)
{
    char list[4096];
    struct stat st;
    int dir = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(dir, "there", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (dir < 0 || fd < 0 || fstatat(dir, "there", &st, AT_SYMLINK_NOFOLLOW) != 0 || fcntl(fd, F_GETFL) < 0)
        return -1;
    return syscall(SYS_getdents64, (long) dir, list, sizeof list) > 0 ? 0 : -1;
}

static const struct deed for_directories[] = {{"opening a member", do_open}};

Test(filter_offline, members_of_a_directory_can_be_opened)
{
    EXPECT_ALL(PS_ROLE_OFFLINE, for_directories, EPERM);
    EXPECT_ALL(PS_ROLE_OFFLINE_DIRECTORY, for_directories, DONE);
    EXPECT_ALL(PS_ROLE_EXPORTER, for_directories, DONE);
}

static long do_lay_out(void)
{
    if (mkdirat(folder, "new", 0700) != 0 || symlinkat("/elsewhere", folder, "new/link") != 0)
        return -1;
    int fd = openat(folder, "new/file", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "one", 3) != 3 || close(fd) != 0)
        return -1;
    fd = openat(folder, "new/file", O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && write(fd, "two", 3) == 3 && dup(folder) >= 0 ? 0 : -1;
}

static const struct deed for_exporters[] = {{"laying out a tree", do_lay_out}};

Test(filter_offline, an_exporter_makes_what_is_new)
{
    EXPECT_ALL(PS_ROLE_EXPORTER, for_exporters, DONE);
    EXPECT_ALL(PS_ROLE_OFFLINE, for_exporters, EPERM);
    EXPECT_ALL(PS_ROLE_OFFLINE_DIRECTORY, for_exporters, EPERM);
}

/* ---- what they cannot ---- */

static long do_write_elsewhere(void)
{
    return answer(write(file, "x", 1));
}
static long do_map_the_file(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED ? -1 : 0;
}

static const struct deed not_without_files[] = {{"write to another descriptor", do_write_elsewhere}};

Test(filter_offline, bytes_go_to_standard_output_and_error_alone)
{
    EXPECT_ALL(PS_ROLE_OFFLINE, not_without_files, EPERM);
    EXPECT_ALL(PS_ROLE_OFFLINE_DIRECTORY, not_without_files, EPERM);
}

static long open_there(int flags)
{
    return answer(openat(folder, "there", flags | O_CLOEXEC, 0600));
}
static long do_open_write(void)
{
    return open_there(O_WRONLY | O_NOFOLLOW);
}
static long do_open_both(void)
{
    return open_there(O_RDWR | O_NOFOLLOW);
}
static long do_open_create(void)
{
    return open_there(O_WRONLY | O_CREAT | O_NOFOLLOW);
}
static long do_open_truncate(void)
{
    return open_there(O_WRONLY | O_APPEND | O_TRUNC | O_NOFOLLOW);
}
static long do_follow(void)
{
    return open_there(O_WRONLY | O_APPEND);
}
static long do_open_unnamed(void)
{
    return answer(openat(folder, ".", O_TMPFILE | O_WRONLY, 0600));
}
static long do_openat2(void)
{
    return answer(syscall(437L, (long) folder, "there", NULL, 0L));
}
static long do_pwrite(void)
{
    return answer(pwrite(STDOUT_FILENO, "", 0, 0));
}
static long do_send(void)
{
    return answer(sendfile(STDOUT_FILENO, file, NULL, 1));
}
static long do_truncate(void)
{
    return answer(ftruncate(file, 0));
}
static long do_unlink(void)
{
    return answer(unlinkat(folder, "there", 0));
}
static long do_rename(void)
{
    return answer(renameat(folder, "there", folder, "new"));
}
static long do_link(void)
{
    return answer(linkat(folder, "there", folder, "new", 0));
}
static long do_chmod(void)
{
    return answer(fchmod(file, 0777));
}
static long do_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
static long do_make_executable(void)
{
    return answer(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}
static long do_limit(void)
{
    const struct rlimit none = {0};
    return answer(syscall(SYS_prlimit64, 0L, (long) RLIMIT_CORE, &none, NULL));
}

static const struct deed for_nobody[] = {
    {"map a file", do_map_the_file},
    {"open for writing", do_open_write},
    {"open for both", do_open_both},
    {"open to create or to write", do_open_create},
    {"open to truncate", do_open_truncate},
    {"open to append through a link", do_follow},
    {"open without a name", do_open_unnamed},
    {"openat2", do_openat2},
    {"pwrite", do_pwrite},
    {"sendfile", do_send},
    {"truncate", do_truncate},
    {"unlink", do_unlink},
    {"rename", do_rename},
    {"link", do_link},
    {"chmod", do_chmod},
    {"memfd_create", do_memfd},
    {"map executable memory", do_executable_memory},
    {"make memory executable", do_make_executable},
    {"type into the terminal", do_ioctl},
    {"signals through F_SETOWN", do_owner},
    {"set a limit", do_limit},
    {"become dumpable", do_dumpable},
};

Test(filter_offline, what_was_there_stays_as_it_was)
{
    EXPECT_ALL(PS_ROLE_OFFLINE, for_nobody, EPERM);
    EXPECT_ALL(PS_ROLE_OFFLINE_DIRECTORY, for_nobody, EPERM);
    EXPECT_ALL(PS_ROLE_EXPORTER, for_nobody, EPERM);
}

static long do_clone3(void)
{
    return answer(syscall(435L, NULL, 0L));
}
static long do_thread(void)
{
    return answer(syscall(SYS_clone, (long) (0x100 | 0x10000 | 0x800), 0L, 0L, 0L, 0L)); /* VM, THREAD, SIGHAND */
}

static const struct deed alone[] = {{"clone3", do_clone3}, {"a thread", do_thread}};

Test(filter_offline, nobody_else_is_started)
{
    EXPECT_ALL(PS_ROLE_OFFLINE, alone, KILLED);
    EXPECT_ALL(PS_ROLE_OFFLINE_DIRECTORY, alone, KILLED);
    EXPECT_ALL(PS_ROLE_EXPORTER, alone, KILLED);
}
