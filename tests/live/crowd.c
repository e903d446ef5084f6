/* SPDX-License-Identifier: Apache-2.0
 *
 * Very many processes: crowd N starts as many as it can, at most N, which wait until it ends; then it prints
 * "ready COUNT".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    long wanted = argc == 2 ? strtol(argv[1], NULL, 10) : 0, count = 0;
    while (count < wanted) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                pause();
        }
        count++;
    }
    printf("ready %ld\n", count);
    fflush(stdout);
    pause();
    return 0;
}
