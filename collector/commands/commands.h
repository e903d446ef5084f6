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
int ps_command_verify(int argc, char **argv);
int ps_command_show(int argc, char **argv);
int ps_command_export(int argc, char **argv);
int ps_command_parse(int argc, char **argv);
int ps_command_keygen(int argc, char **argv);
int ps_command_selftest(int argc, char **argv);
int ps_command_version(int argc, char **argv);

/* What all of them answer alike; each returns the exit status. */
int ps_print_help(const struct ps_help *help);
int ps_usage_error(const struct ps_error *err);
int ps_unexpected_operand(const char *command, const char *operand);

#endif
