/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/selftest.h"

#include <errno.h>

#include "collector/commands/commands.h"
#include "collector/terminal.h"

static const struct ps_help help = {
    .usage = "procsnap selftest",
    .about =
        "Checks hashes, signatures, encryption, compression and parsers against known answers. Every collection\n"
        "begins with the same tests and refuses to run when one fails.",
    .statuses =
        "0  all answers are right\n2  the command line is wrong\n3  an answer is wrong: do not use this executable; or "
        "memory ran out",
    .example = "procsnap selftest",
};

int ps_command_selftest(int argc, char **argv)
{
    struct ps_arguments in = ps_arguments_over(argc, argv, NULL, 0);
    struct ps_argument argument;
    struct ps_error err;
    bool wrong = false, no_memory = false;

    if (ps_help_wanted(argc, argv))
        return ps_print_help(&help);
    enum ps_arguments_step step = ps_arguments_next(&in, &argument, &err);
    if (step == PS_ARGUMENTS_BAD)
        return ps_usage_error(&err);
    if (step == PS_ARGUMENTS_ONE)
        return ps_unexpected_operand(argv[0], argument.text);

    for (size_t i = 0; ps_selftest_name(i) != NULL; i++) {
        static const char *const words[] = {
            [PS_SELFTEST_RIGHT] = "ok", [PS_SELFTEST_WRONG] = "FAIL", [PS_SELFTEST_NO_MEMORY] = "?"};
        enum ps_selftest_answer answer = ps_selftest_run(i);
        ps_printf(PS_STDOUT, "%-4s %s\n", words[answer], ps_selftest_name(i));
        wrong = wrong || answer == PS_SELFTEST_WRONG;
        no_memory = no_memory || answer == PS_SELFTEST_NO_MEMORY;
    }
    if (!wrong && !no_memory)
        return PS_EXIT_OK;
    if (wrong)
        ps_fail(&err, 0, "the self-test failed: take a fresh copy of this executable and compare its SHA-256");
    else
        ps_fail(&err, ENOMEM, "the self-test could not be done");
    ps_print_error(&err);
    return PS_EXIT_FAILED;
}
