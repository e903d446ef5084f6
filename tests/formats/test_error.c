/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/error.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(error, says_what_and_why)
{
    struct ps_error err;
    cr_assert(!ps_fail(&err, ENOENT, "opening %s", "x.key"));
    cr_assert_str_eq(err.text, "opening x.key: No such file or directory");
    cr_assert_eq(err.sys_errno, ENOENT);
    cr_assert(!ps_fail_in(&err, "reading the key"));
    cr_assert_str_eq(err.text, "reading the key: opening x.key: No such file or directory");

    cr_assert(!ps_fail(&err, 0, "plain"));
    cr_assert_str_eq(err.text, "plain");
    cr_assert_eq(err.sys_errno, 0);
}

Test(error, may_quote_itself)
{
    struct ps_error err;
    ps_fail(&err, 0, "inner");
    ps_fail(&err, 0, "outer (%s)", err.text);
    cr_assert_str_eq(err.text, "outer (inner)");
}

Test(error, a_long_path_does_not_push_the_reason_out)
{
    char path[2000];
    struct ps_error err;
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ps_fail(&err, ENOSPC, "%s", path);
    cr_assert_eq(strlen(err.text), sizeof err.text - 1);
    cr_assert(ps_span_ends(ps_span_text(err.text), "p: No space left on device"));

    ps_fail(&err, EIO, "x");
    ps_fail_in(&err, path);
    cr_assert_eq(strlen(err.text), sizeof err.text - 1);
    cr_assert(ps_span_ends(ps_span_text(err.text), "p: x: Input/output error"));

    ps_fail(&err, 0, "%s", path);
    ps_fail_in(&err, "context");
    cr_assert_eq(strlen(err.text), sizeof err.text - 1);
    cr_assert_eq(err.text[0], 'p');
}
