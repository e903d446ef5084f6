/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes one odd process by name and stays until it is killed: odd_process NAME [ARGUMENT...]; --list names them.
 * When it has become what it shall be, it writes one line to standard output: "ready", and facts about what it made
 * that nobody else can know (key=value).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

_Noreturn static void fail(const char *what)
{
    (void) fprintf(stderr, "odd_process: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static int must(int result, const char *what)
{
    if (result < 0)
        fail(what);
    return result;
}

_Noreturn static void wait_for_the_end(void)
{
    for (;;)
        (void) pause();
}

static void ready(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void ready(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void) fputs("ready ", stdout);
    (void) vprintf(format, args);
    va_end(args);
    (void) fputs("\n", stdout);
    (void) fflush(stdout);
}

static void dies_with_parent(void)
{
    (void) prctl(PR_SET_PDEATHSIG, (unsigned long) SIGKILL, 0UL, 0UL, 0UL);
}

static const char *argument(char **args, size_t index, const char *otherwise)
{
    for (size_t i = 0; i <= index; i++)
        if (args[i] == NULL)
            return otherwise;
    return args[index];
}

static unsigned number(char **args, size_t index, unsigned otherwise)
{
    const char *text = argument(args, index, NULL);

    return text == NULL ? otherwise : (unsigned) strtoul(text, NULL, 10);
}

static void sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000};

    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

/* A child that does nothing. */
static pid_t waiting_child(void)
{
    pid_t pid = must(fork(), "fork");

    if (pid != 0)
        return pid;
    dies_with_parent();
    wait_for_the_end();
}

/* ---- names and arguments ---- */

static void make_wait(char **args)
{
    (void) args;
    ready("pid=%d", getpid());
}

static void put_bytes(char *to, size_t room, const char *hex)
{
    for (size_t i = 0; i < room && hex[2 * i] != '\0'; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        to[i] = (char) strtoul(pair, NULL, 16);
    }
}

/* comm HEX: a name of any bytes. */
static void make_comm(char **args)
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
static void make_no_arguments(char **args)
{
    (void) args;
    execute_self((char *[]){NULL}, waiting_environment);
}

/* All bytes of its arguments NUL, as some malware leaves them. */
static void make_wiped_arguments(char **args)
{
    for (char **a = args - 2; *a != NULL; a++)
        memset(*a, 0, strlen(*a));
    ready("pid=%d", getpid());
}

/* As setproctitle does it: a title over all of the arguments, on into the environment, and no NUL where they ended. */
static void make_title(char **args)
{
    static const char title[] = "odd: worker process (and this runs over the arguments into what was the environment)";
    char *first = args[-2];

    memcpy(first, title, sizeof title);
    ready("pid=%d", getpid());
}

/* environment HEX: these bytes over its environment, as far as that goes. */
static void make_environment(char **args)
{
    size_t room = 0;

    for (char **variable = environ; *variable != NULL; variable++)
        room += strlen(*variable) + 1;
    put_bytes(environ[0], room, argument(args, 0, ""));
    ready("pid=%d", getpid());
}

/* ---- executables ---- */

/* memfd NAME: executes a copy of itself that has never had a name in any directory. */
static void make_memfd(char **args)
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

/* ---- many of one sort ---- */

/* descriptors N: so many in all, one of each odd sort among them, and one at number N + 1000. */
static void make_descriptors(char **args)
{
    unsigned count = number(args, 0, 64);
    struct rlimit limit = {count + 2000, count + 2000};
    struct itimerspec soon = {.it_value = {.tv_sec = 3600}};
    struct epoll_event event = {.events = EPOLLIN};
    int pipes[2];

    must(setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
    for (int fd = 3; fd < 256; fd++) /* what a test's shell may have left open */
        (void) close(fd);
    int null = must(open("/dev/null", O_RDWR), "/dev/null");
    int event_fd = must(eventfd(5, 0), "eventfd");
    int epoll = must(epoll_create1(0), "epoll_create1");
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, event_fd, &event), "epoll_ctl");
    int timer = must(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
    must(timerfd_settime(timer, 0, &soon, NULL), "timerfd_settime");
    int watch = must(inotify_init1(0), "inotify_init1");
    must(inotify_add_watch(watch, "/", IN_CREATE), "inotify_add_watch");
    int memory = must(memfd_create("odd\nmemory) [1]", 0), "memfd_create");
    must(pipe(pipes), "pipe");
    int directory = must(open("/", O_PATH | O_DIRECTORY), "/");
    int high = must(dup2(null, (int) count + 1000), "dup2");
    for (unsigned made = (unsigned) pipes[1] + 3; made < count; made++)
        must(dup(null), "dup");
    ready("pid=%d null=%d eventfd=%d eventpoll=%d timerfd=%d inotify=%d memfd=%d pipe=%d directory=%d high=%d",
          getpid(), null, event_fd, epoll, timer, watch, memory, pipes[0], directory, high);
}

static void *idle(void *unused)
{
    (void) unused;
    for (;;)
        (void) pause();
    return NULL;
}

/* threads N: so many besides the first. */
static void make_threads(char **args)
{
    unsigned count = number(args, 0, 8), made = 0;
    pthread_attr_t attributes;
    pthread_t thread;

    (void) pthread_attr_init(&attributes);
    (void) pthread_attr_setstacksize(&attributes, 32768);
    while (made < count && pthread_create(&thread, &attributes, idle, NULL) == 0)
        made++;
    ready("pid=%d threads=%u", getpid(), made);
}

/* crowd N: a parent of so many children. */
static void make_crowd(char **args)
{
    for (unsigned i = number(args, 0, 8); i > 0; i--)
        (void) waiting_child();
    ready("pid=%d", getpid());
}

/* ---- lives that end ---- */

/* A child that ended with status 3 and that nobody waits for. */
static void make_zombie(char **args)
{
    siginfo_t info;
    (void) args;
    pid_t child = must(fork(), "fork");

    if (child == 0)
        _exit(3);
    must(waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT), "waitid");
    ready("pid=%d child=%d", getpid(), child);
}

