/* SPDX-License-Identifier: Apache-2.0
 *
 * Odd names, arguments, environments, and an executable without a name.
 */
#include "odd_process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void put_bytes(char *to, size_t room, const char *hex)
{
    for (size_t i = 0; i < room && hex[2 * i] != '\0'; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        to[i] = (char) strtoul(pair, NULL, 16);
    }
}

/* comm HEX: a name of any bytes. */
void make_comm(char **args)
{
    char name[16] = {0};

    put_bytes(name, sizeof name - 1, argument(args, 0, ""));
    must(prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL), "PR_SET_NAME");
    ready("pid=%d", getpid());
}

static void execute_self(char **args, char **env)
{
    int self = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "/proc/self/exe");

    (void) syscall(SYS_execveat, self, "", args, env, AT_EMPTY_PATH);
    fail("execveat");
}

/* With this in its environment the program does nothing but wait, whatever its arguments are. */
static char *waiting_environment[] = {"ODD_PROCESS_WAITS=1", NULL};

/* Executed with no argument at all, not even a name. */
void make_no_arguments(char **args)
{
    (void) args;
    execute_self((char *[]){NULL}, waiting_environment);
}

/* All bytes of its arguments NUL, as some malware leaves them. */
void make_wiped_arguments(char **args)
{
    for (char **a = args - 2; *a != NULL; a++)
        memset(*a, 0, strlen(*a));
    ready("pid=%d", getpid());
}

/* title [LENGTH]: as setproctitle does it, a title over all of the arguments, on into the environment, and no NUL where
 * they ended; with LENGTH, so many bytes without any NUL. */
void make_title(char **args)
{
    static const char title[] = "odd: worker process (and this runs over the arguments into what was the environment)";
    unsigned len = number(args, 0, 0);
    char *first = args[-2];

    if (len > 0)
        memset(first, 't', len);
    else
        memcpy(first, title, sizeof title);
    ready("pid=%d", getpid());
}

/* environment HEX: these bytes over its environment, as far as that goes. */
void make_environment(char **args)
{
    size_t room = 0;

    for (char **variable = environ; *variable != NULL; variable++)
        room += strlen(*variable) + 1;
    put_bytes(environ[0], room, argument(args, 0, ""));
    ready("pid=%d", getpid());
}

/* memfd NAME: executes a copy of itself that has never had a name in any directory. */
void make_memfd(char **args)
{
    char block[65536];
    ssize_t got;
    int self = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "/proc/self/exe");
    int copy = must(memfd_create(argument(args, 0, "odd"), MFD_CLOEXEC), "memfd_create");

    while ((got = read(self, block, sizeof block)) > 0)
        if (write(copy, block, (size_t) got) != got)
            fail("write");
    (void) syscall(SYS_execveat, copy, "", (char *[]){"in-memory", NULL}, waiting_environment, AT_EMPTY_PATH);
    fail("execveat");
}
