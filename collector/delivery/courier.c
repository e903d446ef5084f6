/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/sandbox/folders.h"
#include "collector/sandbox/hardening.h"

/* What the child says in the end, in memory that both see. */
struct report {
    bool complete;
    enum ps_delivered delivered;
    struct ps_error error;
    size_t receipt_len;
    char receipt[PS_RECEIPT_MAX];
};

struct ps_courier {
    pid_t pid;
    bool over;
    int words;
    int status;
    struct report *report;
};

static void say(void *context, const char *line)
{
    char text[1024];
    int len = snprintf(text, sizeof text, "%s\n", line);

    /* A pipe takes a line of that length whole or not at all; nobody waits for a reader. */
    if (len > 0 && (size_t) len < sizeof text)
        (void) !write(*(int *) context, text, (size_t) len);
}

static void give_up(int number)
{
    (void) number;
    ps_http_stop();
}

struct ps_enclosure ps_courier_enclose(const char *ca_file)
{
    const char *paths[5] = {"/etc/hosts", "/etc/resolv.conf"};
    const char *token_file = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    size_t count = 2;
    struct ps_enclosure out;

    if (ca_file != NULL)
        paths[count++] = ca_file;
    if (token_file != NULL)
        paths[count++] = token_file;
    out.rights_errno = ps_harden_rights();
    out.files_errno = ps_sandbox_files(paths);
    out.calls = ps_sandbox_enter(PS_ROLE_COURIER);
    return out;
}

static void add_state(struct ps_buffer *line, const char *what, const char *state, int sys_errno)
{
    ps_buffer_addf(line, "%s %s", what, state);
    if (sys_errno != 0)
        ps_buffer_addf(line, " (%s)", strerror(sys_errno));
}

static void say_enclosure(const struct ps_enclosure *e, void (*tell)(void *context, const char *line), void *context)
{
    struct ps_buffer line = {0};

    add_state(&line, "confinement: system calls", ps_sandbox_state_name(e->calls.state), e->calls.sys_errno);
    add_state(&line, ", files", e->files_errno == 0 ? "on" : "not on", e->files_errno);
    add_state(&line, ", capabilities", e->rights_errno == 0 ? "dropped" : "not dropped", e->rights_errno);
    ps_buffer_add_byte(&line, '\0');
    if (!line.failed)
        tell(context, (const char *) line.data);
    ps_buffer_done(&line);
}

bool ps_courier_check(const struct ps_delivery_options *options, const char *dest,
                      void (*tell)(void *context, const char *line), void *context, struct ps_error *err)
{
    struct ps_enclosure enclosure = ps_courier_enclose(options->ca_file);

    say_enclosure(&enclosure, tell, context);
    return ps_delivery_check(options, dest, tell, context, err);
}

static void become_courier(const struct ps_parcel *parcel, const char *ca_file, int words, pid_t parent)
{
    const struct sigaction stop = {.sa_handler = give_up};
    const int keep[] = {STDERR_FILENO, parcel->fd, words};
    sigset_t none;

    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    /* A terminal that is cut, or Ctrl-C in it, is the parent's business. */
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN); /* to all that is called procsnap: meant for the watch */
    sigaction(SIGTERM, &stop, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void) ps_harden_descriptors(keep, sizeof keep / sizeof *keep);
    (void) ps_courier_enclose(ca_file);
}

static _Noreturn void deliver(const struct ps_delivery_options *options, const char *dest,
                              const struct ps_parcel *parcel, int words, struct report *report)
{
    struct ps_buffer receipt = {0};

    report->delivered = ps_delivery_run(options, dest, parcel, say, &words, &receipt, &report->error);
    if (!receipt.failed && receipt.len > 0 && receipt.len <= sizeof report->receipt) {
        memcpy(report->receipt, receipt.data, receipt.len);
        report->receipt_len = receipt.len;
    }
    report->complete = true;
    _exit(0);
}

static struct ps_courier *new_courier(struct ps_error *err)
{
    struct ps_courier *c = calloc(1, sizeof *c);
    void *shared = c ? mmap(NULL, sizeof *c->report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
                     : MAP_FAILED;

    if (shared == MAP_FAILED) {
        ps_fail(err, ENOMEM, "cannot start a delivery");
        free(c);
        return NULL;
    }
    c->report = shared;
    c->words = -1;
    return c;
}

static void free_courier(struct ps_courier *c)
{
    munmap(c->report, sizeof *c->report);
    if (c->words >= 0)
        close(c->words);
    free(c);
}

struct ps_courier *ps_courier_start(const struct ps_delivery_options *options, const char *dest,
                                    const struct ps_parcel *parcel, struct ps_error *err)
{
    struct ps_courier *c = new_courier(err);
    pid_t self = getpid();
    int ends[2];

    if (c == NULL)
        return NULL;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        ps_fail(err, errno, "cannot start a delivery");
        free_courier(c);
        return NULL;
    }
    c->words = ends[0];
    c->pid = fork();
    if (c->pid == 0) {
        become_courier(parcel, options->ca_file, ends[1], self);
        deliver(options, dest, parcel, ends[1], c->report);
    }
    int why = errno;
    close(ends[1]);
    if (c->pid > 0)
        return c;
    ps_fail(err, why, "cannot start a process for the delivery; a pids limit of the container may be too low");
    free_courier(c);
    return NULL;
}

int ps_courier_words(const struct ps_courier *c)
{
    return c->words;
}

bool ps_courier_over(struct ps_courier *c)
{
    if (!c->over && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
        c->over = true;
    return c->over;
}

void ps_courier_stop(struct ps_courier *c)
{
    if (!c->over)
        (void) kill(c->pid, SIGTERM);
}

void ps_courier_kill(struct ps_courier *c)
{
    if (!c->over)
        (void) kill(c->pid, SIGKILL);
}

/* Copied before it is believed: a courier that was taken over could go on writing. */
static enum ps_delivered read_report(const struct ps_courier *c, struct ps_buffer *receipt, struct ps_error *err)
{
    const struct report *r = c->report;

    if (!r->complete || !WIFEXITED(c->status)) {
        if (WIFSIGNALED(c->status))
            ps_fail(err, 0, "the process that delivers was killed by signal %d (%s)", WTERMSIG(c->status),
                    strsignal(WTERMSIG(c->status)));
        else
            ps_fail(err, 0, "the process that delivers ended unexpectedly");
        return PS_NOT_DELIVERED;
    }
    *err = r->error;
    err->text[sizeof err->text - 1] = '\0';
    if (r->receipt_len <= sizeof r->receipt)
        ps_buffer_add(receipt, r->receipt, r->receipt_len);
    return r->delivered == PS_DELIVERED || r->delivered == PS_DELIVERED_PROBABLY ? r->delivered : PS_NOT_DELIVERED;
}

enum ps_delivered ps_courier_end(struct ps_courier *c, struct ps_buffer *receipt, struct ps_error *err)
{
    while (!c->over) {
        if (waitpid(c->pid, &c->status, 0) == c->pid || errno == ECHILD)
            c->over = true;
    }
    enum ps_delivered delivered = read_report(c, receipt, err);
    free_courier(c);
    return delivered;
}
