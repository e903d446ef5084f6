/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/member_class.h"

#include <string.h>

#include "formats/digest.h"

static const char *const names[] = {
    [PS_MEMBER_BAGIT] = "bagit.txt",
    [PS_MEMBER_META] = "data/meta.json",
    [PS_MEMBER_CLOSING] = "data/closing.json",
    [PS_MEMBER_BAG_INFO] = "bag-info.txt",
    [PS_MEMBER_MANIFEST] = "manifest-sha256.txt",
    [PS_MEMBER_CHAIN] = "chain.json",
    [PS_MEMBER_CUSTODY] = "custody.ndjson",
    [PS_MEMBER_TAGMANIFEST] = "tagmanifest-sha256.txt",
    [PS_MEMBER_MINISIG] = "tagmanifest-sha256.txt.minisig",
    [PS_MEMBER_SSHSIG] = "tagmanifest-sha256.txt.sshsig",
    [PS_MEMBER_UNKNOWN] = NULL,
};

const char *ps_member_class_name(enum ps_member_class c)
{
    return c < PS_MEMBER_UNKNOWN ? names[c] : NULL;
}

static bool is_pack(struct ps_span name)
{
    return ps_span_ends(name, ".pack") &&
           (ps_span_starts(name, "data/proc/") || ps_span_starts(name, "data/opening/") ||
            ps_span_starts(name, "data/closing/"));
}

bool ps_member_object(struct ps_span name, uint8_t *sha256)
{
    static const char top[] = "data/objects/";
    size_t len = sizeof top - 1;
    return ps_span_starts(name, top) &&
           ps_hex_decode(ps_span_of(name.data + len, name.len - len), sha256, PS_SHA256_LEN);
}

enum ps_member_class ps_member_class_of(struct ps_span name)
{
    uint8_t sha256[PS_SHA256_LEN];
    for (int c = 0; c < PS_MEMBER_UNKNOWN; c++)
        if (names[c] != NULL && ps_span_is(name, names[c]))
            return (enum ps_member_class) c;
    if (is_pack(name))
        return PS_MEMBER_PACK;
    if (ps_span_starts(name, "data/proc/") || ps_span_starts(name, "data/facts/"))
        return PS_MEMBER_GLOBAL;
    if (ps_member_object(name, sha256))
        return PS_MEMBER_OBJECT;
    if (ps_span_starts(name, "data/memory/") && ps_span_ends(name, ".core"))
        return PS_MEMBER_CORE;
    if (ps_span_starts(name, "data/journal/") && ps_span_ends(name, ".ndjson"))
        return PS_MEMBER_JOURNAL;
    if (ps_span_starts(name, "data/records/") && ps_span_ends(name, ".ndjson"))
        return PS_MEMBER_RECORDS;
    return PS_MEMBER_UNKNOWN;
}

bool ps_member_is_raw(enum ps_member_class c)
{
    return c >= PS_MEMBER_PACK && c <= PS_MEMBER_CORE;
}

int ps_member_class_order(struct ps_span a, struct ps_span b)
{
    enum ps_member_class class_a = ps_member_class_of(a), class_b = ps_member_class_of(b);
    if (class_a != class_b)
        return class_a < class_b ? -1 : 1;
    /* Four digits at least: 10000 comes after 9999. */
    if (class_a == PS_MEMBER_JOURNAL && a.len != b.len)
        return a.len < b.len ? -1 : 1;
    int sign = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    if (sign != 0)
        return sign;
    return (a.len > b.len) - (a.len < b.len);
}
