/* SPDX-License-Identifier: Apache-2.0
 *
 * BagIt manifests (RFC 8493 section 2.1.3, the text that sha256sum -c reads): which member has which SHA-256. Kept
 * compactly, since a snapshot of ten thousand processes has 25,000 members: the hash, the path and 9 bytes for each.
 * Written and read in one form only: `<64 lower-case hex>  <path>\n`, sorted by bytes, no path twice.
 */
#ifndef PS_MANIFEST_H
#define PS_MANIFEST_H

#include "formats/digest.h"
#include "formats/error.h"

/* The largest number of members that a bundle may have. */
enum { PS_MANIFEST_MAX = 1000000 };

struct ps_manifest_block;
struct ps_manifest_entry;

/* Zero-initialised is empty and valid; ps_manifest_done frees what it owns. */
struct ps_manifest {
    struct ps_manifest_block *blocks;
    const struct ps_manifest_entry **index;
    size_t count, room;
    uint64_t text_len; /* of the whole text */
};

/* Where and why a text is no manifest: `why` is static text, or NULL when it is one. */
struct ps_manifest_flaw {
    size_t line; /* from 1 */
    const char *why;
};

void ps_manifest_done(struct ps_manifest *m);

/* Copies both. Fails when memory is out, at PS_MANIFEST_MAX, and on a name that ps_member_check refuses: names from
 * outside are checked there first. Duplicates are not noticed here but by ps_manifest_clash. */
PS_MUST_CHECK bool ps_manifest_add(struct ps_manifest *m, struct ps_span path, const uint8_t sha256[PS_SHA256_LEN],
                                   struct ps_error *err);
/* Into byte order: needed after the last add, before anything below. */
void ps_manifest_sort(struct ps_manifest *m);

/* The entries in order, i < m->count. Borrowed. */
struct ps_span ps_manifest_path(const struct ps_manifest *m, size_t i);
const uint8_t *ps_manifest_sha256(const struct ps_manifest *m, size_t i);
/* The hash of that path, or NULL. */
const uint8_t *ps_manifest_find(const struct ps_manifest *m, struct ps_span path);
/* True when two entries cannot exist side by side everywhere (equal, aliases, file and directory), which are then
 * stored. The order is kept. */
bool ps_manifest_clash(struct ps_manifest *m, struct ps_span *one, struct ps_span *other);

/* One line of the text, or all of it. */
void ps_manifest_add_line(const struct ps_manifest *m, size_t i, struct ps_buffer *out);
void ps_manifest_add_text(const struct ps_manifest *m, struct ps_buffer *out);

/* One line of a text, without its newline: NULL, or what is wrong with it (static text). */
const char *ps_manifest_line(struct ps_span line, uint8_t sha256[PS_SHA256_LEN], struct ps_span *path);
/* Byte order of two paths, a prefix first: below, equal to or above 0. */
int ps_manifest_compare(struct ps_span a, struct ps_span b);
/* Adds the entries of a text to an empty manifest, up to the first flaw; flaw->why is always set. False only when
 * memory is out. Clashes other than equal paths are not looked for. */
PS_MUST_CHECK bool ps_manifest_read(struct ps_manifest *m, struct ps_span text, struct ps_manifest_flaw *flaw,
                                    struct ps_error *err);

#endif
