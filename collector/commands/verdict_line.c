/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/verdict_line.h"

#include <errno.h>

#include "collector/commands/commands.h"
#include "collector/commands/verify_text.h"
#include "collector/terminal.h"

int ps_verdict_exit(enum ps_verify_verdict verdict)
{
    return verdict == PS_VERIFY_UNPINNED ? PS_EXIT_OK : ps_verify_exit(verdict);
}

bool ps_print_verdict(struct ps_bundle_input *in, int fd, struct ps_verify_report *report, struct ps_error *err)
{
    struct ps_verify_wants wants = {0};
    struct ps_buffer out = {0};

    *report = (struct ps_verify_report){0};
    if (!ps_bundle_input_verify(in, &wants, report, err))
        return false;
    ps_verify_first_line(report, &out);
    ps_buffer_add_text(&out,
                       report->verdict == PS_VERIFY_UNPINNED
                           ? "\nThe signature is valid; whose it is: procsnap verify --key KEY\n"
                           : "\n");
    if (ps_verdict_exit(report->verdict) != PS_EXIT_OK && report->verdict != PS_VERIFY_ENCRYPTED)
        ps_buffer_add_text(&out, "Not to be trusted: procsnap verify says why. What follows is what is there.\n");
    ps_print(fd, ps_buffer_span(&out));
    bool ok = !out.failed || ps_fail(err, ENOMEM, "cannot print the verdict");
    ps_buffer_done(&out);
    return ok;
}

bool ps_verdict_is_open(const struct ps_verify_report *report, struct ps_error *err)
{
    if (report->verdict != PS_VERIFY_ENCRYPTED)
        return true;
    return ps_fail(err, 0, "%s; name the identity file of a recipient: --identity FILE",
                   report->finding_count > 0 ? report->findings[0].what : "it is encrypted");
}
