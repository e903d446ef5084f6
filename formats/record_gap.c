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
    for (size_t i = 0; i < r->gap_count; i++) {
        if (r->gaps[i].file == file && r->gaps[i].outcome == outcome && r->gap_errors[i] == error)
            return;
    }
    if (r->gap_count == PS_MISSING_MAX)
        return;
    r->gaps[r->gap_count] = (struct ps_missing){file, outcome};
    r->gap_errors[r->gap_count++] = error;
}

/* The name of an errno as one static text, so that equal names are equal pointers in both directions. */
static const char *interned(const char *error)
{
    static const char *const names[] = {"EACCES", "EPERM", "ENOENT", "ESRCH", "EINVAL", "EIO", "ENAMETOOLONG", "ENOMEM"};
    for (size_t i = 0; error && i < sizeof names / sizeof *names; i++) {
        if (strcmp(error, names[i]) == 0)
            return names[i];
    }
    return error ? "other" : NULL;
}

void ps_gap_capture(struct ps_records *r, const struct ps_capture *c)
{
    const char *file = c->row ? c->row->path : "unknown to this version";
    note(r, file, c->outcome, interned(c->error));
    for (size_t i = 0; i < c->lost_count; i++)
        note(r, file, c->lost[i].outcome, interned(c->lost[i].error));
}

static void gap_out(struct ps_records *r, size_t first)
{
    struct ps_json j = ps_records_begin(r, PS_KIND_GAP);
    bool process = r->line.scope == PS_LINE_PROCESS;
    if (process)
        ps_records_who(r, &j);
    ps_records_proc(r, &j);
    ps_json_u64(&j, "read_us", r->line.us);
    ps_json_object(&j, "gap");
    ps_json_text(&j, "outcome", ps_outcome_name(r->gaps[first].outcome));
    if (r->gap_errors[first])
        ps_json_text(&j, "errno", r->gap_errors[first]);
    if (process)
        ps_json_text(&j, "reader", r->line.reader == PS_QUIET ? "quiet" : "memory");
    ps_json_array(&j, "files");
    for (size_t i = first; i < r->gap_count; i++) {
        if (r->gaps[i].outcome == r->gaps[first].outcome && r->gap_errors[i] == r->gap_errors[first])
            ps_json_text(&j, NULL, r->gaps[i].file);
    }
    ps_json_array_end(&j);
    ps_json_object_end(&j);
    ps_records_end(r, PS_KIND_GAP, &j);
}

void ps_gap_line_end(struct ps_records *r)
{
    for (size_t i = 0; i < r->gap_count; i++) {
        bool told = false;
        for (size_t k = 0; k < i; k++)
            told = told || (r->gaps[k].outcome == r->gaps[i].outcome && r->gap_errors[k] == r->gap_errors[i]);
        if (!told)
            gap_out(r, i);
    }
    r->gap_count = 0;
}
