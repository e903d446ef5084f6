/* SPDX-License-Identifier: Apache-2.0
 *
 * The file that receipts are appended to, a line of JSON each. It may lie where others write: no link is followed, and
 * nobody who is not there is waited for.
 */
#ifndef PS_RECEIPT_FILE_H
#define PS_RECEIPT_FILE_H

#include "formats/error.h"
#include "parsers/cursor.h"

/* A descriptor of the caller's, or -1 with *err. Made (0600) when it is not there. */
int ps_receipt_file_open(const char *name, struct ps_error *err);
/* Puts the line behind the others, and onto the disk. False with *err. */
PS_MUST_CHECK bool ps_receipt_file_add(int fd, const char *name, struct ps_span line, struct ps_error *err);

#endif
