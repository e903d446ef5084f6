/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/environ, copied by fs/proc/base.c environ_read() from the memory of the process; proc(5).
 *
 *   HOME=/root\0PATH=/usr/bin:/bin\0          (\0 is a NUL byte)
 *
 * Without ptrace rights the open fails (EACCES). These are the bytes where the environment lay at exec: the process
 * can rewrite them, and getenv() may see others. Entries without '=', empty ones and duplicates are legal; each is a
 * record of its own and none are merged.
 */
#include "parsers/pid_environ.h"

static const struct ps_field fields[] = {
    {"entry", PS_BYTES, offsetof(struct ps_pid_environ, entry)},
    {"unterminated", PS_U64, offsetof(struct ps_pid_environ, unterminated)},
};

enum { ENTRY, UNTERMINATED };

static enum ps_step pid_environ_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    struct ps_pid_environ *r = record;
    struct ps_span entry;

    (void) issue;
    if (ps_cursor_done(in))
        return PS_STEP_END;
    if (!ps_take_until(in, '\0', &entry)) {
        entry = ps_cursor_rest(in);
        ps_skip_rest(in);
        r->unterminated = 1;
        ps_set_present(r, UNTERMINATED);
    }
    ps_put_span(fields, ENTRY, r, entry);
    return PS_STEP_RECORD;
}

const struct ps_parser ps_parser_pid_environ = {
    .kind = "pid_environ",
    .record_size = sizeof(struct ps_pid_environ),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .next = pid_environ_next,
};
