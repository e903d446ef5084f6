/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass over the members: each is hashed, and goes where its class says.
 */
#include "formats/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/bundle_dir.h"
#include "formats/pack.h"
#include "formats/tag_files.h"
#include "formats/verify_state.h"

enum {
    TAG_FILE_MAX = 64 << 10,
    UNKNOWN_MAX = 1 << 20,
    /* A part ends with the line that brings it to 256 KiB, and no line is longer than 1 MiB. */
    PART_MAX = (256 << 10) + PS_JSON_LINE_MAX + 1,
    /* What is still read after something was found that no further byte can mend. */
    FLAWED_MAX = 128 << 20,
    HEADER = 512,
};

/* The content of one file; no enum: it does not fit an int. */
#define OBJECT_MAX (UINT64_C(16) << 30)

/* No member of these classes is longer. */
static uint64_t most_bytes(const struct ps_verify *v, enum ps_member_class class)
{
    switch (class) {
    case PS_MEMBER_META:
    case PS_MEMBER_CLOSING:
    case PS_MEMBER_CHAIN:
        return PS_JSON_DOCUMENT_MAX;
    case PS_MEMBER_BAGIT:
    case PS_MEMBER_BAG_INFO:
    case PS_MEMBER_TAGMANIFEST:
    case PS_MEMBER_MINISIG:
    case PS_MEMBER_SSHSIG:
        return TAG_FILE_MAX;
    case PS_MEMBER_MANIFEST:
        /* A line for each member there is, and as much again for some that are not. */
        return TAG_FILE_MAX + 2 * v->report->members * (2 * PS_SHA256_LEN + 2 + PS_MEMBER_NAME_MAX + 1);
    case PS_MEMBER_PACK:
        return PS_PACK_MAX;
    case PS_MEMBER_GLOBAL:
        return PS_ENTRY_BYTES_MAX;
    case PS_MEMBER_OBJECT:
    case PS_MEMBER_CORE:
        return OBJECT_MAX;
    case PS_MEMBER_JOURNAL:
    case PS_MEMBER_RECORDS:
        return PART_MAX;
    case PS_MEMBER_CUSTODY:
        return PS_JSON_LINE_MAX + 1;
    case PS_MEMBER_UNKNOWN:
        break;
    }
    return UNKNOWN_MAX;
}

static bool is_lines(enum ps_member_class class)
{
    return class == PS_MEMBER_JOURNAL || class == PS_MEMBER_RECORDS || class == PS_MEMBER_CUSTODY ||
           class == PS_MEMBER_MANIFEST;
}

/* Small enough to be kept until its end. */
static bool is_text(enum ps_member_class class)
{
    return !ps_member_is_raw(class) && !is_lines(class) && class != PS_MEMBER_UNKNOWN;
}

static void content(struct ps_verify *v, const char *what)
{
    ps_verify_find(v, PS_FINDING_CONTENT, what, ps_span_text(v->name));
}

/* Raw bytes, journal and records mix; everything else has its place. */
static enum ps_member_class place_of(enum ps_member_class class)
{
    bool middle = class > PS_MEMBER_META && class < PS_MEMBER_CLOSING;
    return middle ? PS_MEMBER_PACK : class;
}

static void check_order(struct ps_verify *v)
{
    char journal[48];
    enum ps_member_class place = place_of(v->class);
    if (v->class == PS_MEMBER_UNKNOWN) {
        content(v, "bundles have no such member");
        return;
    }
    if (v->report->members == 1 ? place != PS_MEMBER_BAGIT : place < v->last)
        content(v, "it is not where it must be in the file");
    v->last = place;
    if (v->class != PS_MEMBER_JOURNAL)
        return;
    (void) snprintf(journal, sizeof journal, "data/journal/%04llu.ndjson", (unsigned long long) ++v->journal_parts);
    if (strcmp(v->name, journal) != 0)
        content(v, "the parts of the journal are not numbered one after the other");
}

static void begin_member(struct ps_verify *v, const struct ps_member *member)
{
    memcpy(v->name, member->name.data, member->name.len);
    v->name[member->name.len] = '\0';
    v->class = ps_member_class_of(member->name);
    v->report->members++;
    check_order(v);
    if (ps_member_class_name(v->class) != NULL && v->whole[v->class])
        ps_verify_find(v, PS_FINDING_STRUCTURE, "it is there twice", ps_span_text(v->name));
    if (member->size > most_bytes(v, v->class))
        ps_verify_find(v, PS_FINDING_STRUCTURE, "it is longer than such a member may be", ps_span_text(v->name));
    if (v->worst >= PS_FINDING_STRUCTURE)
        return;
    ps_buffer_clear(&v->text[v->class], SIZE_MAX);
    v->whole[v->class] = false;
    v->line_number = 0;
    v->line_flawed = false;
    ps_buffer_clear(&v->line, SIZE_MAX);
    if (ps_member_is_raw(v->class))
        ps_verify_raw_begin(v, member->size);
    if (v->class == PS_MEMBER_MANIFEST)
        ps_verify_manifest_begin(v);
}

