/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/maps, printed by fs/proc/task_mmu.c show_map_vma(); proc(5).
 *
 *   7f3c9a000000-7f3c9a021000 r-xp 00003000 fd:01 417762                     /usr/lib/x86_64-linux-gnu/libz.so.1
 *
 * Without ptrace rights the open fails (EACCES); for kernel threads and zombies the file is empty. The reads take the
 * mmap lock of the process before 6.17: they can block.
 *
 * The name begins in column 73 (49 on 32-bit machines), or one blank behind the inode where the line is longer than
 * that. It may hold any byte and end in blanks. The kernel escapes newlines only (\\012), not the backslash, so a name
 * with those four characters looks the same: the text is kept as printed. "[heap]" and its like mark memory of the
 * kernel's making only when they do not follow a '/'; "[anon:NAME]" is named by the process.
 */
#include "parsers/pid_maps.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_maps, name, type)

static const struct ps_field fields[] = {
    FIELD(start, PS_HEX64), FIELD(end, PS_HEX64), FIELD(perms, PS_BYTES), FIELD(offset, PS_HEX64),
    FIELD(major, PS_U64),   FIELD(minor, PS_U64), FIELD(inode, PS_U64),   FIELD(pathname, PS_BYTES),
};

enum { START, END, PERMS, OFFSET, MAJOR, MINOR, INODE, PATHNAME };
enum { NAME_COLUMN = 73 };

/* Printed in hex, but a number to people. */
static bool take_device(struct ps_cursor *line, struct ps_pid_maps *r)
{
    if (!ps_take_hex(line, &r->major) || !ps_take_byte(line, ':') || !ps_take_hex(line, &r->minor))
        return false;
    ps_set_present(r, MAJOR);
    ps_set_present(r, MINOR);
    return true;
}

static const char *read_mapping(struct ps_cursor *line, void *record)
{
    struct ps_pid_maps *r = record;

    if (!ps_take_number(line, fields, START, r) || !ps_take_byte(line, '-') || !ps_take_number(line, fields, END, r) ||
        !ps_take_byte(line, ' '))
        return "no start-end";
    if (!ps_take_bytes(line, 4, &r->perms) || !ps_take_byte(line, ' '))
        return "no four permissions";
    ps_set_present(r, PERMS);
    if (!ps_take_number(line, fields, OFFSET, r) || !ps_take_byte(line, ' '))
        return "no offset";
    if (!take_device(line, r) || !ps_take_byte(line, ' '))
        return "no major:minor";
    if (!ps_take_number(line, fields, INODE, r))
        return "no inode";
    if (ps_cursor_done(line))
        return NULL;
    if (!ps_take_byte(line, ' '))
        return "no blank behind the inode";
    while (line->at < NAME_COLUMN && ps_take_byte(line, ' '))
        ;
    if (!ps_cursor_done(line))
        ps_put_span(fields, PATHNAME, r, ps_cursor_rest(line));
    return NULL;
}

static enum ps_step pid_maps_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_mapping);
}

const struct ps_parser ps_parser_pid_maps = {
    .kind = "pid_maps",
    .record_size = sizeof(struct ps_pid_maps),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .next = pid_maps_next,
};
