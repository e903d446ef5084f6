/* SPDX-License-Identifier: Apache-2.0
 *
 * The application beside which a run must be a good guest: guest_app COUNT PAYLOAD. It starts COUNT small processes and
 * PAYLOAD (this program under another name), writes "ready", and then one line for each turn in which it wrote to all of
 * the memory that it holds. How many KiB that is it is told once, in the file /amount.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

static _Noreturn void wait_for_ever(void)
{
    for (;;)
        pause();
}

static void start(const char *program)
{
    pid_t pid = fork();

    if (pid < 0) {
        perror("guest_app: fork");
        _exit(1);
    }
    if (pid > 0)
        return;
    if (program)
        execl(program, program, (char *) NULL);
    wait_for_ever();
}

static size_t told_amount(void)
{
    char text[32] = "";
    int fd = open("/amount", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return n > 0 && strchr(text, '\n') ? strtoul(text, NULL, 10) << 10 : 0;
}

int main(int argc, char **argv)
{
    const struct timespec turn = {.tv_nsec = 20 * 1000000};
    uint8_t *held = NULL;
    size_t size = 0;

    if (argc != 3)
        wait_for_ever();
    for (long i = strtol(argv[1], NULL, 10); i > 0; i--)
        start(NULL);
    start(argv[2]);
    dprintf(1, "ready\n");
    for (unsigned beat = 1;; nanosleep(&turn, NULL)) {
        if (size == 0 && (size = told_amount()) > 0)
            held = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (held == MAP_FAILED)
            return 1;
        for (size_t at = 0; at < size; at += PAGE)
            held[at] = (uint8_t) beat;
        if (size > 0)
            dprintf(1, "%u\n", beat++);
    }
}
