/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a bundle goes: a file, a directory, standard output, or a descriptor from which it is delivered later. A name
 * that says sealed is always sealed: bytes go to a temporary name beside the final one, which is given only after fsync,
 * and never over an existing file.
 */
#ifndef PS_DESTINATION_H
#define PS_DESTINATION_H

#include "formats/error.h"

struct ps_destination;

/* Checked before anything is collected (writable, no existing file, `-` not a terminal). `dest` is FILE, DIR/ or -; for
 * DIR/ the file is called `name`, and the directory is made (0700) when its parent exists. NULL with *err. */
struct ps_destination *ps_destination_open(const char *dest, const char *name, struct ps_error *err);
/* Goes into `fd`, an empty file that stays the caller's: the finished bundle is delivered from there as `name`. NULL with
 * *err: out of memory. */
struct ps_destination *ps_destination_hold(int fd, const char *name, struct ps_error *err);
/* The base name of the finished file: what the detached signature's trusted comment names. */
const char *ps_destination_name(const struct ps_destination *d);
/* All of the bytes, or false. */
PS_MUST_CHECK bool ps_destination_write(struct ps_destination *d, const void *data, size_t len, struct ps_error *err);
/* Gives the file its name: fsync, signature beside it as <name>.minisig (also by temporary name; it comes first, so
 * that a bundle never stands without it), renameat2 NOREPLACE, fsync of the directory. stdout: flushes. `path_out` and
 * `sig_path_out` (4096 bytes each) are "" for stdout. */
PS_MUST_CHECK bool ps_destination_seal(struct ps_destination *d, struct ps_span minisig, char *path_out,
                                       char *sig_path_out, struct ps_error *err);
/* After a failure: leaves the temporary file `<name>.part` where it is when anything was written (verify calls it
 * INCOMPLETE), and says where in *part_out (4096 bytes, "" when there is none). True when that file is the whole bundle,
 * and lacks nothing but its name and the signature beside it: _seal failed behind the last byte and its fsync. */
bool ps_destination_abandon(struct ps_destination *d, char *part_out);
void ps_destination_free(struct ps_destination *d);

#endif
