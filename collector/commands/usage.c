/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/commands.h"
#include "collector/terminal.h"

int ps_print_help(const struct ps_help *help)
{
    struct ps_buffer out = {0};

    ps_help_text(help, &out);
    ps_print(PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
    return PS_EXIT_OK;
}

int ps_usage_error(const struct ps_error *err)
{
    ps_print_error(err);
    return PS_EXIT_USAGE;
}

bool ps_fail_operand(struct ps_error *err, const char *command, const char *operand)
{
    return ps_fail(err, 0, "%s does not know what to do with %s; what it takes: procsnap %s --help", command, operand,
                   command);
}

int ps_unexpected_operand(const char *command, const char *operand)
{
    struct ps_error err;

    (void) ps_fail_operand(&err, command, operand);
    return ps_usage_error(&err);
}

int ps_command_run(const struct ps_command *command, int argc, char **argv, void *request)
{
    struct ps_arguments in = ps_arguments_over(argc, argv, command->help->flags, command->help->flag_count);
    struct ps_argument argument;
    struct ps_error err;
    enum ps_arguments_step step;

    if (ps_help_wanted(argc, argv))
        return ps_print_help(command->help);
    while ((step = ps_arguments_next(&in, &argument, &err)) == PS_ARGUMENTS_ONE)
        if (!command->take(request, &argument, &err))
            return ps_usage_error(&err);
    if (step == PS_ARGUMENTS_BAD || (command->complete != NULL && !command->complete(request, &err)))
        return ps_usage_error(&err);
    return command->run(request);
}
