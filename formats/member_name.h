/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of the members of a bundle, below its top directory (docs/BUNDLE.md section 1). They must survive tar,
 * sha256sum, BagIt tools and case-insensitive file systems, and come from an adversary: an interface or control group
 * may be named anything. So components hold only A-Z a-z 0-9 . _ + : , @ -, and every other byte is written =HH (upper
 * hex).
 */
#ifndef PS_MEMBER_NAME_H
#define PS_MEMBER_NAME_H

#include "formats/buffer.h"

enum {
    PS_COMPONENT_MAX = 255,  /* of common file systems */
    PS_BUNDLE_ID_LEN = 34,   /* procsnap-20261122t001500z-0123abcd */
    PS_MEMBER_NAME_MAX = 221 /* ustar's 155 + '/' + 100, without the bundle id and its slash */
};

/* Appends one component. False, with nothing appended, for what no file system holds (empty, a NUL or a slash inside)
 * and for what becomes too long. "." and ".." are escaped. Whoever needs the true name back keeps it in a record. */
PS_MUST_CHECK bool ps_member_escape(struct ps_span bytes, struct ps_buffer *out);

/* NULL when the name is one that the rules allow, else static text: what is wrong. Each name has one spelling: an
 * escape of a byte that needs none is refused. Whether it fits the split of a ustar header, ps_tarball_header says. */
const char *ps_member_check(struct ps_span name);

/* Appends the key under which all aliases of a name meet: escapes resolved, ASCII letters small. */
void ps_member_alias(struct ps_span name, struct ps_buffer *out);
/* Order by that key, a directory directly before what it holds: names that clash are neighbours. */
int ps_member_alias_order(struct ps_span a, struct ps_span b);
/* True when some file system cannot hold both: aliases of each other, or one would have to be the directory of the
 * other. `a` is not after `b` in that order. */
bool ps_member_clash(struct ps_span a, struct ps_span b);

/* True when the id is well-formed and its time exists; then *epoch_s is that time, which every member carries. */
PS_MUST_CHECK bool ps_bundle_id_read(struct ps_span id, int64_t *epoch_s);

#endif
