/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes to be looked at by a measurement:
 *
 *   population [-f DESCRIPTORS] [-p PAIRS] [-l LISTENERS] [-n NAMESPACES] PROCESSES
 *
 * Each one executes this program anew, so that it has an address space, arguments and an environment (1.4 KB) of its
 * own, and about 50 mappings. It holds /dev/null three times, both ends of PAIRS connections over loopback, LISTENERS,
 * and this executable and eventfds in turn until it has DESCRIPTORS. The first NAMESPACES of them are each in a network
 * namespace of their own. "ready N" on standard output: all of them are in place. They end with this process, and this
 * process ends on SIGTERM.
 *
 * It is meant for a network namespace of its own, where it raises loopback.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MAPPINGS = 42, VARIABLES = 28, VARIABLE_ROOM = 64 };
enum { REPORT = 63 }; /* out of the way of what is opened, and within the first table of descriptors */

struct wish {
    unsigned descriptors, pairs, listeners, namespaces;
};

/* Nobody types this name: a process that is executed under it is a member. */
static const char member_name[] = "bench-member";

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "population: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static int must(int result, const char *what)
{
    if (result < 0)
        fail(what);
    return result;
}

/* In a new network namespace loopback is down. */
static void raise_loopback(void)
{
    struct ifreq lo = {.ifr_name = "lo"};
    int s = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    must(ioctl(s, SIOCGIFFLAGS, &lo), "the state of loopback");
    lo.ifr_flags = (short) (lo.ifr_flags | IFF_UP);
    must(ioctl(s, SIOCSIFFLAGS, &lo), "raising loopback");
    close(s);
}

/* Closed without TIME_WAIT, whose rows would stand in the tables of the next measurement. */
static void no_trace(int s)
{
    struct linger now = {.l_onoff = 1};
    must(setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof now), "SO_LINGER");
}

/* Each member has an address of its own: 20 000 of them need more ports than one address has. */
static int listener(unsigned member, struct sockaddr_in *address)
{
    socklen_t len = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(UINT32_C(0x7f010001) + member);
    int s = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    must(bind(s, (struct sockaddr *) address, len), "bind");
    must(listen(s, 64), "listen");
    must(getsockname(s, (struct sockaddr *) address, &len), "getsockname");
    return s;
}

static unsigned open_sockets(unsigned member, const struct wish *wish)
{
    struct sockaddr_in address;
    for (unsigned i = 0; i < wish->listeners; i++)
        listener(member, &address);
    int meeting = wish->pairs > 0 ? listener(member, &address) : -1;
    for (unsigned i = 0; i < wish->pairs; i++) {
        int s = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        must(connect(s, (struct sockaddr *) &address, sizeof address), "connect");
        no_trace(s);
        no_trace(must(accept4(meeting, NULL, NULL, SOCK_CLOEXEC), "accept"));
    }
    if (meeting >= 0)
        close(meeting);
    return wish->listeners + 2 * wish->pairs;
}

/* The kernel makes one mapping of two neighbours that are alike: these never are. */
static void add_mappings(int file)
{
    for (int i = 0; i < MAPPINGS; i++) {
        int rights = i % 4 < 2 ? PROT_READ : PROT_READ | PROT_WRITE;
        void *at = i % 2 ? mmap(NULL, PAGE, rights, MAP_PRIVATE, file, (off_t) (i % 8) * PAGE)
                         : mmap(NULL, PAGE, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
            fail("mmap");
    }
}

static void settle(unsigned member, const struct wish *wish)
{
    unsigned have = 3;
    for (int fd = 0; fd < 3; fd++)
        must(dup2(must(open("/dev/null", O_RDWR | O_CLOEXEC), "/dev/null"), fd), "dup2");
    must((int) syscall(SYS_close_range, 3U, REPORT - 1U, 0U), "close_range");
    must((int) syscall(SYS_close_range, REPORT + 1U, ~0U, 0U), "close_range");
    have += open_sockets(member, wish);
    for (unsigned i = 0; have < wish->descriptors; i++, have++) {
        if (i % 2 == 0)
            must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "this executable");
        else
            must(eventfd(0, EFD_CLOEXEC), "eventfd");
    }
    int file = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "this executable");
    add_mappings(file);
    close(file);
}

