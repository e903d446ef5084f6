/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes one odd process by name and stays until it is killed: odd_process NAME [ARGUMENT...]; --list names them.
 * When it has become what it shall be, it writes one line to standard output: "ready", and facts about what it made
 * that nobody else can know (key=value).
 */
#include "odd_process.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

_Noreturn void fail(const char *what)
{
    (void) fprintf(stderr, "odd_process: %s: %s\n", what, strerror(errno));
    _exit(1);
}

int must(int result, const char *what)
{
    if (result < 0)
        fail(what);
    return result;
}

_Noreturn void wait_for_the_end(void)
{
    for (;;)
        (void) pause();
}

void ready(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void) fputs("ready ", stdout);
    (void) vprintf(format, args);
    va_end(args);
    (void) fputs("\n", stdout);
    (void) fflush(stdout);
}

void dies_with_parent(void)
{
    (void) prctl(PR_SET_PDEATHSIG, (unsigned long) SIGKILL, 0UL, 0UL, 0UL);
}

const char *argument(char **args, size_t index, const char *otherwise)
{
    for (size_t i = 0; i <= index; i++)
        if (args[i] == NULL)
            return otherwise;
    return args[index];
}

unsigned number(char **args, size_t index, unsigned otherwise)
{
    const char *text = argument(args, index, NULL);

    return text == NULL ? otherwise : (unsigned) strtoul(text, NULL, 10);
}

void sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000};

    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

/* A child that does nothing. */
pid_t waiting_child(void)
{
    pid_t pid = must(fork(), "fork");

    if (pid != 0)
        return pid;
    dies_with_parent();
    wait_for_the_end();
}

static void make_wait(char **args)
{
    (void) args;
    ready("pid=%d", getpid());
}

static const struct {
    const char *name;
    void (*make)(char **args); /* returns when it is ready: then there is nothing to do but wait */
} table[] = {
    {"wait", make_wait},
    {"comm", make_comm},
    {"no-arguments", make_no_arguments},
    {"wiped-arguments", make_wiped_arguments},
    {"title", make_title},
    {"environment", make_environment},
    {"memfd", make_memfd},
    {"descriptors", make_descriptors},
    {"threads", make_threads},
    {"mappings", make_mappings},
    {"crowd", make_crowd},
    {"zombie", make_zombie},
    {"tracer", make_tracer},
    {"zombie-leader", make_zombie_leader},
    {"named-threads", make_named_threads},
    {"leaderless", make_leaderless},
    {"hopping", make_hopping},
    {"thread-churn", make_thread_churn},
    {"births", make_births},
    {"lives", make_lives},
    {"sockets", make_sockets},
    {"own-net", make_own_net},
    {"own-mounts", make_own_mounts},
    {"not-dumpable", make_not_dumpable},
    {"user", make_user},
};

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    dies_with_parent();
    if (getenv("ODD_PROCESS_WAITS") != NULL)
        name = "wait";
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(name, "--list") == 0)
            (void) puts(table[i].name);
        if (strcmp(name, table[i].name) != 0)
            continue;
        table[i].make(argv + 2);
        wait_for_the_end();
    }
    return strcmp(name, "--list") == 0 ? 0 : 2;
}
