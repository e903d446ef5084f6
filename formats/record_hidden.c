/* SPDX-License-Identifier: Apache-2.0
 *
 * Pids beside the listing: a system record of what was asked for, and who is hidden. A hidden life that could be read is
 * a process record with proc.listed false; one that pidfd_open alone knows is a gap.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/records_state.h"
#include "parsers/pid_probe.h"

/* As many as a collector writes; a hostile bundle says no more than that. */
enum { HIDDEN_MAX = 64 };

static void probe_out(struct ps_records *r, const struct ps_entry *entry, const void *record)
{
    struct ps_json j = ps_records_begin(r, PS_KIND_SYSTEM);
    ps_records_proc(r, &j);
    ps_records_source(&j, entry->member, ps_span_of(NULL, 0), entry->begin_us);
    ps_json_object(&j, "pid_probe");
    ps_record_fields(&j, entry->row->parser, record);
    ps_json_object_end(&j);
    ps_records_end(r, PS_KIND_SYSTEM, &j);
}

bool ps_proc_hides_pids(struct ps_span options, bool can_trace)
{
    static const char *const hiding[] = {"hidepid=2", "hidepid=invisible", "hidepid=4", "hidepid=ptraceable"};
    struct ps_cursor c = ps_cursor_over(options);
    struct ps_span option;
    for (bool more = !can_trace; more;) {
        more = ps_take_until(&c, ',', &option);
        option = more ? option : ps_cursor_rest(&c);
        for (size_t i = 0; i < sizeof hiding / sizeof *hiding; i++) {
            if (ps_span_is(option, hiding[i]))
                return true;
        }
    }
    return false;
}

static void gap_out(struct ps_records *r, const struct ps_entry *entry, uint64_t pid)
{
    struct ps_json j = ps_gap_begin(r, entry, r->facts.hides_pids ? "not in view" : "hidden");
    ps_json_u64(&j, "pid", pid);
    ps_json_text(&j, "why", r->facts.hides_pids
                 ? "pidfd_open knows this process; /proc is mounted with hidepid, which leaves out those of others"
                 : "pidfd_open knows this process; neither a listing of /proc nor its name there does");
    ps_gap_end(&j);
    r->hidden_told += !r->facts.hides_pids;
}

static void remember(struct ps_records *r, const struct ps_pid_probe *hidden)
{
    if (!r->hidden)
        r->hidden = calloc(HIDDEN_MAX, sizeof *r->hidden);
    r->failed = r->failed || !r->hidden;
    r->hidden_told++;
    if (r->hidden && r->hidden_count < HIDDEN_MAX && hidden->pid <= UINT32_MAX)
        r->hidden[r->hidden_count++] = (struct ps_hidden){(uint32_t) hidden->pid, hidden->starttime};
}

void ps_hidden_entry(struct ps_records *r, const struct ps_entry *entry)
{
    union ps_any_record record;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    while (ps_records_row(r, entry, &in, &record)) {
        const struct ps_pid_probe *line = (const void *) &record;
        if (strcmp(line->line, "hidden") == 0)
            ps_mention_seen(r, line->pid);
        if (strcmp(line->line, "probe") == 0)
            probe_out(r, entry, &record);
        else if (ps_record_has(entry->row->parser, &record, offsetof(struct ps_pid_probe, starttime)))
            remember(r, line);
        else
            gap_out(r, entry, line->pid);
    }
}

bool ps_is_hidden(const struct ps_records *r, uint32_t pid, uint64_t start)
{
    for (size_t i = 0; i < r->hidden_count; i++) {
        if (r->hidden[i].pid == pid && r->hidden[i].start == start)
            return true;
    }
    return false;
}

uint64_t ps_records_hidden(const struct ps_records *r)
{
    return r->hidden_told;
}
