/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/lines.h"

static const char cut[] = "no newline at the end: the last value may be cut";

void ps_end_line(struct ps_cursor *in)
{
    if (ps_take_byte(in, '\n'))
        return;
    if (ps_cursor_done(in) && in->at > 1)
        in->at--;
}

enum ps_step ps_bad_rest(struct ps_cursor *in, struct ps_issue *issue)
{
    size_t at = in->at;
    const char *why = "unexpected bytes in the line";

    if (ps_at_line_start(in))
        why = "unexpected bytes behind the line";
    else if (ps_cursor_left(in) == 1)
        why = cut;
    ps_skip_rest(in);
    return ps_bad(issue, at, why);
}

enum ps_step ps_next_row(struct ps_cursor *in, void *record, struct ps_issue *issue, ps_line_reader *read)
{
    size_t start = in->at;
    struct ps_span text;

    if (ps_cursor_done(in))
        return PS_STEP_END;
    if (!ps_at_line_start(in))
        return ps_bad_rest(in, issue);
    if (!ps_take_line(in, &text))
        return PS_STEP_END;
    struct ps_cursor line = ps_cursor_over(text);
    const char *why = read(&line, record);
    if (why != NULL)
        return ps_bad(issue, start + line.at, why);
    if (!ps_at_line_start(in) && text.len > 1)
        in->at--;
    return PS_STEP_RECORD;
}

enum ps_step ps_next_only(struct ps_cursor *in, void *record, struct ps_issue *issue, ps_line_reader *read)
{
    if (in->at > 0 && !ps_cursor_done(in))
        return ps_bad_rest(in, issue);
    return ps_next_row(in, record, issue, read);
}

enum ps_step ps_next_text(struct ps_cursor *in, const struct ps_field *fields, size_t index, void *record,
                          struct ps_issue *issue)
{
    struct ps_span text;
    size_t len = ps_cursor_left(in);

    if (len == 0)
        return PS_STEP_END;
    if (in->at > 0)
        return ps_bad_rest(in, issue);
    if (ps_span_ends(in->in, "\n"))
        len--;
    if (ps_take_bytes(in, len, &text))
        ps_put_span(fields, index, record, text);
    ps_end_line(in);
    return PS_STEP_RECORD;
}

void ps_skip_header(struct ps_cursor *in, const char *begins)
{
    struct ps_cursor ahead = *in;
    struct ps_span line;

    if (in->at > 0)
        return;
    ps_skip_run(&ahead, ' ');
    if (ps_take_text(&ahead, begins) && ps_take_until(&ahead, '\n', &line))
        *in = ahead;
}

/* The bit behind the highest that is set: the field that the kernel prints next, when it prints in table order. */
static size_t behind_last(uint64_t present)
{
    size_t last = 0;

    for (unsigned step = 32; step > 0; step /= 2) {
        if (present >> step == 0)
            continue;
        present >>= step;
        last += step;
    }
    return present == 0 ? 0 : last + 1;
}

/* Index of the field of that name, or count. */
static size_t find_field(struct ps_span key, const struct ps_field *fields, size_t count, uint64_t present)
{
    size_t first = behind_last(present);

    for (size_t i = 0; i < count; i++) {
        size_t index = first + i < count ? first + i : first + i - count;
        if (ps_span_is(key, fields[index].name))
            return index;
    }
    return count;
}

static void skip_blanks(struct ps_cursor *line)
{
    while (ps_skip_run(line, ' ') + ps_skip_run(line, '\t') > 0)
        ;
}

static bool is_number_list(struct ps_cursor list)
{
    uint64_t number = 0;

    for (skip_blanks(&list); !ps_cursor_done(&list); skip_blanks(&list))
        if (!ps_take_u64(&list, &number))
            return false;
    return true;
}

/* The number that is all of the line, " kB" aside. */
static bool take_whole_number(struct ps_cursor *line, const struct ps_field *fields, size_t index, void *record)
{
    struct ps_record *head = record;
    struct ps_cursor ahead = *line;
    uint64_t before = head->present;

    if (!ps_take_number(&ahead, fields, index, record))
        return false;
    if (ps_cursor_done(&ahead) || ps_span_is(ps_cursor_rest(&ahead), " kB"))
        return true;
    head->present = before;
    return false;
}

