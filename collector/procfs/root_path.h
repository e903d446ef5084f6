/* SPDX-License-Identifier: Apache-2.0
 *
 * A path inside the root of a process, resolved by hand: component by component, each one opened O_PATH|O_NOFOLLOW, so
 * that nothing is opened, no automount is triggered and no link is followed but those that are read here and resolved
 * below the same root. The directories above are kept open: `..` goes back to the one before, and never above the root.
 */
#ifndef PS_ROOT_PATH_H
#define PS_ROOT_PATH_H

#include "collector/procfs/root.h"

enum { PS_ROOT_LINKS = 40, PS_ROOT_DEPTH = 64 };

/* The O_PATH descriptor of what is there (a link at the end is followed), with *x; or -errno: EXDEV for a mount that is
 * not to be entered, ELOOP for too many links, ENAMETOOLONG for more than PS_ROOT_DEPTH directories. */
int ps_root_open(struct ps_target *t, const struct ps_root *root, struct ps_span path, struct statx *x);

#endif