static void *becomes_the_last(void *leader)
{
    (void) pthread_join(*(pthread_t *) leader, NULL);
    sleep_ms(50); /* until the kernel shows the leader as a zombie */
    ready("pid=%d", getpid());
    return idle(NULL);
}

/* Its first thread has ended, another one lives on. */
static void make_zombie_leader(char **args)
{
    static pthread_t leader;
    pthread_t other;

    (void) args;
    leader = pthread_self();
    if (pthread_create(&other, NULL, becomes_the_last, &leader) != 0)
        fail("pthread_create");
    pthread_exit(NULL);
}

/* The marks of a life, which a child has from its first moment on because its parent bore them: its name, its first
 * argument and the variable LIFE (both "......-000000" and overwritten in place), and descriptor 100. */
enum { MARKED_FD = 100 };

static void mark(char *first_argument, const char *sort, unsigned life)
{
    char text[16];
    char *variable = getenv("LIFE");

    (void) snprintf(text, sizeof text, "%.4s-%06u", sort, life % 1000000);
    must(prctl(PR_SET_NAME, text, 0UL, 0UL, 0UL), "PR_SET_NAME");
    if (strlen(first_argument) == strlen(text))
        memcpy(first_argument, text, strlen(text));
    if (variable != NULL && strlen(variable) == strlen(text))
        memcpy(variable, text, strlen(text));
    int fd = must(memfd_create(text, MFD_CLOEXEC), "memfd_create");
    must(dup2(fd, MARKED_FD), "dup2");
    (void) close(fd);
}

/* births MARK MS: one after the other is born, each lives for up to MS milliseconds, four at a time. */
_Noreturn static void make_births(char **args)
{
    unsigned longest = number(args, 1, 10), seed = 1;

    ready("pid=%d", getpid());
    for (unsigned life = 1, alive = 0;; life++) {
        mark(args[0], "born", life);
        seed = seed * 1103515245 + 12345;
        pid_t child = must(fork(), "fork");
        if (child == 0) {
            struct timespec t = {.tv_nsec = (long) (seed >> 8) % (long) (longest * 1000000)};
            (void) nanosleep(&t, NULL);
            _exit(0);
        }
        if (++alive >= 4 && wait(NULL) > 0)
            alive--;
    }
}

struct clone_request {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static pid_t fork_as(pid_t wanted)
{
    struct clone_request request = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t) &wanted, .set_tid_size = 1};

    return (pid_t) syscall(SYS_clone3, &request, sizeof request);
}

/* lives MARK PID MS: that pid is born, lives MS milliseconds, dies, is born again. */
_Noreturn static void make_lives(char **args)
{
    pid_t wanted = (pid_t) number(args, 1, 30000);
    unsigned ms = number(args, 2, 15);

    for (unsigned life = 1;; life++) {
        mark(args[0], "life", life);
        pid_t child = must(fork_as(wanted), "clone3");
        if (child == 0) {
            dies_with_parent();
            wait_for_the_end();
        }
        if (life == 1)
            ready("pid=%d child=%d", getpid(), child);
        sleep_ms(ms);
        must(kill(child, SIGKILL), "kill");
        must(waitpid(child, NULL, 0), "waitpid");
    }
}

/* ---- sockets and namespaces ---- */

static unsigned long inode_of(int fd)
{
    struct stat facts;

    must(fstat(fd, &facts), "fstat");
    return (unsigned long) facts.st_ino;
}

