/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/cmdline, copied by fs/proc/base.c proc_pid_cmdline_read() from the memory of the process; proc(5).
 *
 *   nginx: worker process\0          (\0 is a NUL byte)
 *
 * Everybody may read it. The process can write there what it likes: empty arguments are legal and kept, none are
 * merged. A file that is empty gives no record (a kernel thread, a zombie, or memory that could not be read: other
 * files tell which). A missing last NUL means that the area was overwritten (setproctitle) or cut: kernels before 4.2
 * cut at 4096 bytes, later ones do so only with an overwritten title.
 */
#include "parsers/pid_cmdline.h"

static const struct ps_field fields[] = {
    {"args", PS_NUL_LIST, offsetof(struct ps_pid_cmdline, args)},
    {"unterminated", PS_U64, offsetof(struct ps_pid_cmdline, unterminated)},
};

enum { ARGS, UNTERMINATED };

static enum ps_step pid_cmdline_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    struct ps_pid_cmdline *r = record;
    struct ps_span args = ps_cursor_rest(in);

    (void) issue;
    if (args.len == 0)
        return PS_STEP_END;
    ps_put_span(fields, ARGS, r, args);
    if (args.data[args.len - 1] != '\0') {
        r->unterminated = 1;
        ps_set_present(r, UNTERMINATED);
    }
    ps_skip_rest(in);
    return PS_STEP_RECORD;
}

const struct ps_parser ps_parser_pid_cmdline = {
    .kind = "pid_cmdline",
    .record_size = sizeof(struct ps_pid_cmdline),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = pid_cmdline_next,
};
