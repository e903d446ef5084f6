/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/courier.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/sandbox/hardening.h"
#include "collector/watch/heart.h"

/* Behind its own deadline. */
enum { GRACE_MS = 10000, DEADLINE_MS = 120000 };

bool ps_courier_prepare(struct ps_courier *c, struct ps_error *err)
{
    *c = (struct ps_courier){0};
    c->told = mmap(NULL, sizeof *c->told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c->told != MAP_FAILED)
        return true;
    c->told = NULL;
    return ps_fail(err, errno, "cannot map shared memory for the end of a delivery");
}

static void keep_receipt(struct ps_courier_told *told, struct ps_span line)
{
    while (line.len > 0 && line.data[line.len - 1] == '\n')
        line.len--;
    if (line.len < sizeof told->receipt)
        snprintf(told->receipt, sizeof told->receipt, "%.*s", (int) line.len, (const char *) line.data);
}

static _Noreturn void carry(const struct ps_courier *c, ps_deliver *deliver, const struct ps_delivery_options *options,
                            const char *dest, const struct ps_spool *spool, pid_t watch)
{
    struct ps_courier_told *told = c->told;
    char minisig[PS_SPOOL_TEXT], head_line[PS_SPOOL_TEXT];
    struct ps_buffer receipt = {0};
    setpgid(0, 0);
    ps_heart_none();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != watch)
        _exit(1);
    ps_harden_descriptors((int[]){STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, c->item->fd, spool->dir}, 5);
    int fd = ps_spool_fetch(spool, c->item, minisig, head_line, &told->error);
    told->end = PS_NOT_DELIVERED;
    if (fd >= 0) {
        struct ps_parcel parcel = {
            .fd = fd,
            .name = c->item->name,
            .minisig = ps_span_text(minisig),
            .head_line = head_line[0] != '\0' ? head_line : NULL,
            .tried_before = c->item->tried_before,
        };
        told->end = deliver(options, dest, &parcel, NULL, NULL, &receipt, &told->error);
        keep_receipt(told, ps_buffer_span(&receipt));
    }
    atomic_store(&told->over, 1);
    _exit(0);
}

bool ps_courier_start(struct ps_courier *c, ps_deliver *deliver, const struct ps_delivery_options *options,
                      const char *dest, const struct ps_spool *spool, struct ps_spooled *item, struct ps_error *err)
{
    uint64_t deadline_ms = options->deadline_ms > 0 ? options->deadline_ms : DEADLINE_MS;
    pid_t watch = getpid();
    memset(c->told, 0, sizeof *c->told);
    c->item = item;
    c->ended = c->killed = false;
    c->late_us = ps_boottime_us() + (deadline_ms + GRACE_MS) * 1000;
    c->pid = fork();
    if (c->pid == 0)
        carry(c, deliver, options, dest, spool, watch);
    if (c->pid > 0)
        return true;
    c->pid = 0;
    c->item = NULL;
    return ps_fail(err, errno, "cannot start a process to deliver with (fork)");
}

bool ps_courier_reaped(struct ps_courier *c, pid_t pid)
{
    return c->pid > 0 && pid == c->pid && (c->ended = true);
}

void ps_courier_kill(struct ps_courier *c)
{
    if (c->pid <= 0 || c->killed)
        return;
    c->killed = true;
    kill(c->pid, SIGKILL);
}

enum ps_courier_state ps_courier_look(struct ps_courier *c, uint64_t now_us)
{
    if (c->pid <= 0)
        return PS_COURIER_NONE;
    if (!c->ended) {
        if (now_us > c->late_us)
            ps_courier_kill(c);
        return PS_COURIER_RUNNING;
    }
    c->pid = 0;
    c->told->receipt[sizeof c->told->receipt - 1] = c->told->error.text[sizeof c->told->error.text - 1] = '\0';
    return atomic_load(&c->told->over) ? PS_COURIER_OVER : PS_COURIER_LOST;
}
