/* SPDX-License-Identifier: Apache-2.0
 *
 * The environ record: the environment of one life as process.env_vars, one string an entry, redacted or not.
 */
#include "formats/records_state.h"

void ps_environ_entry(struct ps_records *r, const struct ps_entry *entry)
{
    size_t len = entry->bytes.len < PS_SHOWN_ENVIRON ? entry->bytes.len : PS_SHOWN_ENVIRON;
    struct ps_span shown = ps_span_of(entry->bytes.data, len);
    struct ps_json j = ps_records_begin(r, PS_KIND_ENVIRON);
    ps_json_object(&j, "process");
    ps_buffer_add_text(j.out, r->l->who);
    j.comma = true;
    ps_json_bytes_array(&j, "env_vars", shown, ps_take_string);
    ps_json_object_end(&j);
    ps_records_proc(r, &j);
    ps_records_source(&j, entry->member, entry->name, entry->begin_us);
    ps_json_bool(&j, "redacted", ps_span_ends(entry->name, ".redacted"));
    if (len < entry->bytes.len)
        ps_json_u64(&j, "shown_bytes", len);
    ps_records_end(r, PS_KIND_ENVIRON, &j);
}
