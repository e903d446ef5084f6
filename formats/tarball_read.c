/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tarball_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/gzip_read.h"
#include "formats/tarball.h"

/* The pieces of gzip are a multiple of it, so that no block lies across two of them. */
enum { BLOCK = 512, PATH_ROOM = 155 + 1 + 100 };
_Static_assert(PS_GZIP_PIECE % BLOCK == 0, "blocks do not cross pieces");

struct ps_tarball_reader {
    struct ps_gzip_reader gzip;
    char top[PS_BUNDLE_ID_LEN + 1]; /* empty until the first member */
    int64_t mtime;
    char name[PATH_ROOM + 1];
    uint64_t left, padding; /* of the member under way */
    uint64_t members;
    bool ended, flawed;
    struct ps_flaw flaw;
};

struct ps_tarball_reader *ps_tarball_reader_new(ps_input *input, void *context, struct ps_error *err)
{
    struct ps_tarball_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void) ps_fail(err, ENOMEM, "no memory to read the bundle");
        return NULL;
    }
    if (!ps_gzip_reader_init(&r->gzip, input, context, err)) {
        free(r);
        return NULL;
    }
    return r;
}

/* The end of input within the tar is a cut, wherever it comes from. */
static enum ps_source_step tell(struct ps_tarball_reader *r, enum ps_source_step step, struct ps_flaw *flaw)
{
    if (step == PS_SOURCE_END)
        step = ps_flaw_set(flaw, PS_FLAW_CUT_SHORT, "the tar within is cut short", ps_span_text(r->name));
    if (step != PS_SOURCE_FLAW)
        return step;
    if (flaw->member_len == 0)
        (void) ps_flaw_set(flaw, flaw->kind, flaw->why, ps_span_text(r->name));
    r->flawed = true;
    r->flaw = *flaw;
    return step;
}

static enum ps_source_step malformed(struct ps_tarball_reader *r, const char *why, struct ps_span name,
                                     struct ps_flaw *flaw)
{
    return tell(r, ps_flaw_set(flaw, PS_FLAW_MALFORMED, why, name), flaw);
}

/* Up to `want` bytes, at least one. */
static enum ps_source_step take(struct ps_tarball_reader *r, uint64_t want, struct ps_span *out, struct ps_flaw *flaw,
                                struct ps_error *err)
{
    struct ps_gzip_reader *g = &r->gzip;
    if (g->at == g->len) {
        enum ps_source_step step = ps_gzip_reader_fill(g, flaw, err);
        if (step == PS_SOURCE_NEXT && g->bytes_out > PS_READ_BYTES_MAX)
            return malformed(r, "more than 64 GiB of tar", ps_span_text(r->name), flaw);
        if (step != PS_SOURCE_NEXT)
            return tell(r, step, flaw);
    }
    size_t len = g->len - g->at;
    if (len > want)
        len = (size_t) want;
    *out = ps_span_of(g->out + g->at, len);
    g->at += len;
    return PS_SOURCE_NEXT;
}

static bool all_zero(struct ps_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] != 0)
            return false;
    return true;
}

/* What is left of the member under way, and its padding. */
static enum ps_source_step skip(struct ps_tarball_reader *r, struct ps_flaw *flaw, struct ps_error *err)
{
    struct ps_span piece = {0};
    while (r->left > 0) {
        enum ps_source_step step = take(r, r->left, &piece, flaw, err);
        if (step != PS_SOURCE_NEXT)
            return step;
        r->left -= piece.len;
    }
    while (r->padding > 0) {
        enum ps_source_step step = take(r, r->padding, &piece, flaw, err);
        if (step != PS_SOURCE_NEXT)
            return step;
        r->padding -= piece.len;
        if (!all_zero(piece))
            return malformed(r, "the padding of a member is not zero", ps_span_text(r->name), flaw);
    }
    return PS_SOURCE_NEXT;
}

