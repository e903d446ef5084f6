/* SPDX-License-Identifier: Apache-2.0
 *
 * The drift list of one container root: what changed after the container was started. No file of the kernel's but text
 * of our own making (collector/procfs/drift.c), so that records stay a function of what is stored. One line for each
 * file, and a last one that tells of the walk:
 *
 *   f 0755 0 0 16712 0:52 1234 1 1763770501123456789 1763770501123456789 /tmp/x
 *   end 4711 2 1763770480000000000
 *
 * type (f d l p s c b), mode in octal, uid, gid, size, device, inode, links, mtime and ctime in nanoseconds, path. There
 * blanks, control characters, backslashes and what is not ASCII are \ooo. Behind `end`: entries looked at,
 * directories that were not entered, and the ctime from which on a file is listed.
 */
#include "parsers/content_files.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_content_files, name, type)

static const struct ps_field fields[] = {
    FIELD(type, PS_NAME),     FIELD(mode, PS_OCT64),    FIELD(uid, PS_U64),      FIELD(gid, PS_U64),
    FIELD(size, PS_U64),      FIELD(major, PS_U64),     FIELD(minor, PS_U64),    FIELD(inode, PS_U64),
    FIELD(nlink, PS_U64),     FIELD(mtime_ns, PS_I64),  FIELD(ctime_ns, PS_I64), FIELD(path, PS_ESCAPED),
    FIELD(walked, PS_U64),    FIELD(passed_over, PS_U64), FIELD(since_ns, PS_I64),
};

enum { TYPE, MODE, UID, GID, SIZE, MAJOR, MINOR, INODE, NLINK, MTIME, CTIME, PATH, WALKED, PASSED_OVER, SINCE };

static const char *type_name(uint8_t letter)
{
    switch (letter) {
    case 'f':
        return "file";
    case 'd':
        return "dir";
    case 'l':
        return "symlink";
    case 'p':
        return "fifo";
    case 's':
        return "socket";
    case 'c':
        return "char";
    case 'b':
        return "block";
    default:
        return NULL;
    }
}

/* Numbers one after the other, each behind `before` (the first: nothing) and a blank but where a colon stands. */
static bool take_numbers(struct ps_cursor *line, size_t from, size_t to, void *record)
{
    for (size_t i = from; i <= to; i++) {
        if (!ps_take_byte(line, i == MINOR ? ':' : ' ') || !ps_take_number(line, fields, i, record))
            return false;
    }
    return true;
}

static const char *read_file(struct ps_cursor *line, void *record)
{
    struct ps_content_files *r = record;
    uint8_t letter = 0;

    if (ps_take_text(line, "end"))
        return take_numbers(line, WALKED, SINCE, record) && ps_cursor_done(line) ? NULL : "no three numbers behind end";
    if (!ps_take_any(line, &letter) || type_name(letter) == NULL)
        return "no type of file";
    r->type = type_name(letter);
    ps_set_present(record, TYPE);
    if (!take_numbers(line, MODE, CTIME, record))
        return "a number is missing";
    if (!ps_take_byte(line, ' ') || ps_cursor_done(line))
        return "no path";
    ps_put_span(fields, PATH, record, ps_cursor_rest(line));
    return NULL;
}

static enum ps_step content_files_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_file);
}

const struct ps_parser ps_parser_content_files = {
    .kind = "content_files",
    .record_size = sizeof(struct ps_content_files),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .next = content_files_next,
};
