/* SPDX-License-Identifier: Apache-2.0
 *
 * From the first word of the command line to an exit status. Compiled twice: procsnap has every command, procsnap-core
 * (PROCSNAP_CORE) what is needed inside a container and nothing else, so that it stays small enough to be pasted.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "collector/arguments.h"
#include "collector/commands/commands.h"
#ifndef PROCSNAP_CORE
#include "collector/delivery/delivery_secrets.h"
#endif
#include "collector/sandbox/hardening.h"
#include "collector/terminal.h"

struct command {
    const char *name;
    const char *help; /* one line */
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"collect", "take one snapshot and seal it", ps_command_collect},
#ifndef PROCSNAP_CORE
    {"push", "deliver finished bundles to S3 or to a presigned URL", ps_command_push},
#endif
    {"verify", "is a bundle whole, unaltered, and signed by my key?", ps_command_verify},
#ifndef PROCSNAP_CORE
    {"watch", "sidecar: snapshots on a schedule, on a trigger, and a last one at the end", ps_command_watch},
    {"trigger", "ask this task's watch for a snapshot now", ps_command_trigger},
    {"health", "is the watch of this container alive?", ps_command_health},
    {"show", "what a bundle says: summary, tree, sockets, files, gaps", ps_command_show},
    {"export", "a bundle for other tools: a /proc tree that they can read", ps_command_export},
    {"custody", "who held a bundle: a signed log beside it", ps_command_custody},
    {"parse", "one saved /proc file as NDJSON", ps_command_parse},
#endif
    {"keygen", "make a key pair to sign or to encrypt with", ps_command_keygen},
    {"selftest", "known answers of hashes, signatures, encryption and parsers", ps_command_selftest},
    {"version", "what this executable was built from", ps_command_version},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

#ifdef PROCSNAP_CORE
static const char program[] = "procsnap-core";
#else
static const char program[] = "procsnap";
#endif

static int help(void)
{
    ps_printf(PS_STDOUT,
              "usage: %s COMMAND [options]\n\n"
              "Takes a snapshot of a container's volatile state from /proc and seals it as evidence.\n\n"
              "commands:\n",
              program);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        ps_printf(PS_STDOUT, "  %-10s %s\n", commands[i].name, commands[i].help);
    ps_printf(PS_STDOUT,
              "\noptions of a command: %s COMMAND --help\n\n"
              "example:\n"
              "  %s collect /tmp/evidence/        one signed bundle in /tmp/evidence\n",
              program, program);
    return PS_EXIT_OK;
}

static int unknown(const char *word)
{
    const char *names[COMMAND_COUNT];
    struct ps_error err;

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *near = ps_nearest(word, names, COMMAND_COUNT);
    if (near != NULL)
        ps_fail(&err, 0, "unknown command %s; did you mean %s? All commands: %s --help", word, near, program);
    else
#ifdef PROCSNAP_CORE
        ps_fail(&err, 0, "unknown command %s; procsnap has more than %s, whose commands are in %s --help", word, program,
                program);
#else
        ps_fail(&err, 0, "unknown command %s; all commands: %s --help", word, program);
#endif
    ps_print_error(&err);
    return PS_EXIT_USAGE;
}

static int run(int argc, char **argv)
{
    struct ps_error err;

    if (argc < 2) {
        ps_fail(&err, 0, "no command; to take a snapshot: %s collect DIR/; all commands: %s --help", program, program);
        ps_print_error(&err);
        return PS_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return help();
    if (strcmp(argv[1], "--version") == 0)
        return ps_command_version(1, argv + 1);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return unknown(argv[1]);
}

int main(int argc, char **argv)
{
    struct ps_error err;

    (void) ps_harden_tables();

    /* What was found out does not depend on who listens: a closed pipe or a full file is an error of one write, never
     * the end of a run. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);

#ifndef PROCSNAP_CORE
    argv = ps_delivery_hide_words(argc, argv);
#endif
    int status = run(argc, argv);
    if (!ps_print_complete(&err)) {
        ps_print_error(&err);
        return status == PS_EXIT_OK ? PS_EXIT_FAILED : status;
    }
    return status;
}