static enum ps_source_step take_block(struct ps_tarball_reader *r, struct ps_span *out, struct ps_flaw *flaw,
                                      struct ps_error *err)
{
    enum ps_source_step step = take(r, BLOCK, out, flaw, err);
    if (step != PS_SOURCE_NEXT || out->len == BLOCK)
        return step;
    /* Only the last piece is shorter: whatever comes next is its end, or the flaw that cut it. */
    struct ps_span rest = {0};
    step = take(r, 1, &rest, flaw, err);
    return step == PS_SOURCE_NEXT ? malformed(r, "a tar block is too short", ps_span_of(NULL, 0), flaw) : step;
}

/* After a zero block: exactly one more, and the end of everything. */
static enum ps_source_step read_end(struct ps_tarball_reader *r, struct ps_flaw *flaw, struct ps_error *err)
{
    struct ps_span block;
    r->name[0] = '\0';
    enum ps_source_step step = take_block(r, &block, flaw, err);
    if (step != PS_SOURCE_NEXT)
        return step;
    if (!all_zero(block))
        return malformed(r, "a lone zero block within the tar", ps_span_of(NULL, 0), flaw);
    if (r->gzip.at == r->gzip.len) {
        step = ps_gzip_reader_fill(&r->gzip, flaw, err);
        r->ended = step == PS_SOURCE_END;
        if (step == PS_SOURCE_FLAW)
            return tell(r, step, flaw);
        if (step != PS_SOURCE_NEXT)
            return step;
    }
    return malformed(r, "there are bytes behind the end of the tar", ps_span_of(NULL, 0), flaw);
}

static struct ps_span field(struct ps_span block, size_t at, size_t len)
{
    size_t n = 0;
    while (n < len && block.data[at + n] != 0)
        n++;
    return ps_span_of(block.data + at, n);
}

/* prefix, slash, name: as text that may be anything yet. */
static size_t path_of(struct ps_span block, char out[PATH_ROOM])
{
    struct ps_span name = field(block, 0, 100), prefix = field(block, 345, 155);
    size_t len = 0;
    if (prefix.len > 0) {
        memcpy(out, prefix.data, prefix.len);
        out[prefix.len] = '/';
        len = prefix.len + 1;
    }
    memcpy(out + len, name.data, name.len);
    return len + name.len;
}

static bool size_of(struct ps_span block, uint64_t *out)
{
    struct ps_cursor c = ps_cursor_over(ps_span_of(block.data + 124, 12));
    return ps_take_octal(&c, out) && c.at == 11;
}

/* The top directory is the first one that a member has; it must be a bundle id and stay the same. */
static const char *check_top(struct ps_tarball_reader *r, struct ps_span path)
{
    if (path.len <= PS_BUNDLE_ID_LEN + 1 || path.data[PS_BUNDLE_ID_LEN] != '/')
        return "not below a top directory that is a bundle id";
    if (r->top[0] != '\0')
        return memcmp(path.data, r->top, PS_BUNDLE_ID_LEN) == 0 ? NULL : "below another top directory";
    if (!ps_bundle_id_read(ps_span_of(path.data, PS_BUNDLE_ID_LEN), &r->mtime))
        return "not below a top directory that is a bundle id";
    memcpy(r->top, path.data, PS_BUNDLE_ID_LEN);
    return NULL;
}

/* NULL, or what is wrong with the header. */
static const char *read_header(struct ps_tarball_reader *r, struct ps_span block, struct ps_span path, uint64_t *size)
{
    if (block.data[156] != '0')
        return "not a regular file";
    const char *why = check_top(r, path);
    if (why != NULL)
        return why;
    struct ps_span name = ps_span_of(path.data + PS_BUNDLE_ID_LEN + 1, path.len - PS_BUNDLE_ID_LEN - 1);
    why = ps_member_check(name);
    if (why != NULL)
        return why;
    memcpy(r->name, name.data, name.len);
    r->name[name.len] = '\0';

    uint8_t again[BLOCK];
    if (!size_of(block, size) || !ps_tarball_header(r->top, r->name, *size, r->mtime, again) ||
        memcmp(block.data, again, BLOCK) != 0)
        return "its tar header is not the one that belongs to its name and size";
    if (*size > PS_READ_MEMBER_BYTES_MAX)
        return "larger than 16 GiB";
    return r->members >= PS_READ_MEMBERS_MAX ? "more than 1000000 members" : NULL;
}

