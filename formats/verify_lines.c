/* SPDX-License-Identifier: Apache-2.0
 *
 * Members that are lines, cut out of the pieces in which they come.
 */
#include "formats/verify_state.h"

enum { LINE_KEEP = 2 << 20 };

void ps_verify_line_flaw(struct ps_verify *v, const char *why)
{
    v->line_flawed = true;
    if (v->class == PS_MEMBER_JOURNAL)
        v->evidence_flawed = true;
    if (why == ps_no_memory)
        (void) ps_verify_out_of_memory(v);
    else
        ps_verify_find_line(v, why, ps_span_text(v->name), ps_span_of(NULL, 0), v->line_number);
}

static void take_record(struct ps_verify *v, struct ps_span line)
{
    struct ps_json_flaw flaw;
    if (!ps_json_check(&v->check, line, &flaw))
        ps_verify_line_flaw(v, flaw.why);
    else if (line.data[0] != '{')
        ps_verify_line_flaw(v, "not an object");
    else
        v->report->record_lines++;
}

static void take_line(struct ps_verify *v, struct ps_span line)
{
    v->line_number++;
    if (line.len > PS_JSON_LINE_MAX)
        ps_verify_line_flaw(v, "a line of more than 1 MiB");
    else if (v->class == PS_MEMBER_JOURNAL)
        ps_verify_journal_line(v, line);
    else if (v->class == PS_MEMBER_MANIFEST)
        ps_verify_manifest_line(v, line);
    else if (v->class == PS_MEMBER_CUSTODY)
        ps_verify_custody_line(v, line);
    else
        take_record(v, line);
}

void ps_verify_lines_piece(struct ps_verify *v, struct ps_span piece)
{
    struct ps_cursor in = ps_cursor_over(piece);
    struct ps_span line;
    while (!v->line_flawed && !v->failed && ps_take_until(&in, '\n', &line)) {
        if (v->line.len > 0) { /* its beginning came with an earlier piece */
            ps_buffer_add_span(&v->line, line);
            line = ps_buffer_span(&v->line);
        }
        if (v->line.failed)
            (void) ps_verify_out_of_memory(v);
        else
            take_line(v, line);
        ps_buffer_clear(&v->line, LINE_KEEP);
    }
    if (v->line_flawed || v->failed)
        return;
    ps_buffer_add_span(&v->line, ps_cursor_rest(&in));
    if (v->line.failed) {
        (void) ps_verify_out_of_memory(v);
    } else if (v->line.len > PS_JSON_LINE_MAX) {
        v->line_number++;
        ps_verify_line_flaw(v, "a line of more than 1 MiB");
    }
}

void ps_verify_lines_end(struct ps_verify *v)
{
    if (!v->line_flawed && !v->failed && v->line.len > 0)
        ps_verify_line_flaw(v, "the last line does not end");
    else if (!v->line_flawed && !v->failed && v->class == PS_MEMBER_CUSTODY && v->line_number == 0)
        ps_verify_line_flaw(v, "no line: not even the acquisition");
    else if (!v->line_flawed && !v->failed && v->class == PS_MEMBER_MANIFEST)
        ps_verify_manifest_end(v);
    ps_buffer_clear(&v->line, LINE_KEEP);
}
