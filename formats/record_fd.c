/* SPDX-License-Identifier: Apache-2.0
 *
 * The fd record: a descriptor's link and its fdinfo, which stand next to each other in the pack. The record is opened
 * by the link and stays open, in its part, until the fdinfo of the same number or anything else comes.
 */
#include <string.h>

#include "formats/records_state.h"

void ps_fd_flush(struct ps_records *r)
{
    if (r->l->fd_open[0] == 0)
        return;
    struct ps_json j = ps_json_into(&r->parts[PS_KIND_FD].text);
    ps_records_end(r, PS_KIND_FD, &j);
    r->l->fd_open[0] = 0;
}

/* "12" of "fd/12" */
static struct ps_span number_of(const struct ps_entry *entry, size_t prefix)
{
    return ps_span_of(entry->name.data + prefix, entry->name.len - prefix);
}

static struct ps_json open_record(struct ps_records *r, const struct ps_entry *entry, struct ps_span number)
{
    struct ps_json j = ps_records_begin(r, PS_KIND_FD);
    ps_records_who(r, &j);
    ps_records_proc(r, &j);
    ps_records_source(&j, entry->member, entry->name, entry->begin_us);
    struct ps_cursor c = ps_cursor_over(number);
    uint64_t fd = 0;
    if (ps_take_u64(&c, &fd) && ps_cursor_done(&c))
        ps_json_u64(&j, "fd", fd);
    else
        ps_json_bytes(&j, "fd_name", number);
    size_t kept = number.len < sizeof r->l->fd_open ? number.len : sizeof r->l->fd_open - 1;
    memcpy(r->l->fd_open, number.data, kept);
    r->l->fd_open[kept] = 0;
    return j;
}

void ps_fd_entry(struct ps_records *r, const struct ps_entry *entry)
{
    const struct ps_parser *p = entry->row->parser;
    struct ps_span number = number_of(entry, strlen("fd/"));
    union ps_any_record record;
    memset(&record, 0, p->record_size);
    struct ps_issue issue = {0};
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    ps_fd_flush(r);
    if (p->next(&in, &record, &issue) != PS_STEP_RECORD) {
        ps_records_malformed(r, entry, &issue);
        return;
    }
    struct ps_json j = open_record(r, entry, number);
    ps_record_fields(&j, p, &record);
    const char *const *class = ps_record_value(p, &record, "class");
    const uint64_t *inode = ps_record_value(p, &record, "inode");
    if (class && inode && strcmp(*class, "socket") == 0)
        ps_socket_owner(r, *inode, number);
}

void ps_fdinfo_entry(struct ps_records *r, const struct ps_entry *entry)
{
    const struct ps_parser *p = entry->row->parser;
    struct ps_span number = number_of(entry, strlen("fdinfo/"));
    union ps_any_record record;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    if (r->l->fd_open[0] == 0 || !ps_span_is(number, r->l->fd_open)) {
        ps_fd_flush(r);
        open_record(r, entry, number);
    }
    while (ps_records_row(r, entry, &in, &record)) {
        struct ps_json j = ps_json_into(&r->parts[PS_KIND_FD].text);
        j.comma = true;
        ps_json_object(&j, "fdinfo");
        ps_record_fields(&j, p, &record);
        ps_json_object_end(&j);
    }
    ps_fd_flush(r);
}