static enum ps_source_step next_member(void *self, struct ps_member *out, struct ps_flaw *flaw, struct ps_error *err)
{
    struct ps_tarball_reader *r = self;
    struct ps_span block = {0};
    if (r->flawed) {
        *flaw = r->flaw;
        return PS_SOURCE_FLAW;
    }
    if (r->ended)
        return PS_SOURCE_END;
    enum ps_source_step step = skip(r, flaw, err);
    if (step == PS_SOURCE_NEXT)
        step = take_block(r, &block, flaw, err);
    if (step != PS_SOURCE_NEXT)
        return step;
    if (all_zero(block))
        return read_end(r, flaw, err);

    char path[PATH_ROOM];
    uint64_t size = 0;
    struct ps_span whole = ps_span_of(path, path_of(block, path));
    const char *why = read_header(r, block, whole, &size);
    if (why != NULL)
        return malformed(r, why, whole, flaw);
    r->members++;
    r->left = size;
    r->padding = (BLOCK - size % BLOCK) % BLOCK;
    *out = (struct ps_member){.name = ps_span_text(r->name), .size = size};
    return PS_SOURCE_NEXT;
}

static enum ps_source_step next_piece(void *self, struct ps_span *out, struct ps_flaw *flaw, struct ps_error *err)
{
    struct ps_tarball_reader *r = self;
    if (r->flawed) {
        *flaw = r->flaw;
        return PS_SOURCE_FLAW;
    }
    if (r->left == 0)
        return PS_SOURCE_END;
    enum ps_source_step step = take(r, r->left, out, flaw, err);
    if (step == PS_SOURCE_NEXT)
        r->left -= out->len;
    return step;
}

static const char *top_of(const void *self)
{
    const struct ps_tarball_reader *r = self;
    return r->top;
}

struct ps_member_source ps_tarball_reader_source(struct ps_tarball_reader *r)
{
    return (struct ps_member_source){.self = r, .member = next_member, .piece = next_piece, .top = top_of};
}

void ps_tarball_reader_identities(struct ps_tarball_reader *r, const struct ps_age_identities *ids)
{
    r->gzip.outer.ids = ids;
}

bool ps_tarball_reader_encrypted(const struct ps_tarball_reader *r, size_t *recipients,
                                 const struct ps_age_recipient **opened_by)
{
    const struct ps_age_reader *age = r->gzip.outer.age;
    if (age == NULL)
        return false;
    *recipients = ps_age_reader_recipients(age);
    *opened_by = ps_age_reader_opened_by(age);
    return true;
}

bool ps_tarball_reader_digest(struct ps_tarball_reader *r, uint8_t out[PS_BLAKE2B512_LEN], struct ps_error *err)
{
    struct ps_outer_input *outer = &r->gzip.outer;
    if (!ps_outer_drain(outer, r->gzip.in, sizeof r->gzip.in, err))
        return false;
    struct ps_blake2b512 digest = outer->digest;
    ps_blake2b512_final(&digest, out);
    return true;
}

uint64_t ps_tarball_reader_bytes_in(const struct ps_tarball_reader *r)
{
    return r->gzip.outer.bytes_in;
}

void ps_tarball_reader_free(struct ps_tarball_reader *r)
{
    if (r == NULL)
        return;
    ps_gzip_reader_done(&r->gzip);
    free(r);
}
