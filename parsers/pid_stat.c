/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/stat, printed by fs/proc/array.c do_task_stat(); proc(5).
 *
 *   4711 (nginx: worker) S 4710 4710 4710 0 -1 4194624 311 0 0 0 2 1 0 0 20 0 1 0 82375 ...
 *
 * comm is what stands between the first '(' and the last ')' of the whole file: the kernel escapes nothing in it here,
 * and a process may call itself ") R 1 (" or have a newline in its name. So this is a file, not a line.
 *
 * A reader without ptrace rights over the process sees 1 for startcode and endcode, and 0 for startstack, kstkesp,
 * kstkeip, wchan, the addresses from start_data to env_end, and exit_code.
 */
#include "parsers/pid_stat.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_stat, name, type)

static const struct ps_field fields[] = {
    FIELD(pid, PS_I64),
    FIELD(comm, PS_BYTES),
    FIELD(state, PS_CHAR),
    FIELD(ppid, PS_I64),
    FIELD(pgrp, PS_I64),
    FIELD(session, PS_I64),
    FIELD(tty_nr, PS_I64),
    FIELD(tpgid, PS_I64),
    FIELD(flags, PS_U64),
    FIELD(minflt, PS_U64),
    FIELD(cminflt, PS_U64),
    FIELD(majflt, PS_U64),
    FIELD(cmajflt, PS_U64),
    FIELD(utime, PS_U64),
    FIELD(stime, PS_U64),
    FIELD(cutime, PS_I64),
    FIELD(cstime, PS_I64),
    FIELD(priority, PS_I64),
    FIELD(nice, PS_I64),
    FIELD(num_threads, PS_I64),
    FIELD(itrealvalue, PS_I64),
    FIELD(starttime, PS_U64),
    FIELD(vsize, PS_U64),
    FIELD(rss, PS_I64),
    FIELD(rsslim, PS_U64),
    FIELD(startcode, PS_U64),
    FIELD(endcode, PS_U64),
    FIELD(startstack, PS_U64),
    FIELD(kstkesp, PS_U64),
    FIELD(kstkeip, PS_U64),
    FIELD(signal, PS_U64),
    FIELD(blocked, PS_U64),
    FIELD(sigignore, PS_U64),
    FIELD(sigcatch, PS_U64),
    FIELD(wchan, PS_U64),
    FIELD(nswap, PS_U64),
    FIELD(cnswap, PS_U64),
    FIELD(exit_signal, PS_I64),
    FIELD(processor, PS_I64),
    FIELD(rt_priority, PS_U64),           /* since 2.5.19 */
    FIELD(policy, PS_U64),                /* since 2.5.19 */
    FIELD(delayacct_blkio_ticks, PS_U64), /* since 2.6.18 */
    FIELD(guest_time, PS_U64),            /* since 2.6.24 */
    FIELD(cguest_time, PS_I64),           /* since 2.6.24 */
    FIELD(start_data, PS_U64),            /* since 3.3 */
    FIELD(end_data, PS_U64),              /* since 3.3 */
    FIELD(start_brk, PS_U64),             /* since 3.3 */
    FIELD(arg_start, PS_U64),             /* since 3.5 */
    FIELD(arg_end, PS_U64),               /* since 3.5 */
    FIELD(env_start, PS_U64),             /* since 3.5 */
    FIELD(env_end, PS_U64),               /* since 3.5 */
    FIELD(exit_code, PS_I64),             /* since 3.5 */
    FIELD(more, PS_WORD_LIST),            /* not yet known */
};

enum { PID, COMM, STATE, PPID, EXIT_CODE = 51, MORE };
_Static_assert(sizeof fields / sizeof fields[0] == MORE + 1, "52 columns and the rest");

static bool is_letter(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* A blank, a number, and then the next column, the end of the line or of the file. */
static bool take_column(struct ps_cursor *in, size_t index, struct ps_pid_stat *r)
{
    uint64_t before = r->present;
    uint8_t next = ' ';

    if (!ps_take_byte(in, ' '))
        return false;
    struct ps_cursor ahead = *in;
    if (ps_take_number(&ahead, fields, index, r) && (!ps_peek_byte(&ahead, &next) || next == ' ' || next == '\n')) {
        *in = ahead;
        return true;
    }
    r->present = before;
    return false;
}

/* "4711 (comm) S 4710": what every stat has. NULL, or what is wrong. */
static const char *take_identity(struct ps_cursor *in, struct ps_pid_stat *r)
{
    struct ps_span comm;

    if (!ps_take_number(in, fields, PID, r))
        return "no pid at the start";
    if (!ps_take_text(in, " ("))
        return "no '(' after the pid";
    if (!ps_take_until_last(in, ')', &comm))
        return "no ')' after comm";
    ps_put_span(fields, COMM, r, comm);
    if (!ps_take_byte(in, ' ') || !ps_take_any(in, &r->state) || !is_letter(r->state))
        return "no state letter after comm";
    ps_set_present(r, STATE);
    if (!take_column(in, PPID, r))
        return "no ppid after the state";
    return NULL;
}

static void take_more(struct ps_cursor *in, struct ps_pid_stat *r)
{
    struct ps_cursor ahead = *in;
    struct ps_span word;
    size_t end = in->at;

    while (ps_take_byte(&ahead, ' ') && ps_take_word(&ahead, &word))
        end = ahead.at;
    if (end == in->at)
        return;
    size_t start = in->at + 1;
    in->at = end;
    ps_put_span(fields, MORE, r, ps_cursor_passed(in, start));
}

static enum ps_step pid_stat_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    if (ps_cursor_done(in))
        return PS_STEP_END;
    if (in->at > 0)
        return ps_bad_rest(in, issue);

    const char *why = take_identity(in, record);
    if (why != NULL) {
        size_t at = in->at;
        ps_skip_rest(in);
        return ps_bad(issue, at, why);
    }
    size_t index = PPID + 1;
    while (index <= EXIT_CODE && take_column(in, index, record))
        index++;
    if (index > EXIT_CODE)
        take_more(in, record);
    ps_end_line(in);
    return PS_STEP_RECORD;
}

const struct ps_parser ps_parser_pid_stat = {
    .kind = "pid_stat",
    .record_size = sizeof(struct ps_pid_stat),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = pid_stat_next,
};

const struct ps_parser ps_parser_task_stat = {
    .kind = "task_stat",
    .record_size = sizeof(struct ps_pid_stat),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = pid_stat_next,
};
