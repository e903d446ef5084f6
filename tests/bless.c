/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes the expected lines of all samples anew from what the parsers say now:
 *   cmake --build --preset dev --target bless
 * The difference is then read like code: a wrong line blessed here is worse than no test.
 */
#include <glob.h>
#include <stdio.h>

#include "formats/record_json.h"
#include "tests/samples.h"

static bool bless(const char *path)
{
    const struct ps_row *row = ps_sample_row(path);
    struct ps_buffer raw = {0}, lines = {0};
    char expected[300];

    if (row == NULL || !ps_sample_read(path, &raw))
        return false;
    ps_parse_lines(&lines, row->parser, ps_buffer_span(&raw));
    ps_sample_expected(path, expected, sizeof expected);
    FILE *out = fopen(expected, "wb");
    bool good = out != NULL && (lines.len == 0 || fwrite(lines.data, lines.len, 1, out) == 1);
    if (out != NULL)
        good = fclose(out) == 0 && good;
    ps_buffer_done(&raw);
    ps_buffer_done(&lines);
    return good;
}

int main(void)
{
    glob_t found = {0};
    int status = 0;

    if (glob(PS_SAMPLES, 0, NULL, &found) != 0) {
        fprintf(stderr, "no %s: run this at the top of the tree\n", PS_SAMPLES);
        return 1;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (bless(found.gl_pathv[i]))
            continue;
        fprintf(stderr, "%s: not blessed; its folder must be a kind of the catalog\n", found.gl_pathv[i]);
        status = 1;
    }
    globfree(&found);
    return status;
}
