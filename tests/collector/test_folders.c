/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sandbox/folders.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char top_name[] = "/tmp/procsnap-test-XXXXXX";
static int top, readable, writable;

static int make(const char *name)
{
    cr_assert(mkdirat(top, name, 0700) == 0);
    return openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void begin(void)
{
    cr_assert(mkdtemp(top_name) != NULL);
    top = open(top_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    readable = make("readable");
    writable = make("writable");
    cr_assert(close(openat(readable, "there", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) == 0);
}

static void end(void)
{
    static const char *const names[] = {"readable/there", "writable/file", "writable/link", "new"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void) unlinkat(top, names[i], 0);
    (void) unlinkat(top, "writable/folder", AT_REMOVEDIR);
    (void) unlinkat(top, "readable", AT_REMOVEDIR);
    (void) unlinkat(top, "writable", AT_REMOVEDIR);
    cr_expect(rmdir(top_name) == 0);
}

TestSuite(folders, .init = begin, .fini = end);

static int error_of(long result)
{
    return result < 0 ? errno : 0;
}

static int opening(int dir, const char *name, int flags)
{
    return error_of(openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600));
}

enum { NEW = O_WRONLY | O_CREAT | O_EXCL };

/* In the child; the exit status is the number of the first deed that did not end as it must, or 0. */
static int try_all(int reads, int makes)
{
    const int deeds[][2] = {
        {opening(readable, "there", O_RDONLY), reads},
        {opening(readable, ".", O_RDONLY | O_DIRECTORY), reads},
        {opening(top, ".", O_RDONLY | O_DIRECTORY), EACCES},
        {opening(AT_FDCWD, "/etc/passwd", O_RDONLY), EACCES},
        {opening(readable, "there", O_WRONLY), EACCES},
        {opening(readable, "new", NEW), EACCES},
        {opening(top, "new", NEW), EACCES},
        {opening(writable, "file", NEW), makes},
        {error_of(mkdirat(writable, "folder", 0700)), makes},
        {error_of(symlinkat("/etc/passwd", writable, "link")), makes},
        {error_of(symlinkat("/etc/passwd", top, "new")), EACCES},
        {error_of(unlinkat(readable, "there", 0)), EACCES},
    };

    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        if (deeds[i][0] != deeds[i][1])
            return (int) i + 1;
    return 0;
}

enum { NOT_HERE = 255 };

static int enclosed(int reading, int making, int reads, int makes)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(ps_sandbox_folders(reading, making) == 0 ? try_all(reads, makes) : NOT_HERE);
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    if (WEXITSTATUS(status) == NOT_HERE)
        cr_skip_test("no Landlock here");
    return status;
}

Test(folders, one_to_read_from)
{
    cr_expect(eq(int, WEXITSTATUS(enclosed(readable, -1, 0, EACCES)), 0));
}

Test(folders, one_to_make_new_files_in)
{
    cr_expect(eq(int, WEXITSTATUS(enclosed(-1, writable, EACCES, 0)), 0));
}

Test(folders, both)
{
    cr_expect(eq(int, WEXITSTATUS(enclosed(readable, writable, 0, 0)), 0));
}

Test(folders, a_refusal_changes_nothing)
{
    int status = 0, pipe_ends[2];
    pid_t child = fork();

    if (child == 0) {
        if (pipe(pipe_ends) != 0)
            _exit(2);
        bool refused = ps_sandbox_folders(pipe_ends[0], -1) != 0; /* not a directory */
        _exit(refused && opening(top, ".", O_RDONLY | O_DIRECTORY) == 0 ? 0 : 1);
    }
    (void) waitpid(child, &status, 0);
    cr_assert(eq(int, status, 0));
}
