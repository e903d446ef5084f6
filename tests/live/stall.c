/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes whose memory cannot be looked at: each sits in mmap(2), holding its mmap lock for writing, and waits for a
 * page of a file system that never answers. Whoever reads its cmdline or environ waits with it.
 *
 *   stall COUNT SECONDS [MIB]   in private PID and mount namespaces; prints "ready PID..." and ends by itself
 *
 * With MIB each target first fills that much memory with what does not compress, and waits for SIGUSR1; when it has got
 * it and hangs, "hangs PID" is printed.
 *
 * How: a file of a FUSE mount is read by one process, so that its page is locked until the answer comes, which does not.
 * The target then maps the same file, opened with FOPEN_DIRECT_IO: mmap drops the cached pages first, and waits for that
 * one. The server is this process; when it ends, so does the connection, and everybody wakes up.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TARGETS_MAX = 32, FILE_SIZE = 4096, LOOK_MS = 5, LATEST_MS = 15000 };

static const char mount_point[] = "/tmp/.procsnap-stall";
/* Opens come in pairs: first the one that reads through the page cache, then the target's, with direct I/O. Both keep the
 * cache: else open itself would wait for the page, before there is a lock to hold. */
static unsigned opened, asked;

static void die(const char *what)
{
    perror(what);
    exit(77);
}

static void reply(int device, uint64_t unique, int error, const void *body, size_t len)
{
    static char buffer[4096];
    struct fuse_out_header head = {.len = (uint32_t) (sizeof head + len), .error = error, .unique = unique};
    memcpy(buffer, &head, sizeof head);
    if (len > 0)
        memcpy(buffer + sizeof head, body, len);
    if (write(device, buffer, sizeof head + len) < 0 && errno != ENOENT)
        perror("stall: answer");
}

static struct fuse_attr attributes(uint64_t node)
{
    struct fuse_attr a = {.ino = node, .nlink = 1, .blksize = 4096};
    a.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644;
    a.size = node == FUSE_ROOT_ID ? 0 : FILE_SIZE;
    return a;
}

static void answer(int device, const struct fuse_in_header *in, const char *body)
{
    if (in->opcode == FUSE_INIT) {
        const struct fuse_init_in *init = (const void *) body;
        struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = init->minor, .max_write = 4096};
        reply(device, in->unique, 0, &out, sizeof out);
    } else if (in->opcode == FUSE_LOOKUP) {
        uint64_t node = 2 + (uint64_t) atoi(body);
        struct fuse_entry_out out = {.nodeid = node, .attr_valid = 60, .entry_valid = 60, .attr = attributes(node)};
        reply(device, in->unique, 0, &out, sizeof out);
    } else if (in->opcode == FUSE_GETATTR) {
        struct fuse_attr_out out = {.attr_valid = 60, .attr = attributes(in->nodeid)};
        reply(device, in->unique, 0, &out, sizeof out);
    } else if (in->opcode == FUSE_OPEN) {
        struct fuse_open_out out = {.fh = 1, .open_flags = FOPEN_KEEP_CACHE | (opened++ % 2 ? FOPEN_DIRECT_IO : 0)};
        reply(device, in->unique, 0, &out, sizeof out);
    } else if (in->opcode == FUSE_READ) {
        asked++; /* and waits for ever */
    } else if (in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET && in->opcode != FUSE_INTERRUPT) {
        reply(device, in->unique, -ENOSYS, NULL, 0);
    }
}

