/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernel charges: opens, reads and closes the files of /proc that a profile is about, and does nothing with
 * them.
 *
 *   floor [-t THREADS] card|full|standard
 *
 * `full` is what step after step is compared by; `standard` are the files that procsnap's profile reads of a process with
 * one thread by now.
 *
 * Every path is relative to the directory of its process, one buffer serves all reads of a thread, and the tables of
 * the network are read once for each network namespace. A file that the kernel prints in one go ends with the first
 * read that does not fill the buffer; mappings, mounts and tables are read until there is no more.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BUFFER = 64 << 10, LISTING = 32 << 10, PIDS_MAX = 1 << 17, NAMESPACES_MAX = 1 << 14, THREADS_MAX = 16 };

enum way { ONCE, WHOLE, LINK, LINKS, FILES };

struct item {
    const char *name;
    enum way way;
};

static const struct item card[] = {{"stat", ONCE}, {"cmdline", ONCE}, {"exe", LINK},
                                   {"root", LINK}, {"fd", LINKS},     {0}};
static const struct item full[] = {
    {"stat", ONCE},    {"status", ONCE}, {"cmdline", ONCE},    {"environ", ONCE},
    {"exe", LINK},     {"cwd", LINK},    {"root", LINK},       {"fd", LINKS},
    {"fdinfo", FILES}, {"maps", WHOLE},  {"cgroup", ONCE},     {"ns", LINKS},
    {"limits", ONCE},  {"io", ONCE},     {"mountinfo", WHOLE}, {0},
};
static const struct item standard[] = {
    {"stat", ONCE},    {"comm", ONCE},   {"status", ONCE},     {"statm", ONCE},  {"cmdline", ONCE}, {"environ", ONCE},
    {"exe", LINK},     {"cwd", LINK},    {"root", LINK},       {"fd", LINKS},    {"fdinfo", FILES}, {"maps", WHOLE},
    {"cgroup", ONCE},  {"ns", LINKS},    {"limits", ONCE},     {"io", ONCE},     {"mountinfo", WHOLE},
    {0},
};
static const struct item card_tables[] = {{"net/tcp", WHOLE}, {"net/tcp6", WHOLE}, {0}};
static const struct item full_tables[] = {{"net/tcp", WHOLE},  {"net/tcp6", WHOLE}, {"net/udp", WHOLE},
                                          {"net/udp6", WHOLE}, {"net/unix", WHOLE}, {0}};

static const struct item standard_tables[] = {
    {"net/tcp", WHOLE},      {"net/tcp6", WHOLE},       {"net/udp", WHOLE},     {"net/udp6", WHOLE},
    {"net/unix", WHOLE},     {"net/raw", WHOLE},        {"net/raw6", WHOLE},    {"net/packet", WHOLE},
    {"net/netlink", WHOLE},  {"net/icmp", WHOLE},       {"net/icmp6", WHOLE},   {"net/udplite", WHOLE},
    {"net/udplite6", WHOLE}, {"net/arp", WHOLE},        {"net/route", WHOLE},   {"net/ipv6_route", WHOLE},
    {"net/if_inet6", WHOLE}, {"net/fib_trie", WHOLE},   {"net/dev", WHOLE},     {"net/sockstat", WHOLE},
    {"net/sockstat6", WHOLE}, {"net/snmp", WHOLE},      {"net/snmp6", WHOLE},   {"net/netstat", WHOLE},
    {"net/igmp", WHOLE},     {"net/igmp6", WHOLE},      {"net/ptype", WHOLE},   {0},
};

struct entry { /* as getdents64 gives it */
    uint64_t inode;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

struct walker {
    pthread_t thread;
    uint64_t files, bytes;
    char buffer[BUFFER];
    char listing[LISTING];
};

static int proc;
static const struct item *items = full, *tables = full_tables;
static char pids[PIDS_MAX][12];
static size_t pid_count;
static atomic_size_t next_pid;

static char namespaces[NAMESPACES_MAX][32];
static size_t namespace_count;
static pthread_mutex_t namespaces_lock = PTHREAD_MUTEX_INITIALIZER;

static void read_file(struct walker *w, int dir, const char *name, enum way way)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t n;
    if (fd < 0)
        return;
    while ((n = read(fd, w->buffer, BUFFER)) > 0) {
        w->bytes += (uint64_t) n;
        if (way == ONCE && n < BUFFER)
            break;
    }
    w->files++;
    close(fd);
}

