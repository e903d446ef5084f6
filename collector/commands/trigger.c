/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <unistd.h>

#include "collector/commands/commands.h"
#include "collector/host/clock.h"
#include "collector/terminal.h"
#include "collector/watch/heart.h"
#include "collector/watch/switchboard.h"
#include "collector/watch/watch.h"
#include "formats/printable.h"

static const struct ps_flag flags[] = {
    {"wait", NULL, "until the snapshot is sealed and delivered, or is not", 0},
};

static const struct ps_help help = {
    .usage = "procsnap trigger [--wait]",
    .about = "Asks the watch of this task for a snapshot now: whichever process listens at @procsnap in this network\n"
             "namespace. Its pid and user are said, since any process of the task can take that name; in the container\n"
             "of the watch, nobody else is asked. SIGUSR1 to the watch does the same as this command.",
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .statuses = "0  the watch takes one; with --wait: it is sealed and delivered\n"
                "2  the command line is wrong\n"
                "3  nobody listens, or refused, or not sealed\n"
                "4  with --wait: sealed, but not delivered\n"
                "5  with --wait: sealed early",
    .example = "procsnap trigger --wait",
};

struct request {
    bool wait;
};

static bool take(void *into, const struct ps_argument *argument, struct ps_error *err)
{
    struct request *r = into;
    if (argument->flag == NULL)
        return ps_fail_operand(err, "trigger", argument->text);
    return r->wait = true;
}

static int fail(const struct ps_error *err)
{
    ps_print_error(err);
    return PS_EXIT_FAILED;
}

/* Where the watch of this very container is in view, nobody else is asked in its place. */
static bool is_impostor(pid_t pid, uid_t uid, struct ps_error *err)
{
    struct ps_heart heart;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool found = ps_heart_find(proc, ps_boottime_us(), &heart) && !ps_heart_shares_group(proc, pid);
    if (proc >= 0)
        close(proc);
    if (found)
        ps_fail(err, 0, "the watch of this container is pid %d, and another process (pid %d, uid %u) has its name @"
                        PS_WATCH_NAME "; kill -USR1 %d asks the watch", (int) heart.pid, (int) pid, (unsigned) uid,
                (int) heart.pid);
    return found;
}

static int run(const void *from)
{
    enum { PATIENCE_MS = 10000 };
    const struct request *r = from;
    char answer[PS_ANSWER_ROOM];
    struct ps_buffer out = {0};
    struct ps_error err;
    pid_t pid;
    uid_t uid;

    int fd = ps_call_connect(PS_WATCH_NAME, &pid, &uid, &err);
    if (fd < 0)
        return fail(&err);
    if (is_impostor(pid, uid, &err)) {
        close(fd);
        return fail(&err);
    }
    if (!ps_call_ask(fd, r->wait ? PS_ASK_TRIGGER_WAIT : PS_ASK_TRIGGER, r->wait ? 0 : PATIENCE_MS, answer, &err))
        return fail(&err);
    if (answer[0] < '0' || answer[0] > '5' || answer[1] != ' ') {
        ps_fail(&err, 0, "what listens at @procsnap (pid %d, uid %u) is no procsnap watch", (int) pid, (unsigned) uid);
        return fail(&err);
    }
    ps_buffer_addf(&out, "pid %d, uid %u: ", (int) pid, (unsigned) uid);
    ps_printable_add(&out, ps_span_text(answer + 2));
    ps_buffer_add_byte(&out, '\n');
    ps_print(answer[0] == '0' ? PS_STDOUT : PS_STDERR, ps_buffer_span(&out));
    ps_buffer_done(&out);
    return answer[0] - '0';
}

int ps_command_trigger(int argc, char **argv)
{
    static const struct ps_command command = {.help = &help, .take = take, .run = run};
    struct request request = {0};
    return ps_command_run(&command, argc, argv, &request);
}
