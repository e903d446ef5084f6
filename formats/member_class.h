/* SPDX-License-Identifier: Apache-2.0
 *
 * Which sort of member a name is, by docs/BUNDLE.md section 1. The sorts are numbered in the order in which they may
 * follow each other in a file.
 */
#ifndef PS_MEMBER_CLASS_H
#define PS_MEMBER_CLASS_H

#include "parsers/cursor.h"

enum ps_member_class {
    PS_MEMBER_BAGIT,
    PS_MEMBER_META,
    PS_MEMBER_PACK,   /* data/proc/<life>/x.pack, data/opening/, data/closing/ */
    PS_MEMBER_GLOBAL, /* any other data/proc/, and data/facts/ */
    PS_MEMBER_OBJECT, /* data/objects/<sha256> */
    PS_MEMBER_CORE,   /* data/memory/<life>.core */
    PS_MEMBER_JOURNAL,
    PS_MEMBER_RECORDS,
    PS_MEMBER_CLOSING,
    PS_MEMBER_BAG_INFO,
    PS_MEMBER_MANIFEST,
    PS_MEMBER_CHAIN,
    PS_MEMBER_CUSTODY,
    PS_MEMBER_TAGMANIFEST,
    PS_MEMBER_MINISIG,
    PS_MEMBER_SSHSIG,
    PS_MEMBER_UNKNOWN,
};

/* The names themselves; NULL for classes with many members. */
const char *ps_member_class_name(enum ps_member_class c);
enum ps_member_class ps_member_class_of(struct ps_span name);
/* data/objects/ and 64 lower-case hex digits, which are put into *sha256 (32 bytes). */
bool ps_member_object(struct ps_span name, uint8_t *sha256);
/* One of the sorts that the journal names. */
bool ps_member_is_raw(enum ps_member_class c);
/* Order of members in a directory listing: by class, journal parts by number, else by bytes. */
int ps_member_class_order(struct ps_span a, struct ps_span b);

#endif
