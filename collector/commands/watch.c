/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "collector/collect.h"
#include "collector/commands/commands.h"
#include "collector/terminal.h"

static const char usage[] = "procsnap watch DIR/ --every TIME [options]";
static const char about[] =
    "Takes a snapshot now, one every so often, one whenever it is asked (procsnap trigger, SIGUSR1), and a last one on\n"
    "SIGTERM. Each is a signed bundle in DIR/, and names the key of the next: a chain.\n"
    "\n"
    "Standard output carries one JSON line for each event: started, snapshot (with its head line), missed_tick,\n"
    "trigger_refused, stopped and others. No text of the evidence is in it.";
static const char statuses[] = "0  ended on SIGTERM or SIGINT, the last snapshot is sealed\n"
                               "2  the command line is wrong\n"
                               "3  not started, or the last snapshot is not sealed\n"
                               "5  the last snapshot is sealed early: the stop budget was too small";
static const char example[] = "procsnap watch /evidence/ --every 15m --plaintext";

/* A log that does not take a line at once loses it: the watch never waits for it. A pipe that is ready takes PIPE_BUF
 * bytes whole. */
static bool say(struct ps_span line)
{
    enum { PATIENCE_MS = 20 };
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&out, 1, PATIENCE_MS) <= 0 || (out.revents & POLLOUT) == 0 || (out.revents & (POLLERR | POLLNVAL)) != 0)
        return false;
    ps_print_json(PS_STDOUT, line);
    return true;
}

/* What is opened later must not get the number of a standard descriptor that was closed. */
static void hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void) open("/dev/null", O_RDWR);
    }
}

int ps_command_watch(int argc, char **argv)
{
    struct ps_watch_options watch = ps_watch_options_default();
    struct ps_option_group group = ps_watch_option_group(&watch);
    struct ps_flag flags[PS_OPTION_COUNT + PS_MORE_OPTIONS];
    struct ps_options options;
    struct ps_error err;

    for (size_t i = 0; i < group.count; i++)
        flags[i] = group.flags[i];
    ps_options_flags(flags + group.count);
    if (ps_help_wanted(argc, argv)) {
        struct ps_help help = {.usage = usage,
                               .about = about,
                               .flags = flags,
                               .flag_count = PS_OPTION_COUNT + group.count,
                               .statuses = statuses,
                               .example = example};
        return ps_print_help(&help);
    }
    if (!ps_options_parse(argc, argv, &group, NULL, &options, &err) || !ps_watch_options_check(&watch, &options, &err))
        return ps_usage_error(&err);
    hold_standard_descriptors();
    int status = ps_watch_run(&watch, &options, say, &err);
    if (status == PS_NOT_SEALED && err.text[0] != '\0')
        ps_print_error(&err);
    return status;
}
