/* SPDX-License-Identifier: Apache-2.0
 *
 * A finished bundle as it lies in a directory, ready to be sent: the file, the signature beside it, and the head line
 * that is in it.
 */
#ifndef PS_PARCEL_FILE_H
#define PS_PARCEL_FILE_H

#include "formats/buffer.h"
#include "formats/error.h"

struct ps_parcel_file {
    int fd;
    const char *name; /* the last component of the path, borrowed */
    struct ps_buffer minisig;
    char head_line[512]; /* without newline; "" when the bundle is encrypted */
};

/* Opens both, and looks whether the file is a sealed bundle with its own signature, in a process that is enclosed: a
 * bundle may be hostile, and this process holds credentials. What is encrypted (age) cannot be looked into; there the
 * signature must be written as it should. False with *err. The caller calls ps_parcel_file_done in any case. */
PS_MUST_CHECK bool ps_parcel_file_open(struct ps_parcel_file *out, const char *path, struct ps_error *err);
void ps_parcel_file_done(struct ps_parcel_file *file);

#endif
