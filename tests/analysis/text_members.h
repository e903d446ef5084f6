/* SPDX-License-Identifier: Apache-2.0
 *
 * A snapshot loaded from members that a test writes down, and what a view says of it.
 */
#ifndef TEXT_MEMBERS_H
#define TEXT_MEMBERS_H

#include "analysis/snapshot.h"

struct text_member {
    const char *name, *text;
};

/* The start of a process record: the life of pid 7 is "e7". */
#define PROCESS(pid, more) "{\"process\":{\"pid\":" #pid ",\"entity_id\":\"e" #pid "\"" more "}"

/* All tables, and the records of that pid. `cut`: the source ends in a flaw. */
void load_members(const struct text_member *members, size_t count, bool cut, struct ps_snapshot *s);
void load_pid(const struct text_member *members, size_t count, uint32_t pid, struct ps_snapshot *s);
/* All tables, from raw captures instead of records; the source ends in a flaw. */
void load_cut(const struct text_member *members, size_t count, struct ps_snapshot *s);
#define LOAD(members, s) load_members((members), sizeof(members) / sizeof((members)[0]), false, (s))

typedef void ps_view(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* Static: until the next call. */
char *view_shown(ps_view *show, const struct ps_snapshot *s, size_t columns);
void text_has(const char *text, const char *part);

#endif
