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
    {"delivery", NULL, "also fail while bundles wait that could not be delivered", 0},
};

static const struct ps_help help = {
    .usage = "procsnap health [--delivery]",
    .about =
        "Is the watch of this container alive? Its process has made a turn in the last three minutes, by the name\n"
        "that it gives itself in /proc; when it answers at @procsnap, its words are printed as well. Only a process\n"
        "in our own control groups, so of this container, is believed, whoever listens at that name. For ECS:\n"
        "healthCheck.command [\"CMD\", \"/procsnap\", \"health\"].",
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .statuses = "0  alive\n"
                "1  not alive, or with --delivery: bundles wait that could not be delivered\n"
                "2  the command line is wrong",
    .example = "procsnap health",
};

enum { HEALTHY = 0, UNHEALTHY = 1 };

struct request {
    bool delivery;
};

static bool take(void *into, const struct ps_argument *argument, struct ps_error *err)
{
    struct request *r = into;
    if (argument->flag == NULL)
        return ps_fail_operand(err, "health", argument->text);
    return r->delivery = true;
}

/* What the watch says of itself; nothing when somebody else has its name. */
static void print_words(int proc)
{
    enum { PATIENCE_MS = 2000 };
    char answer[PS_ANSWER_ROOM];
    struct ps_buffer out = {0};
    struct ps_error err;
    pid_t pid;
    uid_t uid;

    int fd = ps_call_connect(PS_WATCH_NAME, &pid, &uid, &err);
    if (fd < 0)
        return;
    if (!ps_heart_shares_group(proc, pid)) {
        close(fd);
        ps_printf(PS_STDOUT,
                  "another process (pid %d, uid %u) listens at @" PS_WATCH_NAME ": procsnap trigger asks that one\n",
                  (int) pid, (unsigned) uid);
        return;
    }
    if (!ps_call_ask(fd, PS_ASK_HEALTH, PATIENCE_MS, answer, &err) || answer[0] == '\0' || answer[1] != ' ')
        return;
    ps_printable_add(&out, ps_span_text(answer + 2));
    ps_buffer_add_byte(&out, '\n');
    ps_print(PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
}

static int run(const void *from)
{
    const struct request *r = from;
    struct ps_heart heart;
    struct ps_error err;

    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!ps_heart_find(proc, ps_boottime_us(), &heart))
        ps_fail(&err, 0, "no procsnap watch runs in this container");
    else if (heart.age_s > PS_HEART_DEAD_S)
        ps_fail(&err, 0, "the watch (pid %d) made its last turn %llu s ago", (int) heart.pid,
                (unsigned long long) heart.age_s);
    else if (r->delivery && !heart.delivering)
        ps_fail(&err, 0, "the watch (pid %d) is alive, but bundles wait that could not be delivered", (int) heart.pid);
    else {
        ps_printf(PS_STDOUT, "the watch (pid %d) is alive\n", (int) heart.pid);
        print_words(proc);
        return HEALTHY;
    }
    ps_print_error(&err);
    return UNHEALTHY;
}

int ps_command_health(int argc, char **argv)
{
    static const struct ps_command command = {.help = &help, .take = take, .run = run};
    struct request request = {0};
    return ps_command_run(&command, argc, argv, &request);
}
