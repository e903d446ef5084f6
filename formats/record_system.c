/* SPDX-License-Identifier: Apache-2.0
 *
 * The system record: one row of a file that exists once on the machine.
 */
#include <string.h>

#include "formats/records_state.h"

/* Of many files of one kind, which: "sys/kernel.sem" is kernel.sem. */
static void add_name(struct ps_json *j, const struct ps_entry *entry)
{
    size_t before = strlen(entry->row->path) - strlen("{}");
    if (ps_row_is_family(entry->row) && entry->name.len > before)
        ps_json_bytes(j, "name", ps_span_of(entry->name.data + before, entry->name.len - before));
}

void ps_system_entry(struct ps_records *r, const struct ps_entry *entry)
{
    union ps_any_record record;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    while (ps_records_row(r, entry, &in, &record)) {
        struct ps_json j = ps_records_begin(r, PS_KIND_SYSTEM);
        ps_records_proc(r, &j);
        ps_records_source(&j, entry->member, ps_span_of(NULL, 0), entry->begin_us);
        ps_json_object(&j, entry->row->parser->kind);
        add_name(&j, entry);
        ps_record_fields(&j, entry->row->parser, &record);
        ps_json_object_end(&j);
        ps_records_end(r, PS_KIND_SYSTEM, &j);
    }
}
