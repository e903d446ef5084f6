/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/collector/deeds.h"

static void *page;

static long do_grow_memory(void)
{
    size_t size = 1 << 12;
    char *text = malloc(size);

    for (; text != NULL && size < (64 << 20); size *= 2) {
        char *more = realloc(text, size * 2);
        if (more == NULL) break;
        text = more;
        memset(text + size, 1, size);
    }
    free(text);
    return size >= (64 << 20) ? 0 : -1;
}

static long do_write_a_file(void)
{
    char part[64];
    char whole[64];

    (void) snprintf(part, sizeof part, "/tmp/procsnap-test-%d.part", getpid());
    (void) snprintf(whole, sizeof whole, "/tmp/procsnap-test-%d", getpid());
    int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "evidence", 8) != 8 || pwrite(fd, "E", 1, 0) != 1 ||
        ftruncate(fd, 4) != 0)
        return -1;
    if (fsync(fd) != 0 || close(fd) != 0 ||
        syscall(SYS_renameat2, (long) AT_FDCWD, part, (long) AT_FDCWD, whole, 1L) != 0)
        return -1;
    return unlink(whole);
}

static void *add_one(void *counter)
{
    ++*(int *) counter;
    return NULL;
}

static long do_start_threads(void)
{
    pthread_t thread;
    int counter = 0;

    for (int i = 0; i < 4; i++) {
        int why = pthread_create(&thread, NULL, add_one, &counter);
        if (why != 0) {
            errno = why;
            return -1;
        }
        (void) pthread_join(thread, NULL);
    }
    return counter == 4 ? 0 : -1;
}

static long do_keep_a_key(void)
{
    char key[32];
    char *page_of_keys =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page_of_keys == MAP_FAILED || syscall(SYS_getrandom, key, sizeof key, 0L) != sizeof key)
        return -1;
    (void) madvise(page_of_keys, 4096, MADV_DONTDUMP);
    return mlock(page_of_keys, 4096) == 0 && mprotect(page_of_keys, 4096, PROT_NONE) == 0
               ? munlock(page_of_keys, 4096)
               : -1;
}

static long do_ask_facts(void)
{
    struct rusage usage;
    struct rlimit limit;

    if (getrusage(RUSAGE_SELF, &usage) != 0 || getrlimit(RLIMIT_FSIZE, &limit) != 0) return -1;
    (void) isatty(STDOUT_FILENO);
    return fcntl(STDOUT_FILENO, F_GETFL) >= 0 && getpid() > 0 && getuid() == geteuid() ? 0 : -1;
}

static const struct deed for_builders[] = {
    {"growing memory", do_grow_memory}, {"a file", do_write_a_file},
    {"threads", do_start_threads},      {"a key", do_keep_a_key},
    {"asking for facts", do_ask_facts}, {"waiting", do_wait},
};

Test(filter, a_builder_can_do_its_work)
{
    EXPECT_ALL(PS_ROLE_BUILDER, for_builders, DONE);
}

static long do_symlink(void)
{
    return answer(symlinkat("x", AT_FDCWD, "/tmp/nothing-of-that-name/x"));
}

static long do_limit(void)
{
    const struct rlimit none = {0};
    return answer(syscall(SYS_prlimit64, 0L, (long) RLIMIT_CORE, &none, NULL));
}

static long do_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0;
}

static long do_make_executable(void)
{
    return answer(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static const struct deed refused_to_builders[] = {
    {"a symbolic link", do_symlink},
    {"type into the terminal", do_ioctl},
    {"memfd_create", do_memfd},
    {"signals through F_SETOWN", do_owner},
    {"set a limit", do_limit},
    {"map executable memory", do_executable_memory},
    {"make memory executable", do_make_executable},
    {"become dumpable", do_dumpable},
};

Test(filter, a_builder_is_told_no_where_a_library_might_ask)
{
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_ALL(PS_ROLE_BUILDER, refused_to_builders, EPERM);
}