static void serve(int device, int timeout_ms)
{
    static char request[FUSE_MIN_READ_BUFFER + 4096];
    struct pollfd ready = {.fd = device, .events = POLLIN};
    struct timespec begun, now;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (int left = timeout_ms; left > 0;) {
        if (poll(&ready, 1, left) > 0 && read(device, request, sizeof request) >= (ssize_t) sizeof(struct fuse_in_header))
            answer(device, (void *) request, request + sizeof(struct fuse_in_header));
        clock_gettime(CLOCK_MONOTONIC, &now);
        left = timeout_ms - (int) ((now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000);
    }
}

static bool hangs(pid_t pid)
{
    char path[32], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    const char *end = got > 0 ? strrchr(text, ')') : NULL;
    return end && strncmp(end, ") D", 3) == 0;
}

/* A page of the file is locked, its reader waits for it. */
static void serve_until_asked(int device, unsigned reads)
{
    for (int waited = 0; asked < reads && waited < LATEST_MS; waited += LOOK_MS)
        serve(device, LOOK_MS);
}

/* The target's open is answered: when it sleeps after that where no signal wakes it, it does so in mmap. */
static bool serve_until_hanging(int device, pid_t target, unsigned opens, int most_ms)
{
    for (int waited = 0; (opened < opens || !hangs(target)) && waited < most_ms; waited += LOOK_MS)
        serve(device, LOOK_MS);
    return hangs(target);
}

static void child_of(int device, pid_t parent)
{
    close(device);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

/* Until it is told to stall. `filled`: tells that its memory is as it shall be. */
static void wait_with_memory(size_t mib, int filled)
{
    size_t words = (mib << 20) / sizeof(uint64_t);
    uint64_t *memory = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t number = 88172645463325252;
    sigset_t signals;
    int got;
    if (memory == MAP_FAILED)
        _exit(1);
    for (size_t i = 0; i < words; i++) {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        memory[i] = number;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    close(filled);
    (void) sigwait(&signals, &got);
}

/* First the one that locks the page, then the one that waits for it with its mmap lock held. */
static pid_t start(int device, int number, bool target, size_t mib)
{
    char path[64], byte;
    int filled[2];
    if (pipe2(filled, O_CLOEXEC) != 0)
        die("pipe");
    pid_t parent = getpid(), pid = fork();
    if (pid != 0) {
        close(filled[1]);
        (void) !read(filled[0], &byte, 1);
        close(filled[0]);
        return pid;
    }
    child_of(device, parent);
    if (target && mib > 0)
        wait_with_memory(mib, filled[1]);
    else
        close(filled[1]);
    snprintf(path, sizeof path, "%s/%d", mount_point, number);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (!target && fd >= 0 && read(fd, &byte, 1) < 0)
        _exit(1);
    if (target && fd >= 0)
        mmap(NULL, FILE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
    _exit(0);
}

static int mounted(void)
{
    char options[128];
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0)
        die("/dev/fuse");
    mkdir(mount_point, 0700);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        die("private mounts");
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
    if (mount("stall", mount_point, "fuse", MS_NOSUID | MS_NODEV, options) != 0)
        die("mount");
    return device;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1, seconds = argc > 2 ? atoi(argv[2]) : 5;
    int mib = argc > 3 ? atoi(argv[3]) : 0;
    pid_t targets[TARGETS_MAX];
    sigset_t later;
    if (count < 1 || count > TARGETS_MAX || seconds < 1 || seconds > 60 || mib < 0)
        return 2;
    sigemptyset(&later);
    sigaddset(&later, SIGUSR1);
    (void) sigprocmask(SIG_BLOCK, &later, NULL);
    int device = mounted();
    printf("ready");
    for (int i = 0; i < count; i++) {
        start(device, i, false, 0);
        serve_until_asked(device, (unsigned) i + 1);
        targets[i] = start(device, i, true, (size_t) mib);
        if (mib == 0 && !serve_until_hanging(device, targets[i], 2 * (unsigned) i + 2, LATEST_MS))
            die("stall: a target that does not hang");
        printf(" %d", (int) targets[i]);
    }
    printf("\n");
    fflush(stdout);
    if (mib > 0 && serve_until_hanging(device, targets[count - 1], 2 * (unsigned) count, seconds * 1000)) {
        printf("hangs %d\n", (int) targets[count - 1]);
        fflush(stdout);
    }
    serve(device, seconds * 1000);
    return 0;
}
