/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/evidence_raw.h"

#include <stdlib.h>
#include <string.h>

#include "formats/json_check.h"
#include "formats/member_class.h"

struct ps_raw *ps_raw_new(struct ps_span name, bool whole)
{
    struct ps_raw *r = calloc(1, sizeof *r + name.len + 1);
    if (r == NULL)
        return NULL;
    memcpy(r->name, name.data, name.len);
    enum ps_member_class class = ps_member_class_of(name);
    r->pack = class == PS_MEMBER_PACK;
    r->object = class == PS_MEMBER_OBJECT || class == PS_MEMBER_CORE;
    r->whole = whole && !r->object;
    if (r->object)
        ps_sha256_init(&r->hash);
    return r;
}

void ps_raw_free(struct ps_raw *r)
{
    ps_buffer_done(&r->kept);
    free(r);
}

uint64_t ps_raw_held(const struct ps_raw *r)
{
    enum { TREE_NODE = 64 };
    return sizeof *r + strlen(r->name) + TREE_NODE + r->kept.room;
}

/* What belongs to the header of the entry under way. NULL, or what is wrong. */
static const char *take_head(struct ps_raw *r, struct ps_span *bytes)
{
    struct ps_cursor head;
    struct ps_pack_entry entry;
    const char *why;
    size_t room = PS_PACK_HEAD_MAX - (r->kept.len - r->head), len = bytes->len < room ? bytes->len : room;
    const uint8_t *end = memchr(bytes->data, '\n', len);
    if (end != NULL)
        len = (size_t) (end - bytes->data) + 1;
    if (r->at >= PS_PACK_ROLL)
        return "an entry begins where its pack has 1 MiB already";
    ps_buffer_add(&r->kept, bytes->data, len);
    *bytes = ps_span_of(bytes->data + len, bytes->len - len);
    if (r->kept.failed)
        return ps_no_memory;
    if (end == NULL)
        return len == room ? "an entry whose header is longer than any" : NULL;
    head = ps_cursor_over(ps_span_of(r->kept.data + r->head, r->kept.len - r->head));
    if (!ps_pack_head(&head, &entry, &why))
        return why;
    r->at += head.in.len + entry.bytes.len + 1;
    r->body = entry.bytes.len + 1;
    return NULL;
}

/* What belongs to the bytes of the entry under way. */
static const char *take_body(struct ps_raw *r, struct ps_span *bytes)
{
    size_t len = r->body < bytes->len ? (size_t) r->body : bytes->len;
    if (r->whole)
        ps_buffer_add(&r->kept, bytes->data, len);
    if (r->kept.failed)
        return ps_no_memory;
    r->body -= len;
    if (r->body == 0 && bytes->data[len - 1] != '\n')
        return "an entry does not end where its length says";
    if (r->body == 0)
        r->head = r->kept.len;
    *bytes = ps_span_of(bytes->data + len, bytes->len - len);
    return NULL;
}

const char *ps_raw_bytes(struct ps_raw *r, struct ps_span bytes)
{
    const char *why = NULL;
    r->size += bytes.len;
    if (r->object)
        ps_sha256_update(&r->hash, bytes);
    if (!r->pack) {
        if (r->whole)
            ps_buffer_add_span(&r->kept, bytes);
        return r->kept.failed ? ps_no_memory : NULL;
    }
    while (why == NULL && bytes.len > 0)
        why = r->body > 0 ? take_body(r, &bytes) : take_head(r, &bytes);
    return why;
}

enum ps_pack_step ps_raw_next(const struct ps_raw *r, struct ps_cursor *in, uint64_t *at, struct ps_pack_entry *out,
                              const char **why)
{
    size_t begin = in->at;
    *why = "its last entry is cut short";
    if (r->body > 0 || r->kept.len > r->head)
        return PS_PACK_BAD;
    if (r->whole)
        return ps_pack_next(in, out, why);
    if (ps_cursor_done(in))
        return PS_PACK_END;
    if (!ps_pack_head(in, out, why))
        return PS_PACK_BAD;
    out->at = (size_t) *at;
    *at += in->at - begin + out->bytes.len + 1;
    return PS_PACK_ENTRY;
}
