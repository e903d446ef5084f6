/* SPDX-License-Identifier: Apache-2.0
 *
 * Does every sample still parse to exactly the lines that stand beside it? Adding a file adds a test.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "formats/record_json.h"
#include "tests/samples.h"
#include "tests/strict_json.h"

/* By value: a worker of Criterion is a new image, where a pointer of the generator means nothing. */
struct vector {
    char path[200];
};

ParameterizedTestParameters(vectors, parse_to_the_expected_lines)
{
    glob_t found = {0};

    if (glob(PS_SAMPLES, 0, NULL, &found) != 0)
        return cr_make_param_array(struct vector, NULL, 0);
    struct vector *vectors = cr_malloc(found.gl_pathc * sizeof *vectors);
    for (size_t i = 0; i < found.gl_pathc; i++)
        snprintf(vectors[i].path, sizeof vectors[i].path, "%s", found.gl_pathv[i]);
    size_t count = found.gl_pathc;
    globfree(&found);
    return cr_make_param_array(struct vector, vectors, count, cr_free);
}

static void expect_same_lines(const char *path, struct ps_span got, struct ps_span want)
{
    struct ps_cursor g = ps_cursor_over(got), w = ps_cursor_over(want);

    for (size_t number = 1; !ps_cursor_done(&g) || !ps_cursor_done(&w); number++) {
        struct ps_span a = {0}, b = {0};
        bool one = ps_take_line(&g, &a), other = ps_take_line(&w, &b);
        cr_assert(one && other && ps_span_equal(a, b), "%s: line %zu is\n  %.*s\nand should be\n  %.*s", path, number,
                  (int) a.len, a.len > 0 ? (const char *) a.data : "", (int) b.len,
                  b.len > 0 ? (const char *) b.data : "");
    }
}

ParameterizedTest(struct vector *vector, vectors, parse_to_the_expected_lines)
{
    const struct ps_row *row = ps_sample_row(vector->path);
    struct ps_buffer raw = {0}, want = {0}, got = {0};
    char expected[300];

    cr_assert(row != NULL, "%s: the folder is no kind of the catalog", vector->path);
    cr_assert(ps_sample_read(vector->path, &raw), "%s: cannot be read", vector->path);
    ps_sample_expected(vector->path, expected, sizeof expected);
    cr_assert(ps_sample_read(expected, &want), "%s: cannot be read; run the target bless", expected);
    ps_parse_lines(&got, row->parser, ps_buffer_span(&raw));
    expect_same_lines(vector->path, ps_buffer_span(&got), ps_buffer_span(&want));
    cr_assert(ps_strict_json_lines(ps_buffer_span(&got)), "%s: not JSON", vector->path);
    ps_buffer_done(&raw);
    ps_buffer_done(&want);
    ps_buffer_done(&got);
}

/* A capture can end at any byte. What is lost must be told, and nothing may be read that is not there. */
ParameterizedTestParameters(vectors, can_be_cut_at_any_byte)
{
    return ParameterizedTestParametersName(vectors, parse_to_the_expected_lines)();
}
