/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/oom_score, oom_score_adj, loginuid and sessionid, printed by fs/proc/base.c proc_oom_score(),
 * oom_score_adj_read(), proc_loginuid_read() and proc_sessionid_read(); proc(5).
 *
 *   -998                   (oom_score_adj)
 *   4294967295             (loginuid: nobody logged in; the audit ids end without a newline)
 *
 * Everybody may read them. oom_score is what the OOM killer thinks of the process now, 0 to 2000; oom_score_adj is what
 * somebody asked for, -1000 (never killed) to 1000. loginuid and sessionid stay with all descendants of a login,
 * through su and setuid; 4294967295 is "unset", not a user. A kernel without audit has neither (ENOENT). Ids are mapped
 * into the user namespace of the reader.
 */
#include "parsers/pid_number.h"

#include "parsers/lines.h"

#define ONE_NUMBER(name)                                                                                               \
    {                                                                                                                  \
        {#name, PS_I64, offsetof(struct ps_pid_number, number)},                                                       \
    }

static const struct ps_field oom_score[] = ONE_NUMBER(oom_score);
static const struct ps_field oom_score_adj[] = ONE_NUMBER(oom_score_adj);
static const struct ps_field loginuid[] = ONE_NUMBER(loginuid);
static const struct ps_field sessionid[] = ONE_NUMBER(sessionid);

static const char not_a_number[] = "not a number that fits";

/* Which of the four it is does not matter here: all tables have one number at one place. */
static const char *read_number(struct ps_cursor *line, void *record)
{
    if (!ps_take_number(line, oom_score, 0, record))
        return not_a_number;
    return ps_cursor_done(line) ? NULL : "unexpected bytes behind the number";
}

static enum ps_step line_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_only(in, record, issue, read_number);
}

/* No newline follows; one that an editor added does no harm. */
static enum ps_step bare_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    size_t at = in->at;

    if (ps_cursor_done(in))
        return PS_STEP_END;
    if (at > 0)
        return ps_bad_rest(in, issue);
    if (!ps_take_number(in, loginuid, 0, record)) {
        ps_skip_rest(in);
        return ps_bad(issue, at, not_a_number);
    }
    if (ps_cursor_left(in) == 1)
        (void) !ps_take_byte(in, '\n');
    return PS_STEP_RECORD;
}

/* clang-format off */
#define NUMBER(name, next_) \
    {.kind = "pid_" #name, .record_size = sizeof(struct ps_pid_number), .fields = (name), .field_count = 1, \
     .single = true, .next = (next_)}
/* clang-format on */

const struct ps_parser ps_parser_pid_oom_score = NUMBER(oom_score, line_next);
const struct ps_parser ps_parser_pid_oom_score_adj = NUMBER(oom_score_adj, line_next);
const struct ps_parser ps_parser_pid_loginuid = NUMBER(loginuid, bare_next);
const struct ps_parser ps_parser_pid_sessionid = NUMBER(sessionid, bare_next);
