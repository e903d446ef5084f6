/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/self/mounts, which /proc/mounts is a link to, printed by fs/proc_namespace.c show_vfsmnt(); proc(5), fstab(5).
 *
 *   tmpfs /dev/shm tmpfs rw,nosuid,nodev,size=65536k 0 0
 *
 * Everybody may read it. It shows what the reader sees; the mounts of each process are in its mountinfo. Columns are
 * divided by exactly one blank, and the source can be empty. Blanks, tabs, newlines and backslashes are written \\ooo;
 * old kernels left blanks in the options of some network file systems, so the last two columns are found from the end.
 */
#include "parsers/mounts.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_mounts, name, type)

static const struct ps_field fields[] = {
    FIELD(source, PS_ESCAPED),  FIELD(mount_point, PS_ESCAPED), FIELD(fs_type, PS_ESCAPED),
    FIELD(options, PS_ESCAPED), FIELD(dump_pass, PS_BYTES),
};

enum { SOURCE, MOUNT_POINT, FS_TYPE, OPTIONS, DUMP_PASS, COUNT };

static const char *read_mount(struct ps_cursor *line, void *record)
{
    struct ps_span text;

    for (size_t i = SOURCE; i <= FS_TYPE; i++) {
        if (!ps_take_until(line, ' ', &text) || (text.len == 0 && i != SOURCE))
            return "no source, mount point and type";
        ps_put_span(fields, i, record, text);
    }
    struct ps_span rest = ps_cursor_rest(line);
    if (!ps_span_ends(rest, " 0 0"))
        return "no 0 0 at the end";
    size_t len = ps_cursor_left(line) - (sizeof " 0 0" - 1);
    if (!ps_take_bytes(line, len, &text) || !ps_take_byte(line, ' '))
        return "no options";
    ps_put_span(fields, OPTIONS, record, text);
    ps_put_span(fields, DUMP_PASS, record, ps_cursor_rest(line));
    return NULL;
}

static enum ps_step mounts_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_mount);
}

const struct ps_parser ps_parser_mounts = {
    .kind = "mounts",
    .record_size = sizeof(struct ps_mounts),
    .fields = fields,
    .field_count = COUNT,
    .next = mounts_next,
};
