/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/selftest.h"

#include "collector/commands/commands.h"
#include "collector/terminal.h"

static const struct ps_help help = {
    .usage = "procsnap selftest",
    .about =
        "Checks hashes, signatures, compression and parsers against known answers. Every collection begins with the\n"
        "same tests and refuses to run when one fails.",
    .statuses =
        "0  all answers are right\n2  the command line is wrong\n3  an answer is wrong: do not use this executable",
    .example = "procsnap selftest",
};

int ps_command_selftest(int argc, char **argv)
{
    struct ps_arguments in = ps_arguments_over(argc, argv, NULL, 0);
    struct ps_argument argument;
    struct ps_error err;
    bool ok = true;

    if (ps_help_wanted(argc, argv))
        return ps_print_help(&help);
    enum ps_arguments_step step = ps_arguments_next(&in, &argument, &err);
    if (step == PS_ARGUMENTS_BAD)
        return ps_usage_error(&err);
    if (step == PS_ARGUMENTS_ONE)
        return ps_unexpected_operand(argv[0], argument.text);

    for (size_t i = 0; ps_selftest_name(i) != NULL; i++) {
        bool right = ps_selftest_run(i);
        ps_printf(PS_STDOUT, "%-4s %s\n", right ? "ok" : "FAIL", ps_selftest_name(i));
        ok = ok && right;
    }
    if (ok)
        return PS_EXIT_OK;
    ps_fail(&err, 0, "the self-test failed: take a fresh copy of this executable and compare its SHA-256");
    ps_print_error(&err);
    return PS_EXIT_FAILED;
}
