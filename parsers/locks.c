/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/locks, printed by fs/locks.c lock_get_status(); proc(5).
 *
 *   1: POSIX  ADVISORY  WRITE 711 fe:00:131586 0 EOF
 *   1: -> POSIX  ADVISORY  WRITE 712 fe:00:131586 0 EOF
 *
 * Everybody may read it. It shows the locks of processes of the pid namespace that the procfs belongs to, whichever
 * files they lock. Waiters stand behind the lock, moved to the right by as much as others wait before them.
 */
#include "parsers/locks.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_locks, name, type)

static const struct ps_field fields[] = {
    FIELD(id, PS_U64),       FIELD(waits, PS_U64), FIELD(type, PS_BYTES), FIELD(mode, PS_BYTES),
    FIELD(access, PS_BYTES), FIELD(pid, PS_I64),   FIELD(major, PS_U64),  FIELD(minor, PS_U64),
    FIELD(inode, PS_U64),    FIELD(start, PS_U64), FIELD(end, PS_BYTES),
};

enum { ID, WAITS, TYPE, MODE, ACCESS, PID, MAJOR, MINOR, INODE, START, END, COUNT };

/* "fe:00:131586", device numbers in hex, or "<none>:0" */
static bool take_file(struct ps_cursor *line, struct ps_locks *r)
{
    if (ps_take_text(line, "<none>:0"))
        return ps_skip_blanks(line);
    if (!ps_take_hex(line, &r->major) || !ps_take_byte(line, ':') || !ps_take_hex(line, &r->minor) ||
        !ps_take_byte(line, ':') || !ps_take_number(line, fields, INODE, r))
        return false;
    ps_set_present(r, MAJOR);
    ps_set_present(r, MINOR);
    return ps_skip_blanks(line);
}

static const char *read_lock(struct ps_cursor *line, void *record)
{
    struct ps_locks *r = record;
    struct ps_span word;

    if (!ps_take_number(line, fields, ID, r) || !ps_take_byte(line, ':') || !ps_skip_blanks(line))
        return "no number of a lock";
    if (ps_take_text(line, "->")) {
        r->waits = 1;
        ps_set_present(r, WAITS);
        ps_skip_blanks(line);
    }
    for (size_t i = TYPE; i <= ACCESS; i++) {
        if (!ps_take_word(line, &word) || !ps_skip_blanks(line))
            return "no type, mode and access";
        ps_put_span(fields, i, r, word);
    }
    if (!ps_take_number(line, fields, PID, r) || !ps_skip_blanks(line))
        return "no pid";
    if (!take_file(line, r))
        return "no file";
    return ps_read_columns(line, fields, START, COUNT, COUNT, r);
}

static enum ps_step locks_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_lock);
}

const struct ps_parser ps_parser_locks = {
    .kind = "locks",
    .record_size = sizeof(struct ps_locks),
    .fields = fields,
    .field_count = COUNT,
    .next = locks_next,
};
