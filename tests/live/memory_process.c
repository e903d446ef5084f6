/* SPDX-License-Identifier: Apache-2.0
 *
 * A process with memory that is known byte by byte: memory_process NAME FILE. It maps FILE, writes one line to standard
 * output ("ready", and where everything is: key=value), and waits to be killed. NAME is
 *   plain        known texts, a sparse mapping of 3 GiB with two pages in it, pages without any right, a file
 *   code         the same, and a page of memory without a file that may be written and executed
 *   fragments    the same, and 40000 pages that have no neighbours
 *   large        the same, and 300 MiB
 *   rows         the same, and the page of "code" above 40000 mappings of one page each
 *   scattered    the same, and that page above 40000 that lie alone, too far from each other to be joined
 *   reserved     the same, and that page above 1.2 TiB of reserved address space in pieces of 60 GiB
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, HIDDEN_PAGES = 16, FRAGMENTS = 40000, ROWS = 40000, APART = 100, PIECES = 20 };
static const size_t sparse_size = (size_t) 3 << 30, large_size = (size_t) 300 << 20;

static char known_text[] = "a text at an address that the test knows";

static uint8_t *map(size_t size, int prot, int fd)
{
    int kind = fd < 0 ? MAP_ANONYMOUS | MAP_NORESERVE : 0;
    uint8_t *at = mmap(NULL, size, prot, MAP_PRIVATE | kind, fd, 0);

    if (at == MAP_FAILED) {
        perror("memory_process: mmap");
        _exit(1);
    }
    return at;
}

/* Written, then closed to everybody, the process itself too. */
static uint8_t *hide_pages(void)
{
    uint8_t *at = map((size_t) HIDDEN_PAGES * PAGE, PROT_READ | PROT_WRITE, -1);

    memcpy(at + 3 * PAGE, "hidden", sizeof "hidden");
    if (mprotect(at, (size_t) HIDDEN_PAGES * PAGE, PROT_NONE) != 0)
        _exit(1);
    return at;
}

static uint8_t *map_file(const char *path)
{
    struct stat facts;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &facts) != 0)
        _exit(1);
    uint8_t *at = map((size_t) facts.st_size, PROT_READ | PROT_WRITE, fd);
    (void) *(volatile uint8_t *) at;
    at[PAGE] = 'W'; /* a copy of its own */
    (void) close(fd);
    return at;
}

/* The kernel places what is mapped later below what was mapped before. */
static void add_rows(void)
{
    uint8_t *at = map((size_t) ROWS * PAGE, PROT_READ, -1);

    for (size_t i = 0; i < ROWS; i += 2)
        if (mprotect(at + i * PAGE, PAGE, PROT_NONE) != 0)
            _exit(1);
    printf(" low=%llu", (unsigned long long) (uintptr_t) at);
}

static void add_scattered(void)
{
    size_t apart = (size_t) APART * PAGE;
    uint8_t *at = map(FRAGMENTS * apart, PROT_READ | PROT_WRITE, -1);

    (void) madvise(at, FRAGMENTS * apart, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < FRAGMENTS; i++)
        at[i * apart] = 1;
    printf(" low=%llu", (unsigned long long) (uintptr_t) at);
}

/* Two neighbours with the same rights would be one. */
static void add_reserved(void)
{
    uint8_t *at = NULL;

    for (int i = 0; i < PIECES; i++)
        at = map((size_t) 60 << 30, i % 2 ? PROT_NONE : PROT_READ, -1);
    printf(" low=%llu", (unsigned long long) (uintptr_t) at);
}

static void more(const char *name)
{
    static const struct {
        const char *name;
        void (*add)(void);
    } below[] = {{"code", NULL}, {"rows", add_rows}, {"scattered", add_scattered}, {"reserved", add_reserved}};

    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        if (strcmp(name, below[i].name) != 0)
            continue;
        uint8_t *at = map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
        memset(at, 0x90, PAGE);
        printf(" code=%llu", (unsigned long long) (uintptr_t) at);
        if (below[i].add)
            below[i].add();
    }
    if (strcmp(name, "fragments") == 0) {
        uint8_t *at = map((size_t) 2 * FRAGMENTS * PAGE, PROT_READ | PROT_WRITE, -1);
        (void) madvise(at, (size_t) 2 * FRAGMENTS * PAGE, MADV_NOHUGEPAGE);
        for (size_t i = 0; i < FRAGMENTS; i++)
            at[2 * i * PAGE] = (uint8_t) i | 1;
        printf(" fragments=%llu", (unsigned long long) (uintptr_t) at);
    } else if (strcmp(name, "large") == 0) {
        uint8_t *at = map(large_size, PROT_READ | PROT_WRITE, -1);
        memset(at, 'L', large_size);
        printf(" large=%llu", (unsigned long long) (uintptr_t) at);
    }
}

int main(int argc, char **argv)
{
    char on_stack[64] = "a text on the stack";
    char *on_heap = strdup("a text on the heap");
    uint8_t *sparse = map(sparse_size, PROT_READ | PROT_WRITE, -1);

    if (argc < 3 || on_heap == NULL)
        return 1;
    (void) prctl(PR_SET_PDEATHSIG, (unsigned long) SIGKILL, 0UL, 0UL, 0UL);
    (void) madvise(sparse, sparse_size, MADV_NOHUGEPAGE);
    sparse[PAGE] = 's';
    sparse[sparse_size - PAGE] = 'S';
    printf("ready text=%llu heap=%llu stack=%llu sparse=%llu hidden=%llu file=%llu",
           (unsigned long long) (uintptr_t) known_text, (unsigned long long) (uintptr_t) on_heap,
           (unsigned long long) (uintptr_t) on_stack, (unsigned long long) (uintptr_t) sparse,
           (unsigned long long) (uintptr_t) hide_pages(), (unsigned long long) (uintptr_t) map_file(argv[2]));
    more(argv[1]);
    printf("\n");
    (void) fflush(stdout);
    for (;;)
        (void) pause();
}
