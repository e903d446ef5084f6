/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "collector/collect.h"
#include "collector/commands/commands.h"
#include "collector/delivery/delivery_options.h"
#include "collector/delivery/delivery_secrets.h"
#include "collector/terminal.h"

static const char usage[] = "procsnap watch DEST --every TIME [options]";
static const char about[] =
    "Takes a snapshot now, one every so often, one whenever it is asked (procsnap trigger, SIGUSR1), and a last one\n"
    "on SIGTERM. Each is a signed bundle at DEST, and names the key of the next: a chain.\n"
    "\n"
    "DEST  DIR/                 a directory of this machine\n"
    "      s3://BUCKET/PREFIX/  delivered as by procsnap push; what cannot be delivered waits, see --spool\n"
    "\n"
    "Standard output carries one JSON line for each event: started, snapshot (with its head line), delivered,\n"
    "delivery_failed, missed_tick, stopped and others. No text of the evidence is in it.";
static const char statuses[] =
    "0  ended on SIGTERM or SIGINT, the last snapshot is sealed and delivered\n"
    "2  the command line is wrong\n"
    "3  not started, or the last snapshot is not sealed\n"
    "4  the last snapshot is sealed, and not delivered: it waits in --spool DIR, or is lost\n"
    "5  the last snapshot is sealed early: the stop budget was too small";
static const char example[] = "procsnap watch s3://evidence/checkout/ --every 15m --encrypt-to age1...";

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

/* The options of a watch, and behind them those of every delivery. */
struct more {
    struct ps_watch_options watch;
    struct ps_option_group groups[2];
    struct ps_flag flags[PS_MORE_OPTIONS];
};

static bool take_more(void *into, size_t which, const char *value, struct ps_error *err)
{
    struct more *more = into;
    const struct ps_option_group *group = &more->groups[which < more->groups[0].count ? 0 : 1];
    return group->take(group->into, which < more->groups[0].count ? which : which - more->groups[0].count, value, err);
}

static struct ps_option_group group_of(struct more *more)
{
    size_t count = 0;
    more->watch = ps_watch_options_default();
    more->groups[0] = ps_watch_option_group(&more->watch);
    more->groups[1] = ps_delivery_option_group(&more->watch.delivery);
    for (size_t g = 0; g < 2; g++)
        for (size_t i = 0; i < more->groups[g].count; i++)
            more->flags[count++] = more->groups[g].flags[i];
    return (struct ps_option_group){.flags = more->flags, .count = count, .take = take_more, .into = more};
}

static int print_help(const struct ps_option_group *group)
{
    struct ps_flag flags[PS_OPTION_COUNT + PS_MORE_OPTIONS];
    for (size_t i = 0; i < group->count; i++)
        flags[i] = group->flags[i];
    ps_options_flags(flags + group->count);
    struct ps_help help = {.usage = usage,
                           .about = about,
                           .flags = flags,
                           .flag_count = PS_OPTION_COUNT + group->count,
                           .statuses = statuses,
                           .example = example};
    return ps_print_help(&help);
}

static bool plan(struct more *more, const struct ps_options *options, struct ps_error *err)
{
    return ps_watch_options_check(&more->watch, options, err) &&
           (!options->remote || ps_delivery_plan(&more->watch.delivery, options->dest, err));
}

int ps_command_watch(int argc, char **argv)
{
    struct more more = {0};
    struct ps_option_group group = group_of(&more);
    struct ps_own_secrets secrets = {0};
    struct ps_options options;
    struct ps_error err = {0};

    if (ps_help_wanted(argc, argv))
        return print_help(&group);
    if (!ps_options_parse(argc, argv, &group, ps_delivery_is_remote, &options, &err) || !plan(&more, &options, &err) ||
        !ps_delivery_secrets(&more.watch.delivery, options.dest, &secrets, &err))
        return ps_usage_error(&err);
    options.own_secrets = &secrets;
    hold_standard_descriptors();
    int status = ps_watch_run(&more.watch, &options, say, &err);
    if (err.text[0] != '\0')
        ps_print_error(&err);
    return status;
}
