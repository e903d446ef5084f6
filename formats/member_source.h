/* SPDX-License-Identifier: Apache-2.0
 *
 * The members of a bundle one after the other, wherever they come from: a tar.gz (tarball_read.h) or an extracted
 * directory (bundle_dir.h). A source never writes, and never holds more than a piece of a member.
 */
#ifndef PS_MEMBER_SOURCE_H
#define PS_MEMBER_SOURCE_H

#include "formats/error.h"
#include "formats/member_name.h"

enum ps_flaw_kind {
    PS_FLAW_CUT_SHORT, /* it ends too early; everything before is there */
    PS_FLAW_MALFORMED, /* not what docs/BUNDLE.md allows */
    PS_FLAW_DAMAGED,   /* well-formed and read to its end, but a checksum says that the bytes are others */
    PS_FLAW_ALTERED,   /* encrypted, and not what was encrypted; what follows cannot be read */
    PS_FLAW_LOCKED,    /* encrypted, and no identity that is there opens it */
};

/* Why a source cannot go on. */
struct ps_flaw {
    enum ps_flaw_kind kind;
    const char *why;  /* static text, a clause without capital and full stop */
    char member[300]; /* raw bytes of a hostile name, cut off where they do not fit; empty: none in particular */
    size_t member_len;
};

struct ps_member {
    struct ps_span name; /* below the top directory, checked by ps_member_check; valid until the next member */
    uint64_t size;
};

enum ps_source_step {
    PS_SOURCE_NEXT,   /* *out is filled in */
    PS_SOURCE_END,    /* of the members, or of the bytes of this one */
    PS_SOURCE_FLAW,   /* *flaw is filled in; every further call says the same */
    PS_SOURCE_FAILED, /* our own failure (cannot read, no memory): *err */
};

struct ps_member_source {
    void *self;
    /* The next member; what is left of the one before is read and dropped. */
    enum ps_source_step (*member)(void *self, struct ps_member *out, struct ps_flaw *flaw, struct ps_error *err);
    /* The next bytes of the member, never an empty span; borrowed until the next call. */
    enum ps_source_step (*piece)(void *self, struct ps_span *out, struct ps_flaw *flaw, struct ps_error *err);
    /* The bundle id that the top directory spells, once a member was seen; NULL where directories may be renamed. */
    const char *(*top)(const void *self);
};

/* Fills *flaw and returns PS_SOURCE_FLAW, so that a reader can end with it. */
enum ps_source_step ps_flaw_set(struct ps_flaw *flaw, enum ps_flaw_kind kind, const char *why, struct ps_span member);

#endif