/* A new network namespace has its loopback down. */
static void loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");

    must(ioctl(fd, SIOCGIFFLAGS, &request), "SIOCGIFFLAGS");
    request.ifr_flags |= IFF_UP;
    must(ioctl(fd, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
    (void) close(fd);
}

static struct sockaddr_in local(unsigned port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t) port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bound(int type, unsigned port)
{
    struct sockaddr_in address = local(port);
    int one = 1, fd = must(socket(AF_INET, type, 0), "socket");

    must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "SO_REUSEADDR");
    must(bind(fd, (struct sockaddr *) &address, sizeof address), "bind");
    if (type == SOCK_STREAM)
        must(listen(fd, 7), "listen");
    return fd;
}

static int connected(unsigned port)
{
    struct sockaddr_in address = local(port);
    int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

    must(connect(fd, (struct sockaddr *) &address, sizeof address), "connect");
    return fd;
}

static int listening_v6(unsigned port)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port), .sin6_addr = in6addr_any};
    int one = 1, fd = socket(AF_INET6, SOCK_STREAM, 0);

    if (fd < 0)
        return -1;
    (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *) &address, sizeof address) == 0 && listen(fd, 7) == 0)
        return fd;
    (void) close(fd);
    return -1;
}

static int abstract(const char *name, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

    socklen_t used = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + len);
    memcpy(address.sun_path + 1, name, len);
    must(bind(fd, (struct sockaddr *) &address, used), "bind");
    must(listen(fd, 1), "listen");
    return fd;
}

static unsigned port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;

    must(getsockname(fd, (struct sockaddr *) &address, &len), "getsockname");
    return ntohs(address.sin_port);
}

/* sockets PORT: a listener on PORT that a child holds too, an accepted connection and one that waits to be accepted,
 * one that lingers without an owner, UDP on PORT + 1, TCP over IPv6 on PORT + 2, and unix sockets: a pair, an abstract
 * one with a newline in its name, and one whose name looks like a row of the table. */
static void make_sockets(char **args)
{
    static const char newline[] = "odd\nname";
    static const char forged[] = "x\n0000000000000000: 00000002 00000000 00010000 0001 01 99999 @forged";
    unsigned port = number(args, 0, 7001);
    int pair[2];

    loopback_up();
    int lingering = bound(SOCK_STREAM, port + 3), caller = connected(port + 3), called = accept(lingering, NULL, NULL);
    unsigned lingering_port = port_of(caller);
    (void) close(lingering);
    (void) close(caller); /* this end closes first: TIME_WAIT */
    (void) close(must(called, "accept"));
    int listener = bound(SOCK_STREAM, port), client = connected(port);
    int server = must(accept(listener, NULL, NULL), "accept");
    pid_t child = waiting_child();
    int early = connected(port), udp = bound(SOCK_DGRAM, port + 1), v6 = listening_v6(port + 2);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    int odd = abstract(newline, strlen(newline)), liar = abstract(forged, strlen(forged));
    ready("pid=%d child=%d listener=%d client=%d server=%d early=%d udp=%d v6=%d left=%d right=%d odd=%d liar=%d "
          "client_port=%u early_port=%u lingering_port=%u",
          getpid(), child, listener, client, server, early, udp, v6, pair[0], pair[1], odd, liar, port_of(client),
          port_of(early), lingering_port);
}

/* own-net PORT: two processes in a network namespace of their own, the first with a listener on PORT. */
static void make_own_net(char **args)
{
    must(unshare(CLONE_NEWNET), "unshare");
    loopback_up();
    int child = waiting_child(), listener = bound(SOCK_STREAM, number(args, 0, 7001));
    ready("pid=%d child=%d listener=%d inode=%lu", getpid(), child, listener, inode_of(listener));
}

/* own-mounts DIRECTORY: two processes in a mount namespace of their own, with a mount there whose source is empty. */
static void make_own_mounts(char **args)
{
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private");
    must(mount("", argument(args, 0, "/mnt"), "tmpfs", 0, "size=4k"), "mount");
    int child = waiting_child();
    ready("pid=%d child=%d", getpid(), child);
}

/* ---- rights ---- */

static void make_not_dumpable(char **args)
{
    (void) args;
    must(prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL), "PR_SET_DUMPABLE");
    ready("pid=%d", getpid());
}

/* user UID NAME [ARGUMENT...]: the same as that user, executed anew, as a service manager starts it. */
static void make_user(char **args)
{
    uid_t id = number(args, 0, 101);
    int self = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "/proc/self/exe");

    must((int) syscall(SYS_setgroups, 0, NULL), "setgroups");
    must(setresgid(id, id, id), "setresgid");
    must(setresuid(id, id, id), "setresuid");
    (void) syscall(SYS_execveat, self, "", args, environ, AT_EMPTY_PATH);
    fail("execveat");
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
    {"crowd", make_crowd},
    {"zombie", make_zombie},
    {"zombie-leader", make_zombie_leader},
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
