/* SPDX-License-Identifier: Apache-2.0
 *
 * Many of one sort: descriptors, threads, children.
 */
#include "odd_process.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* descriptors N: so many in all, one of each odd sort among them, and one at number N + 1000. */
void make_descriptors(char **args)
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
void make_threads(char **args)
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

/* mappings N: so many at least, of one page each, whose rights take turns. */
void make_mappings(char **args)
{
    size_t count = number(args, 0, 1000), page = (size_t) sysconf(_SC_PAGESIZE);
    char *all = mmap(NULL, count * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (all == MAP_FAILED)
        fail("mmap");
    for (size_t i = 0; i < count; i += 2)
        must(mprotect(all + i * page, page, PROT_NONE), "mprotect");
    ready("pid=%d", getpid());
}

/* crowd N: a parent of so many children. */
void make_crowd(char **args)
{
    for (unsigned i = number(args, 0, 8); i > 0; i--)
        (void) waiting_child();
    ready("pid=%d", getpid());
}