const char *ps_read_value(struct ps_cursor *line, const struct ps_field *fields, size_t index, void *record)
{
    enum ps_type type = fields[index].type;

    if (!ps_take_byte(line, '\t'))
        ps_skip_run(line, ' ');
    if (type == PS_BYTES || (type == PS_U64_LIST && is_number_list(*line))) {
        ps_put_span(fields, index, record, ps_cursor_rest(line));
        return NULL;
    }
    if (type == PS_U64_LIST)
        return "not a list of numbers";
    skip_blanks(line);
    return take_whole_number(line, fields, index, record) ? NULL : "not a number that fits";
}

const char *ps_read_keyed(struct ps_cursor *line, const struct ps_field *fields, size_t count, void *record)
{
    const struct ps_record *head = record;
    struct ps_span key;

    if (!ps_take_until(line, ':', &key))
        return "no key with a colon";
    size_t index = find_field(key, fields, count, head->present);
    if (index == count)
        return NULL;
    if ((head->present >> index & 1) != 0)
        return "this key was there before";
    return ps_read_value(line, fields, index, record);
}

/* Wrong lines told one by one in a file that is one record. */
enum { WRONG_MAX = 8 };

struct wrong {
    const char *why;  /* NULL: no line is wrong */
    size_t start, at; /* of the line, of the issue */
};

/* What is wrong with the line that was just read, if anything. An empty line is never wrong. */
static struct wrong check_line(const struct ps_cursor *behind, struct ps_span text, size_t start, void *record,
                               ps_line_reader *read)
{
    struct ps_cursor line = ps_cursor_over(text);
    const char *why = read(&line, record);

    if (why != NULL && text.len > 0)
        return (struct wrong){.why = why, .start = start, .at = start + line.at};
    if (ps_at_line_start(behind))
        return (struct wrong){.why = NULL};
    return (struct wrong){.why = cut, .start = start, .at = behind->at - 1};
}

/* Reads all lines into *record. *this is the first wrong one at or behind `from`, *next the one after it. Returns how
 * many wrong lines come before *this. */
static size_t read_all(struct ps_span file, size_t from, void *record, ps_line_reader *read, struct wrong *this,
                       struct wrong *next)
{
    struct ps_cursor in = ps_cursor_over(file);
    struct ps_span text;
    size_t before = 0;
    size_t start = 0;

    *this = *next = (struct wrong){.why = NULL};
    for (; ps_take_line(&in, &text); start = in.at) {
        struct wrong line = check_line(&in, text, start, record, read);
        if (line.why == NULL)
            continue;
        if (start < from)
            before++;
        else if (this->why == NULL)
            *this = line;
        else if (next->why == NULL)
            *next = line;
    }
    return before;
}

/* The cursor is the only memory between two steps. Behind the record and behind each issue it stands at the start of
 * the next wrong line, so that each step moves and the next one finds the line again. Where that is the start of the
 * file, it stands one byte behind it: no other line can begin there, for this one is not empty. */
static size_t standing_at(const struct wrong *line, size_t end)
{
    if (line->why == NULL)
        return end;
    return line->start == 0 ? 1 : line->start;
}

enum ps_step ps_next_whole(struct ps_cursor *in, void *record, struct ps_issue *issue, ps_line_reader *read)
{
    const struct ps_record *head = record;
    struct wrong this;
    struct wrong next;
    size_t start = in->at;

    if (ps_cursor_done(in))
        return PS_STEP_END;
    size_t before = read_all(in->in, start == 1 ? 0 : start, record, read, &this, &next);
    ps_skip_rest(in);
    if (head->present == 0)
        return ps_bad(issue, start, "no line with a known key");
    if (start == 0) {
        in->at = standing_at(&this, in->in.len);
        return PS_STEP_RECORD;
    }
    if (this.why == NULL)
        return ps_bad(issue, start, "unexpected bytes behind the record");
    if (before >= WRONG_MAX)
        return ps_bad(issue, this.at, "more wrong lines than are told one by one");
    in->at = standing_at(&next, in->in.len);
    return ps_bad(issue, this.at, this.why);
}