static void take_piece(struct ps_verify *v, struct ps_span piece)
{
    if (ps_member_is_raw(v->class))
        ps_verify_raw_piece(v, piece);
    else if (is_lines(v->class))
        ps_verify_lines_piece(v, piece);
    else if (is_text(v->class))
        ps_buffer_add_span(&v->text[v->class], piece);
    if (v->text[v->class].failed)
        (void) ps_verify_out_of_memory(v);
}

/* The hash goes into the list that a manifest is compared with. The seal itself stands in none. */
static bool keep_hash(struct ps_verify *v, const uint8_t sha256[PS_SHA256_LEN])
{
    struct ps_span name = ps_span_text(v->name);
    if (v->class >= PS_MEMBER_TAGMANIFEST && v->class <= PS_MEMBER_SSHSIG)
        return true;
    struct ps_manifest *m = ps_span_starts(name, "data/") ? &v->payload : &v->tags;
    if (m == &v->payload && v->whole[PS_MEMBER_MANIFEST])
        ps_verify_find(v, PS_FINDING_TAMPERED, "no manifest lists it", name);
    if (!ps_manifest_add(m, name, sha256, v->err))
        v->failed = true;
    return !v->failed;
}

static void end_member(struct ps_verify *v, uint64_t size)
{
    if (is_lines(v->class))
        ps_verify_lines_end(v);
    v->whole[v->class] = true;
    if (ps_span_starts(ps_span_text(v->name), "data/"))
        v->report->payload_bytes += size;
    if (v->class == PS_MEMBER_META)
        ps_verify_meta(v);
    else if (v->class == PS_MEMBER_CLOSING)
        ps_verify_closing(v);
    else if (v->class == PS_MEMBER_CHAIN)
        ps_verify_chain(v);
    else if (v->class == PS_MEMBER_BAGIT && !ps_span_is(ps_buffer_span(&v->text[v->class]), PS_BAGIT_TEXT))
        content(v, "it is not that of BagIt 1.0");
}

static void take_flaw(struct ps_verify *v, const struct ps_flaw *flaw)
{
    struct ps_span about = ps_span_of(flaw->member, flaw->member_len);
    v->stopped = flaw->kind != PS_FLAW_DAMAGED;
    v->cut = flaw->kind == PS_FLAW_CUT_SHORT;
    switch (flaw->kind) {
    case PS_FLAW_CUT_SHORT:
        ps_verify_find(v, PS_FINDING_INCOMPLETE, flaw->why, about);
        return;
    case PS_FLAW_MALFORMED:
        ps_verify_find(v, PS_FINDING_STRUCTURE, flaw->why, about);
        return;
    case PS_FLAW_DAMAGED:
    case PS_FLAW_ALTERED:
        ps_verify_find(v, PS_FINDING_TAMPERED, flaw->why, about);
        return;
    case PS_FLAW_LOCKED:
        ps_verify_find(v, PS_FINDING_LOCKED, flaw->why, about);
        return;
    }
}

/* True when what was found decides the verdict and reading on would only cost time: a bomb has no end. */
static bool is_enough(struct ps_verify *v, uint64_t bytes)
{
    if (v->worst >= PS_FINDING_CONTENT)
        v->flawed_bytes += bytes;
    if (v->worst < PS_FINDING_STRUCTURE && v->flawed_bytes <= FLAWED_MAX)
        return false;
    if (v->worst < PS_FINDING_STRUCTURE)
        ps_verify_find(v, PS_FINDING_NOTE, "it was not read to its end: what was found is beyond mending",
                       ps_span_text(v->name));
    v->stopped = true;
    return true;
}

/* All of one member. */
static enum ps_source_step read_member(struct ps_verify *v, const struct ps_member_source *source,
                                       const struct ps_member *member, struct ps_flaw *flaw)
{
    struct ps_sha256 hash;
    struct ps_span piece;
    uint8_t sha256[PS_SHA256_LEN];
    enum ps_source_step step;
    ps_sha256_init(&hash);
    begin_member(v, member);
    if (is_enough(v, HEADER))
        return PS_SOURCE_END;
    while (!v->failed && (step = source->piece(source->self, &piece, flaw, v->err)) != PS_SOURCE_END) {
        if (step != PS_SOURCE_NEXT)
            return step;
        ps_sha256_update(&hash, piece);
        take_piece(v, piece);
        if (is_enough(v, piece.len))
            return PS_SOURCE_END;
    }
    ps_sha256_final(&hash, sha256);
    if (v->failed || !keep_hash(v, sha256))
        return PS_SOURCE_FAILED;
    end_member(v, member->size);
    return v->failed ? PS_SOURCE_FAILED : PS_SOURCE_NEXT;
}

