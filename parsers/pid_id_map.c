/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/uid_map and gid_map, printed by kernel/user_namespace.c uid_m_show() and gid_m_show();
 * user_namespaces(7).
 *
 *            0     100000      65536
 *
 * Everybody may read them. Up to 340 rows (5 before 4.15). When the reader is in the same user namespace, the second
 * column is of the parent namespace instead. An empty file: a namespace whose ids nobody mapped yet.
 */
#include "parsers/pid_id_map.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_id_map, name, type)

static const struct ps_field fields[] = {
    FIELD(inside_id, PS_U64),
    FIELD(outside_id, PS_U64),
    FIELD(length, PS_U64),
    FIELD(more, PS_WORD_LIST),
};

enum { COUNT = sizeof fields / sizeof fields[0] };

static const char *read_range(struct ps_cursor *line, void *record)
{
    return ps_read_columns(line, fields, 0, 3, COUNT, record);
}

static enum ps_step id_map_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_range);
}

/* clang-format off */
#define ID_MAP(name) \
    {.kind = (name), .record_size = sizeof(struct ps_pid_id_map), .fields = fields, .field_count = COUNT, \
     .next = id_map_next}
/* clang-format on */

const struct ps_parser ps_parser_pid_uid_map = ID_MAP("pid_uid_map");
const struct ps_parser ps_parser_pid_gid_map = ID_MAP("pid_gid_map");
