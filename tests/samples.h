/* SPDX-License-Identifier: Apache-2.0
 *
 * The files under samples/: <kind>/<scenario>.raw are bytes of a /proc file, <scenario>.jsonl the lines that parsing
 * them gives. Found from the working directory, which is the top of the tree.
 */
#ifndef PS_TESTS_SAMPLES_H
#define PS_TESTS_SAMPLES_H

#include "formats/buffer.h"
#include "parsers/catalog.h"

#define PS_SAMPLES "samples/*/*.raw"

/* The bytes of a file; false when it cannot be read. The caller owns *out. */
PS_MUST_CHECK bool ps_sample_read(const char *path, struct ps_buffer *out);
/* "samples/pid_stat/x.raw": the row of pid_stat, or NULL. */
const struct ps_row *ps_sample_row(const char *path);
/* "samples/pid_stat/x.jsonl" */
void ps_sample_expected(const char *path, char *out, size_t size);

#endif
