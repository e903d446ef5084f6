/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory record: whose memory was wanted and why, and where its core file lies.
 */
#include "formats/digest.h"
#include "formats/records_state.h"

void ps_memory_record(struct ps_records *r, const struct ps_capture *c)
{
    const struct ps_dump_facts *f = c->dump;
    char sha256[2 * PS_SHA256_LEN + 1];
    struct ps_json j = ps_records_begin(r, PS_KIND_MEMORY);
    ps_records_who(r, &j);
    ps_records_proc(r, &j);
    ps_json_u64(&j, "read_us", c->begin_us);
    ps_json_object(&j, "memory");
    ps_json_text(&j, "content", ps_outcome_name(c->outcome));
    if (c->error)
        ps_json_text(&j, "errno", c->error);
    ps_dump_chosen_add(&j, f->chosen);
    if (c->object) {
        ps_hex_text(ps_span_of(f->sha256, sizeof f->sha256), sha256);
        ps_json_text(&j, "core", c->object);
        ps_json_u64(&j, "core_bytes", c->bytes);
        ps_json_text(&j, "sha256", sha256);
    }
    if (f->read) {
        ps_json_u64(&j, "mapped_bytes", f->mapped_bytes);
        ps_json_u64(&j, "present_bytes", f->present_bytes);
        ps_json_u64(&j, "absent_pages", f->absent_pages);
        ps_json_u64(&j, "unreadable_pages", f->unreadable_pages);
    }
    if (f->no_pagemap)
        ps_json_bool(&j, "pagemap", false);
    if (f->masked_bytes > 0)
        ps_json_u64(&j, "masked_bytes", f->masked_bytes);
    ps_json_object_end(&j);
    ps_records_end(r, PS_KIND_MEMORY, &j);
}
