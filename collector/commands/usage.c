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

int ps_unexpected_operand(const char *command, const char *operand)
{
    struct ps_error err;

    ps_fail(&err, 0, "%s does not know what to do with %s; what it takes: procsnap %s --help", command, operand,
            command);
    return ps_usage_error(&err);
}
