/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands of procsnap, one file each. argv[0] is the name of the command; the result is the exit status.
 */
#ifndef PS_COMMANDS_H
#define PS_COMMANDS_H

#include "collector/arguments.h"

/* Exit statuses that all commands share; collect.h and docs/BUNDLE.md section 10 have the others. */
enum { PS_EXIT_OK = 0, PS_EXIT_USAGE = 2, PS_EXIT_FAILED = 3 };

int ps_command_collect(int argc, char **argv);
int ps_command_push(int argc, char **argv);
int ps_command_custody(int argc, char **argv);
int ps_command_verify(int argc, char **argv);
int ps_command_show(int argc, char **argv);
int ps_command_export(int argc, char **argv);
int ps_command_parse(int argc, char **argv);
int ps_command_keygen(int argc, char **argv);
int ps_command_selftest(int argc, char **argv);
int ps_command_version(int argc, char **argv);
int ps_command_watch(int argc, char **argv);
int ps_command_trigger(int argc, char **argv);
int ps_command_health(int argc, char **argv);

/* How a command goes from words to an exit status: a function each, over one request of the command's own. */
struct ps_command {
    const struct ps_help *help;
    /* Every word in turn; false with *err. */
    bool (*take)(void *request, const struct ps_argument *argument, struct ps_error *err);
    /* Behind the last word: fills in what was left to us; false with *err when something is missing. NULL:
     * nothing can be. */
    bool (*complete)(void *request, struct ps_error *err);
    int (*run)(const void *request);
};
/* The exit status: of run(), of --help, or of a wrong command line. */
int ps_command_run(const struct ps_command *command, int argc, char **argv, void *request);

/* Says that `operand` is one too many, and returns false. */
bool ps_fail_operand(struct ps_error *err, const char *command, const char *operand);

/* What all of them answer alike; each returns the exit status. */
int ps_print_help(const struct ps_help *help);
int ps_usage_error(const struct ps_error *err);
int ps_unexpected_operand(const char *command, const char *operand);

#endif
