/* SPDX-License-Identifier: Apache-2.0
 *
 * The members of an extracted bundle. Nothing is followed that is not a directory or a regular file below the one
 * given: a symbolic link, a device or a name that no bundle may hold is a flaw. A directory has no order of its own, so
 * members come in the order in which a bundle holds them: raw bytes before the journal, the seal last. Empty
 * directories, which a tar of files does not make, are passed over.
 */
#ifndef PS_BUNDLE_DIR_H
#define PS_BUNDLE_DIR_H

#include "formats/member_source.h"

struct ps_bundle_dir;

/* `dir` is borrowed: an open directory. Lists it now, names in memory. NULL with *err set when it cannot be read; what
 * is wrong with the files is told as a flaw by the source, before any member. */
struct ps_bundle_dir *ps_bundle_dir_new(int dir, struct ps_error *err);
struct ps_member_source ps_bundle_dir_source(struct ps_bundle_dir *d);
/* One member by its name, open for reading as the source opens it: no link is followed. -1 with errno set. */
int ps_bundle_dir_open(const struct ps_bundle_dir *d, const char *name);
void ps_bundle_dir_free(struct ps_bundle_dir *d);

#endif
