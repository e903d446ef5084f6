/* SPDX-License-Identifier: Apache-2.0
 *
 * Does every sample still parse to exactly the lines that stand beside it? Adding a file adds a test.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/record_json.h"
#include "tests/samples.h"
#include "tests/strict_json.h"

/* A folder of samples. By value: a worker of Criterion is a new image, where a pointer of the generator means nothing;
 * and it is a process, too slow to start for each file. */
struct kind {
    char name[64];
};

static void free_kinds(struct criterion_test_params *params)
{
    cr_free(params->params);
}

ParameterizedTestParameters(vectors, parse_to_the_expected_lines)
{
    struct kind *kinds = cr_malloc(ps_catalog_count * sizeof *kinds);

    for (size_t i = 0; i < ps_catalog_count; i++)
        snprintf(kinds[i].name, sizeof kinds[i].name, "%s", ps_catalog[i].parser->kind);
    return cr_make_param_array(struct kind, kinds, ps_catalog_count, free_kinds);
}

static void expect_same_lines(const char *path, struct ps_span got, struct ps_span want)
{
    struct ps_cursor g = ps_cursor_over(got), w = ps_cursor_over(want);

    for (size_t number = 1; !ps_cursor_done(&g) || !ps_cursor_done(&w); number++) {
        struct ps_span a = {0}, b = {0};
        bool one = ps_take_line(&g, &a), other = ps_take_line(&w, &b);
        cr_expect(one && other && ps_span_equal(a, b), "%s: line %zu is\n  %.*s\nand should be\n  %.*s", path, number,
                  (int) a.len, a.len > 0 ? (const char *) a.data : "", (int) b.len,
                  b.len > 0 ? (const char *) b.data : "");
    }
}

static void check_sample(const char *path)
{
    const struct ps_row *row = ps_sample_row(path);
    struct ps_buffer raw = {0}, want = {0}, got = {0};
    char expected[300];

    cr_assert(row != NULL && ps_sample_read(path, &raw), "%s: cannot be read", path);
    ps_sample_expected(path, expected, sizeof expected);
    cr_assert(ps_sample_read(expected, &want), "%s: cannot be read; build the target bless", expected);
    ps_parse_lines(&got, row->parser, ps_buffer_span(&raw));
    expect_same_lines(path, ps_buffer_span(&got), ps_buffer_span(&want));
    cr_expect(ps_strict_json_lines(ps_buffer_span(&got)), "%s: not JSON", path);
    ps_buffer_done(&raw);
    ps_buffer_done(&want);
    ps_buffer_done(&got);
}

ParameterizedTest(struct kind *kind, vectors, parse_to_the_expected_lines)
{
    char pattern[100];
    glob_t found = {0};

    snprintf(pattern, sizeof pattern, "samples/%s/*.raw", kind->name);
    cr_assert(glob(pattern, 0, NULL, &found) == 0, "%s: no such file", pattern);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_sample(found.gl_pathv[i]);
    globfree(&found);
}

/* The kernel ends no link and none of these with a newline: there a cut cannot be seen. */
static bool ends_in_newline(const struct ps_row *row)
{
    static const char *const others[] = {"pid_cmdline",   "pid_environ", "pid_auxv",        "pid_loginuid",
                                         "pid_sessionid", "pid_wchan",   "pid_attr_current", "task_children"};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(row->parser->kind, others[i]) == 0)
            return false;
    return row->parser->next != NULL && row->source == PS_READ;
}

/* Copied to its exact size, so that a sanitizer sees the first byte that is read behind the end. */
static size_t issues_of(const struct ps_row *row, const uint8_t *data, size_t len)
{
    uint8_t *exact = malloc(len);
    struct ps_buffer lines = {0};

    cr_assert(exact != NULL);
    memcpy(exact, data, len);
    size_t issues = ps_parse_lines(&lines, row->parser, ps_span_of(exact, len));
    cr_assert(ps_strict_json_lines(ps_buffer_span(&lines)));
    ps_buffer_done(&lines);
    free(exact);
    return issues;
}

static void cut_everywhere(const char *path)
{
    const struct ps_row *row = ps_sample_row(path);
    struct ps_buffer raw = {0};

    cr_assert(row != NULL && ps_sample_read(path, &raw), "%s: cannot be read", path);
    for (size_t len = 2; len < raw.len && ends_in_newline(row); len++)
        if (issues_of(row, raw.data, len) == 0)
            cr_assert(raw.data[len - 1] == '\n', "%s: nothing tells that it was cut to %zu bytes", path, len);
    ps_buffer_done(&raw);
}

/* A capture can end at any byte: each sample is cut at each of them, in every field. */
Test(vectors, a_cut_is_told)
{
    glob_t found = {0};

    cr_assert(glob(PS_SAMPLES, 0, NULL, &found) == 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        cut_everywhere(found.gl_pathv[i]);
    globfree(&found);
}