/* False on our own failure. */
static bool read_members(struct ps_verify *v, const struct ps_member_source *source)
{
    struct ps_member member;
    struct ps_flaw flaw;
    enum ps_source_step step;
    do {
        step = source->member(source->self, &member, &flaw, v->err);
        if (step == PS_SOURCE_NEXT)
            step = read_member(v, source, &member, &flaw);
    } while (step == PS_SOURCE_NEXT);
    if (step == PS_SOURCE_FLAW)
        take_flaw(v, &flaw);
    v->top = source->top(source->self);
    return step != PS_SOURCE_FAILED;
}

static bool verify(struct ps_verify *v, const struct ps_member_source *source, struct ps_bundle_dir *files)
{
    v->files = files;
    if (!ps_verify_evidence_new(v) || !read_members(v, source))
        return false;
    ps_verify_evidence_end(v);
    if (!v->failed)
        ps_verify_seal(v);
    return !v->failed;
}

/* Frees the state; the report stays only when the work was done. */
static bool finish(struct ps_verify *v, bool done, struct ps_verify_report *report, struct ps_verify_report *out)
{
    if (done) {
        ps_verify_decide(v);
        *out = *report;
    } else {
        ps_verify_report_done(report);
    }
    for (size_t i = 0; i < sizeof v->text / sizeof *v->text; i++)
        ps_buffer_done(&v->text[i]);
    ps_buffer_done(&v->line);
    ps_json_check_done(&v->check);
    ps_manifest_done(&v->payload);
    ps_manifest_done(&v->tags);
    ps_manifest_done(&v->derived);
    ps_evidence_free(v->evidence);
    ps_records_free(v->records);
    free(report);
    free(v);
    return done;
}

/* State and report are too large for a stack. */
static struct ps_verify *begin(const struct ps_verify_wants *wants, struct ps_error *err)
{
    struct ps_verify *v = calloc(1, sizeof *v);
    struct ps_verify_report *report = calloc(1, sizeof *report);
    if (v == NULL || report == NULL) {
        free(v);
        free(report);
        (void) ps_fail(err, 0, "no memory to verify the bundle");
        return NULL;
    }
    v->wants = wants;
    v->report = report;
    v->err = err;
    return v;
}

static bool verify_file(struct ps_verify *v, struct ps_tarball_reader *reader)
{
    struct ps_member_source source = ps_tarball_reader_source(reader);
    uint8_t digest[PS_BLAKE2B512_LEN];
    ps_tarball_reader_identities(reader, v->wants->identities);
    if (!verify(v, &source, NULL))
        return false;
    ps_verify_encryption(v, reader);
    v->report->file_bytes = ps_tarball_reader_bytes_in(reader);
    if (!v->wants->has_minisig) {
        ps_verify_find(v, PS_FINDING_NOTE, "there is no signature beside the file: only what is in it was checked",
                       ps_span_of(NULL, 0));
        return true;
    }
    if (!ps_tarball_reader_digest(reader, digest, v->err))
        return false;
    v->report->file_bytes = ps_tarball_reader_bytes_in(reader);
    ps_verify_outer(v, digest);
    return true;
}

bool ps_verify_tarball(ps_input *input, void *context, const struct ps_verify_wants *wants,
                       struct ps_verify_report *out, struct ps_error *err)
{
    struct ps_verify *v = begin(wants, err);
    if (v == NULL)
        return false;
    struct ps_tarball_reader *reader = ps_tarball_reader_new(input, context, err);
    bool done = reader != NULL && verify_file(v, reader);
    done = finish(v, done, v->report, out);
    ps_tarball_reader_free(reader);
    return done;
}

bool ps_verify_dir(int dir, const struct ps_verify_wants *wants, struct ps_verify_report *out, struct ps_error *err)
{
    struct ps_verify *v = begin(wants, err);
    if (v == NULL)
        return false;
    struct ps_bundle_dir *files = ps_bundle_dir_new(dir, err);
    struct ps_member_source source = {0};
    if (files != NULL)
        source = ps_bundle_dir_source(files);
    bool done = files != NULL && verify(v, &source, files);
    done = finish(v, done, v->report, out);
    ps_bundle_dir_free(files);
    return done;
}