/* arguments: number, wish. Whatever else there is only looks like arguments. */
_Noreturn static void live(char **arguments)
{
    struct wish wish;
    unsigned member = (unsigned) strtoul(arguments[1], NULL, 10);
    if (sscanf(arguments[2], "%u,%u,%u,%u", &wish.descriptors, &wish.pairs, &wish.listeners, &wish.namespaces) != 4)
        _exit(2);
    prctl(PR_SET_NAME, member_name);
    if (member < wish.namespaces) {
        must(unshare(CLONE_NEWNET), "a network namespace");
        raise_loopback();
    }
    settle(member, &wish);
    if (write(REPORT, "", 1) != 1)
        _exit(1);
    close(REPORT);
    for (;;)
        pause();
}

/* Letters that are the same in every run and differ between members. */
static void add_letters(char *out, size_t count, uint32_t *state)
{
    for (; count > 0; count--) {
        *state = *state * 1664525U + 1013904223U;
        *out++ = "abcdefghijklmnopqrstuvwxyz_-/:.0"[*state >> 27];
    }
    *out = 0;
}

_Noreturn static void become_member(unsigned member, const struct wish *wish)
{
    uint32_t state = member * 2654435761U + 1;
    char number[16], what[64], job[64] = "--job=", input[64] = "--input=/srv/queue/";
    char texts[VARIABLES][VARIABLE_ROOM],
        *variables[VARIABLES + 1] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/srv"};
    char *arguments[] = {(char *) (uintptr_t) member_name, number, what, job, input, "--verbose", NULL};
    snprintf(number, sizeof number, "%u", member);
    snprintf(what, sizeof what, "%u,%u,%u,%u", wish->descriptors, wish->pairs, wish->listeners, wish->namespaces);
    add_letters(job + strlen(job), 24, &state);
    add_letters(input + strlen(input), 32, &state);
    for (int i = 2; i < VARIABLES; i++) {
        int name = snprintf(texts[i], sizeof texts[i], "SERVICE_OPTION_%02d=", i);
        add_letters(texts[i] + name, 32, &state);
        variables[i] = texts[i];
    }
    execve("/proc/self/exe", arguments, variables);
    fail("executing this program anew");
}

static pid_t start_member(unsigned member, const struct wish *wish, pid_t parent)
{
    pid_t pid = must(fork(), "fork");
    if (pid > 0)
        return pid;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    become_member(member, wish);
}

static unsigned number_of(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text == 0 || *end != 0 || number > 1000000) {
        fprintf(stderr, "population: %s is no number that can be\n", text);
        exit(2);
    }
    return (unsigned) number;
}

static unsigned read_options(int argc, char **argv, struct wish *wish)
{
    for (int option; (option = getopt(argc, argv, "f:p:l:n:")) != -1;) {
        switch (option) {
        case 'f':
            wish->descriptors = number_of(optarg);
            break;
        case 'p':
            wish->pairs = number_of(optarg);
            break;
        case 'l':
            wish->listeners = number_of(optarg);
            break;
        case 'n':
            wish->namespaces = number_of(optarg);
            break;
        default:
            exit(2);
        }
    }
    if (optind + 1 != argc) {
        fprintf(stderr, "usage: population [-f N] [-p N] [-l N] [-n N] PROCESSES\n");
        exit(2);
    }
    return number_of(argv[optind]);
}

/* Each member writes one byte, and its end of the pipe is closed when it dies. */
static unsigned wait_for(int report, unsigned count)
{
    char bytes[4096];
    unsigned ready = 0;
    while (ready < count) {
        ssize_t n = read(report, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        ready += (unsigned) n;
    }
    return ready;
}

int main(int argc, char **argv)
{
    struct wish wish = {.descriptors = 8, .pairs = 1, .listeners = 1};
    struct rlimit files;
    int report[2], number;
    sigset_t ends;
    if (strcmp(argv[0], member_name) == 0 && argc > 2)
        live(argv);
    unsigned count = read_options(argc, argv, &wish);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    raise_loopback();
    must(pipe(report), "pipe");
    must(dup2(report[1], REPORT), "dup2");
    close(report[1]);
    pid_t parent = getpid(), *members = calloc(count + 1U, sizeof *members);
    if (!members)
        fail("memory");
    for (unsigned i = 0; i < count; i++)
        members[i] = start_member(i, &wish, parent);
    close(REPORT);
    unsigned ready = wait_for(report[0], count);
    if (ready == count) {
        printf("ready %u\n", ready);
        fflush(stdout);
        sigwait(&ends, &number);
    } else {
        fprintf(stderr, "population: %u of %u processes did not come up\n", count - ready, count);
    }
    for (unsigned i = 0; i < count; i++)
        kill(members[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
    return ready == count ? 0 : 1;
}
