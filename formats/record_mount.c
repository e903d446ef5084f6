/* SPDX-License-Identifier: Apache-2.0
 *
 * The mount record: one row of the mountinfo of one mount namespace, as seen from one root directory.
 */
#include "formats/records_state.h"

#include "parsers/pid_mountinfo.h"

void ps_mount_entry(struct ps_records *r, const struct ps_entry *entry)
{
    union ps_any_record record;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    while (ps_records_row(r, entry, &in, &record)) {
        const struct ps_pid_mountinfo *mount = (const void *) &record;
        ps_place_mount(r, mount->mount_point);
        struct ps_json j = ps_records_begin(r, PS_KIND_MOUNT);
        ps_records_who(r, &j);
        ps_records_proc(r, &j);
        ps_records_source(&j, entry->member, entry->name, entry->begin_us);
        ps_json_object(&j, "mountinfo");
        ps_record_fields(&j, entry->row->parser, &record);
        ps_json_object_end(&j);
        ps_records_end(r, PS_KIND_MOUNT, &j);
    }
}
