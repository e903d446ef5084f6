/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/parser.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "parsers/lines.h"
#include "parsers/pid_stat.h"

Test(parser, presence_is_asked_by_the_offset_of_the_field)
{
    static const char file[] = "7 (a) S 1 0\n";
    struct ps_cursor in = ps_cursor_over(ps_span_of(file, sizeof file - 1));
    struct ps_pid_stat stat = {0};
    struct ps_issue issue;

    cr_assert(ps_parser_pid_stat.next(&in, &stat, &issue) == PS_STEP_RECORD && stat.pid == 7 && stat.pgrp == 0);
    cr_assert(ps_record_has(&ps_parser_pid_stat, &stat, offsetof(struct ps_pid_stat, comm)));
    /* a zero that was printed, and one that was not */
    cr_assert(ps_record_has(&ps_parser_pid_stat, &stat, offsetof(struct ps_pid_stat, pgrp)));
    cr_assert(!ps_record_has(&ps_parser_pid_stat, &stat, offsetof(struct ps_pid_stat, starttime)));
    cr_assert(!ps_record_has(&ps_parser_pid_stat, &stat, 0));
}

struct numbers {
    uint64_t present;
    uint64_t u;
    int64_t i;
    uint64_t hex, octal;
    struct ps_span text;
};

#define FIELD(name, type) PS_FIELD(struct numbers, name, type)

static const struct ps_field fields[] = {
    FIELD(u, PS_U64), FIELD(i, PS_I64), FIELD(hex, PS_HEX64), FIELD(octal, PS_OCT64), FIELD(text, PS_BYTES),
};

Test(parser, a_number_is_read_as_its_field_says)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text("17-17ff17"));
    struct numbers n = {0};

    cr_assert(ps_take_number(&in, fields, 0, &n) && n.u == 17 && n.present == 1);
    cr_assert(!ps_take_number(&in, fields, 0, &n) && in.at == 2);
    cr_assert(ps_take_number(&in, fields, 1, &n) && n.i == -17 && n.present == 3);
    cr_assert(!ps_take_number(&in, fields, 3, &n) && n.present == 3);
    cr_assert(ps_take_number(&in, fields, 2, &n) && n.hex == 0xff17 && ps_cursor_done(&in));
    in = ps_cursor_over(ps_span_text("17"));
    cr_assert(!ps_take_number(&in, fields, 4, &n) && in.at == 0 && n.present == 7);
    cr_assert(ps_take_number(&in, fields, 3, &n) && n.octal == 017 && n.present == 15);
    ps_put_span(fields, 4, &n, ps_span_text("x"));
    cr_assert(ps_span_is(n.text, "x") && n.present == 31);
}

Test(parser, the_last_of_64_fields_has_its_bit)
{
    struct ps_record record = {0};

    ps_set_present(&record, 63);
    cr_assert(record.present == UINT64_C(1) << 63);
}

/* --- lines: where the cursor stands between the steps --- */

static const char *read_x(struct ps_cursor *line, void *record)
{
    struct ps_record *head = record;

    if (!ps_take_byte(line, 'x'))
        return "no x";
    head->present = 1;
    return NULL;
}

typedef enum ps_step stepper(struct ps_cursor *in, void *record, struct ps_issue *issue, ps_line_reader *read);

/* 'R' a record, digits an issue at that offset, '.' the end; each step must move. */
static void expect_steps(stepper *next, const char *file, const char *want)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(file));
    char got[100] = "";

    for (;;) {
        struct ps_record record = {0};
        struct ps_issue issue = {0};
        size_t before = in.at, len = strlen(got);
        enum ps_step step = next(&in, &record, &issue, read_x);
        if (step == PS_STEP_RECORD)
            snprintf(got + len, sizeof got - len, "R ");
        else if (step == PS_STEP_BAD)
            snprintf(got + len, sizeof got - len, "%zu ", issue.at);
        else
            break;
        cr_assert(in.at > before && in.at <= in.in.len, "%s", file);
    }
    cr_assert(strcmp(got, want) == 0, "\"%s\" gave %s and should give %s", file, got, want);
}

Test(lines, a_record_a_line)
{
    expect_steps(ps_next_row, "", "");
    expect_steps(ps_next_row, "x\nx\n", "R R ");
    expect_steps(ps_next_row, "y\n\nxx\n", "0 2 R ");
    expect_steps(ps_next_row, "x\nxx", "R R 3 ");
    expect_steps(ps_next_row, "x", "R ");
}

Test(lines, one_line_in_all)
{
    expect_steps(ps_next_only, "", "");
    expect_steps(ps_next_only, "xx\n", "R ");
    expect_steps(ps_next_only, "xx\nx\n", "R 3 ");
    expect_steps(ps_next_only, "xx", "R 1 ");
    expect_steps(ps_next_only, "y\nx\n", "0 2 ");
}

Test(lines, one_record_of_many_lines_and_then_the_wrong_ones)
{
    expect_steps(ps_next_whole, "", "");
    expect_steps(ps_next_whole, "y\ny\n", "0 ");
    expect_steps(ps_next_whole, "x\n\nx\n", "R ");
    expect_steps(ps_next_whole, "y\ny\n\ny\nx\n", "R 0 2 5 ");
    expect_steps(ps_next_whole, "\ny\nx\ny", "R 1 5 ");
    expect_steps(ps_next_whole, "x\nxx", "R 3 ");
    expect_steps(ps_next_whole, "y\nx\ny\ny\ny\ny\ny\ny\ny\ny\ny\n", "R 0 4 6 8 10 12 14 16 18 ");
}
