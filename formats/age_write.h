/* SPDX-License-Identifier: Apache-2.0
 *
 * A stage in front of a sink that encrypts what passes to the recipients (age v1, C2SP age.md). 64 KiB of memory. age
 * says who can read, and nothing of who has written: whoever wants that signs what goes in, and what comes out.
 */
#ifndef PS_AGE_WRITE_H
#define PS_AGE_WRITE_H

#include "formats/age_key.h"
#include "formats/tarball.h"

struct ps_age_writer;

/* The header goes to the sink at once. At least one recipient. NULL with *err. */
struct ps_age_writer *ps_age_writer_new(const struct ps_age_recipients *to, ps_sink *sink, void *context,
                                        struct ps_error *err);
/* A ps_sink: `writer` is a struct ps_age_writer *. */
bool ps_age_writer_write(void *writer, const void *data, size_t len, struct ps_error *err);
/* The last chunk. Without it the file is cut short, and every reader says so. */
PS_MUST_CHECK bool ps_age_writer_finish(struct ps_age_writer *w, struct ps_error *err);
/* Wipes the keys. NULL is fine. */
void ps_age_writer_free(struct ps_age_writer *w);

#endif
