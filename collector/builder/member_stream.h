/* SPDX-License-Identifier: Apache-2.0
 *
 * A member of the bundle whose length is known before its bytes come: the content of a file, the memory of a process.
 * What must be in no bundle is overwritten on the way, also where it lies across two pieces: so the last bytes of each
 * piece wait for the next one.
 */
#ifndef PS_MEMBER_STREAM_H
#define PS_MEMBER_STREAM_H

#include "collector/builder/output.h"
#include "collector/own_secrets.h"

/* Zero-initialised: none is open. */
struct ps_member_stream {
    bool open; /* nothing else may go into the bundle */
    bool keys; /* private keys are overwritten as well, unless it is a program */
    bool key;  /* one began: the rest is asterisks */
    uint64_t size, taken, written;
    uint64_t masked; /* bytes of our own credentials */
    struct ps_buffer bytes; /* that wait, and that came */
    const struct ps_own_secrets *secrets; /* borrowed; NULL: none */
};

/* `size` bytes follow. False when the output has failed, or fails. */
PS_MUST_CHECK bool ps_member_stream_begin(struct ps_member_stream *m, struct ps_output *out, const char *name,
                                          uint64_t size, bool keys);
/* False when that is more than was announced: the sender is broken. */
PS_MUST_CHECK bool ps_member_stream_add(struct ps_member_stream *m, struct ps_output *out, struct ps_span bytes);
/* What was announced and did not come is zeros. *sha256 is that of the member. True when all came. */
bool ps_member_stream_end(struct ps_member_stream *m, struct ps_output *out, uint8_t *sha256);

#endif
