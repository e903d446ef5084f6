/* SPDX-License-Identifier: Apache-2.0
 *
 * The gap record: what is not here and why. One line for each way in which captures of a line ended, with the files it
 * happened to; what the kernel does not offer (absent) or what is held elsewhere (shared) is no gap.
 */
#include <string.h>

#include "formats/records_state.h"

static void note(struct ps_records *r, const char *file, enum ps_outcome outcome, const char *error)
{
    if (outcome == PS_COMPLETE || outcome == PS_ABSENT || outcome == PS_SHARED)
        return;
    for (size_t i = 0; i < r->l->gap_count; i++) {
        if (r->l->gaps[i].file == file && r->l->gaps[i].outcome == outcome && r->l->gap_errors[i] == error)
            return;
    }
    if (r->l->gap_count == PS_MISSING_MAX)
        return;
    r->l->gaps[r->l->gap_count] = (struct ps_missing){file, outcome};
    r->l->gap_errors[r->l->gap_count++] = error;
}

/* Content that was to be kept and is not; what an earlier bundle holds is no gap. */
static void withheld(struct ps_records *r, const struct ps_capture *c)
{
    struct ps_json j = ps_gap_begin(r, NULL, "withheld");
    ps_json_text(&j, "why", ps_withheld_name((enum ps_withheld) c->facts->withheld));
    ps_json_array(&j, "files");
    ps_json_text(&j, NULL, c->name);
    ps_json_array_end(&j);
    ps_gap_end(&j);
}

void ps_gap_capture(struct ps_records *r, const struct ps_capture *c)
{
    const char *file = c->row ? c->row->path : "unknown to this version";
    if (c->facts && c->facts->withheld && c->facts->withheld != PS_WITHHELD_EARLIER)
        withheld(r, c);
    note(r, file, c->outcome, ps_errno_known(c->error));
    for (size_t i = 0; i < c->lost_count; i++)
        note(r, file, c->lost[i].outcome, ps_errno_known(c->lost[i].error));
}

struct ps_json ps_gap_begin(struct ps_records *r, const struct ps_entry *entry, const char *outcome)
{
    struct ps_json j = ps_json_into(&r->l->gap_text);
    ps_buffer_add_text(j.out, r->parts[PS_KIND_GAP].head);
    if (ps_line_of_life(r->l->line.scope))
        ps_records_who(r, &j);
    ps_records_proc(r, &j);
    bool packed = entry && ps_span_ends(ps_span_text(entry->member), ".pack");
    if (entry)
        ps_records_source(&j, entry->member, packed ? entry->name : ps_span_of(NULL, 0), entry->begin_us);
    else
        ps_json_u64(&j, "read_us", r->l->line.us);
    ps_json_object(&j, "gap");
    ps_json_text(&j, "outcome", outcome);
    return j;
}

void ps_gap_end(struct ps_json *j)
{
    ps_json_object_end(j);
    ps_buffer_add_text(j->out, "}}\n");
}

/* Line by line, so that parts end where every other kind's do. */
void ps_gap_flush(struct ps_records *r)
{
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&r->l->gap_text));
    struct ps_span line;
    r->failed = r->failed || r->l->gap_text.failed;
    while (ps_take_line(&in, &line))
        ps_records_gap_line(r, line);
    ps_buffer_clear(&r->l->gap_text, PS_RECORDS_PART);
}

static void gap_out(struct ps_records *r, size_t first)
{
    struct ps_line_state *l = r->l;
    struct ps_json j = ps_gap_begin(r, NULL, ps_outcome_name(l->gaps[first].outcome));
    if (l->gap_errors[first])
        ps_json_text(&j, "errno", l->gap_errors[first]);
    if (ps_line_of_life(l->line.scope))
        ps_json_text(&j, "reader", l->line.reader == PS_QUIET ? "quiet" : "memory");
    ps_json_array(&j, "files");
    for (size_t i = first; i < l->gap_count; i++) {
        if (l->gaps[i].outcome == l->gaps[first].outcome && l->gap_errors[i] == l->gap_errors[first])
            ps_json_text(&j, NULL, l->gaps[i].file);
    }
    ps_json_array_end(&j);
    ps_gap_end(&j);
}

void ps_gap_line_end(struct ps_records *r)
{
    struct ps_line_state *l = r->l;
    for (size_t i = 0; i < l->gap_count; i++) {
        bool told = false;
        for (size_t k = 0; k < i; k++)
            told = told || (l->gaps[k].outcome == l->gaps[i].outcome && l->gap_errors[k] == l->gap_errors[i]);
        if (!told)
            gap_out(r, i);
    }
    l->gap_count = 0;
}