static void read_link(struct walker *w, int dir, const char *name)
{
    ssize_t n = readlinkat(dir, name, w->buffer, BUFFER);
    if (n < 0)
        return;
    w->files++;
    w->bytes += (uint64_t) n;
}

static void read_directory(struct walker *w, int dir, const char *name, enum way way)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long n;
    if (fd < 0)
        return;
    while ((n = syscall(SYS_getdents64, fd, w->listing, LISTING)) > 0) {
        for (long at = 0; at < n;) {
            const struct entry *e = (const void *) (w->listing + at);
            at += e->size;
            if (e->name[0] == '.')
                continue;
            if (way == LINKS)
                read_link(w, fd, e->name);
            else
                read_file(w, fd, e->name, ONCE);
        }
    }
    close(fd);
}

static void read_items(struct walker *w, int dir, const struct item *list)
{
    for (; list->name; list++) {
        if (list->way == LINK)
            read_link(w, dir, list->name);
        else if (list->way == LINKS || list->way == FILES)
            read_directory(w, dir, list->name, list->way);
        else
            read_file(w, dir, list->name, list->way);
    }
}

/* True for the first process that is seen in its network namespace. */
static bool first_of_namespace(int dir)
{
    char target[32] = "";
    if (readlinkat(dir, "ns/net", target, sizeof target - 1) < 0)
        return false;
    pthread_mutex_lock(&namespaces_lock);
    size_t i = namespace_count;
    while (i > 0 && strcmp(namespaces[i - 1], target) != 0)
        i--;
    bool first = i == 0 && namespace_count < NAMESPACES_MAX;
    if (first)
        memcpy(namespaces[namespace_count++], target, sizeof target);
    pthread_mutex_unlock(&namespaces_lock);
    return first;
}

static void list_processes(struct walker *w)
{
    long n;
    while ((n = syscall(SYS_getdents64, proc, w->listing, LISTING)) > 0) {
        for (long at = 0; at < n;) {
            const struct entry *e = (const void *) (w->listing + at);
            at += e->size;
            if (e->name[0] >= '1' && e->name[0] <= '9' && pid_count < PIDS_MAX)
                strncpy(pids[pid_count++], e->name, sizeof pids[0] - 1);
        }
    }
}

static void *walk(void *argument)
{
    struct walker *w = argument;
    for (size_t i; (i = atomic_fetch_add(&next_pid, 1)) < pid_count;) {
        int dir = openat(proc, pids[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
            continue;
        read_items(w, dir, items);
        if (first_of_namespace(dir))
            read_items(w, dir, tables);
        close(dir);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct walker walkers[THREADS_MAX];
    size_t threads = 1;
    for (int option; (option = getopt(argc, argv, "t:")) != -1;)
        threads = option == 't' ? (size_t) atoi(optarg) : 0;
    bool is_card = optind + 1 == argc && strcmp(argv[optind], "card") == 0;
    bool is_full = optind + 1 == argc && strcmp(argv[optind], "full") == 0;
    bool is_standard = optind + 1 == argc && strcmp(argv[optind], "standard") == 0;
    if (threads < 1 || threads > THREADS_MAX || (!is_card && !is_full && !is_standard)) {
        fprintf(stderr, "usage: floor [-t THREADS] card|full|standard\n");
        return 2;
    }
    if (is_standard) {
        items = standard;
        tables = standard_tables;
    }
    if (is_card) {
        items = card;
        tables = card_tables;
    }
    proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) {
        perror("floor: /proc");
        return 1;
    }
    list_processes(&walkers[0]);
    for (size_t i = 1; i < threads; i++)
        pthread_create(&walkers[i].thread, NULL, walk, &walkers[i]);
    walk(&walkers[0]);
    uint64_t files = walkers[0].files, bytes = walkers[0].bytes;
    for (size_t i = 1; i < threads; i++) {
        pthread_join(walkers[i].thread, NULL);
        files += walkers[i].files;
        bytes += walkers[i].bytes;
    }
    printf("%zu processes %llu files %llu bytes\n", pid_count, (unsigned long long) files, (unsigned long long) bytes);
    return 0;
}
