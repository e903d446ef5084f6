/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/bundle_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/age_write.h"
#include "formats/manifest.h"
#include "formats/member_name.h"
#include "formats/minisign.h"
#include "formats/sshsig.h"
#include "formats/tag_files.h"
#include "formats/timestamp.h"

/* What leaves last: the bytes of the file, on their way to the caller's sink. */
struct outlet {
    ps_sink *sink;
    void *context;
    struct ps_blake2b512 digest;
    uint64_t bytes;
};

struct ps_bundle {
    struct outlet outlet;
    struct ps_age_writer *age; /* between the tarball and the outlet; NULL: not encrypted */
    struct ps_tarball *tarball;
    struct ps_tagged about;
    char id[PS_BUNDLE_ID_LEN + 1];
    struct ps_manifest payload, tags;
    uint64_t members;
    struct ps_sha256 streamed; /* of the member under way, when it comes in pieces */
    char streaming[PS_MEMBER_NAME_MAX + 1];
    bool failed, sealed;
};

void ps_bundle_id_make(int64_t unix_time, uint32_t random, char out[PS_BUNDLE_ID_LEN + 1])
{
    char time[PS_TIMESTAMP_SIZE];
    ps_timestamp_compact(unix_time * 1000000, time);
    (void) snprintf(out, PS_BUNDLE_ID_LEN + 1, "procsnap-%.16s-%08" PRIx32, time, random);
}

void ps_bundle_file_name(const char *id, bool encrypted, char out[PS_BUNDLE_FILE_LEN + 1])
{
    (void) snprintf(out, PS_BUNDLE_FILE_LEN + 1, "%s.tar.gz%s", id, encrypted ? ".age" : "");
}

static bool add_member(struct ps_bundle *b, struct ps_manifest *manifest, const char *name, struct ps_span bytes,
                       struct ps_error *err)
{
    uint8_t sha256[PS_SHA256_LEN];
    ps_sha256_of(bytes, sha256);
    if (manifest != NULL && !ps_manifest_add(manifest, ps_span_text(name), sha256, err))
        return false;
    b->members++;
    if (ps_tarball_add(b->tarball, name, bytes, err))
        return true;
    b->failed = true;
    return false;
}

/* A text that was built for the purpose; its buffer is empty afterwards. */
static bool add_text(struct ps_bundle *b, struct ps_manifest *manifest, const char *name, struct ps_buffer *text,
                     struct ps_error *err)
{
    bool added = text->failed ? ps_fail(err, ENOMEM, "no memory for %s", name)
                              : add_member(b, manifest, name, ps_buffer_span(text), err);
    ps_buffer_done(text);
    return added;
}

static bool let_out(void *context, const void *data, size_t len, struct ps_error *err)
{
    struct outlet *o = context;
    ps_blake2b512_update(&o->digest, ps_span_of(data, len));
    o->bytes += len;
    return o->sink(o->context, data, len, err);
}

/* The stages behind the members: gzip, age where there are recipients, the outlet. */
static bool open_stages(struct ps_bundle *b, int64_t time, int level, struct ps_error *err)
{
    if (b->about.to != NULL) {
        b->age = ps_age_writer_new(b->about.to, let_out, &b->outlet, err);
        if (b->age == NULL)
            return false;
    }
    b->tarball = b->age != NULL ? ps_tarball_new(b->id, time, level, ps_age_writer_write, b->age, err)
                                : ps_tarball_new(b->id, time, level, let_out, &b->outlet, err);
    return b->tarball != NULL;
}

struct ps_bundle *ps_bundle_new(const char *id, uint64_t seq, int level, const struct ps_age_recipients *to,
                                ps_sink *sink, void *context, struct ps_error *err)
{
    int64_t time = 0;
    if (!ps_bundle_id_read(ps_span_text(id), &time)) {
        (void) ps_fail(err, EINVAL, "starting bundle %s", id);
        return NULL;
    }
    struct ps_bundle *b = calloc(1, sizeof *b);
    if (b == NULL) {
        (void) ps_fail(err, ENOMEM, "starting bundle %s", id);
        return NULL;
    }
    memcpy(b->id, id, PS_BUNDLE_ID_LEN);
    b->about = (struct ps_tagged){.bundle = b->id, .seq = seq, .to = to != NULL && to->count > 0 ? to : NULL};
    b->outlet = (struct outlet){.sink = sink, .context = context};
    ps_blake2b512_init(&b->outlet.digest);
    if (!open_stages(b, time, level, err) || !add_member(b, &b->tags, "bagit.txt", ps_span_text(PS_BAGIT_TEXT), err)) {
        ps_bundle_free(b);
        return NULL;
    }
    return b;
}

static bool may_add(const struct ps_bundle *b, const char *name, uint64_t size, struct ps_error *err)
{
    uint8_t header[512];
    if (b->failed || b->sealed)
        return ps_fail(err, 0, "adding %s: the bundle %s", name, b->failed ? "has failed already" : "is sealed");
    if (b->streaming[0] != '\0')
        return ps_fail(err, 0, "adding %s: %s has not ended", name, b->streaming);
    if (!ps_span_starts(ps_span_text(name), "data/") || !ps_tarball_header(b->id, name, size, 0, header))
        return ps_fail(err, 0, "adding %s: no such name can be in a bundle", name);
    return true;
}

bool ps_bundle_add(struct ps_bundle *b, const char *name, struct ps_span bytes, struct ps_error *err)
{
    if (!may_add(b, name, bytes.len, err) || !add_member(b, &b->payload, name, bytes, err))
        return false;
    b->about.payload_bytes += bytes.len;
    b->about.payload_members++;
    return true;
}

bool ps_bundle_begin(struct ps_bundle *b, const char *name, uint64_t size, struct ps_error *err)
{
    if (!may_add(b, name, size, err))
        return false;
    (void) snprintf(b->streaming, sizeof b->streaming, "%s", name);
    ps_sha256_init(&b->streamed);
    b->members++;
    b->about.payload_bytes += size;
    b->about.payload_members++;
    b->failed = !ps_tarball_begin(b->tarball, name, size, err);
    return !b->failed;
}

bool ps_bundle_piece(struct ps_bundle *b, struct ps_span bytes, struct ps_error *err)
{
    if (b->failed || b->streaming[0] == '\0')
        return ps_fail(err, 0, "a piece of no member of the bundle");
    ps_sha256_update(&b->streamed, bytes);
    b->failed = !ps_tarball_piece(b->tarball, bytes, err);
    return !b->failed;
}

bool ps_bundle_end(struct ps_bundle *b, uint8_t *sha256, struct ps_error *err)
{
    if (b->failed || b->streaming[0] == '\0')
        return ps_fail(err, 0, "the end of no member of the bundle");
    ps_sha256_final(&b->streamed, sha256);
    b->failed = !ps_manifest_add(&b->payload, ps_span_text(b->streaming), sha256, err);
    b->streaming[0] = '\0';
    return !b->failed;
}

/* In pieces: at the end of a large run its text is megabytes. */
static bool add_manifest(struct ps_bundle *b, struct ps_error *err)
{
    static const char name[] = "manifest-sha256.txt";
    struct ps_manifest *m = &b->payload;
    struct ps_span one, other;
    ps_manifest_sort(m);
    if (ps_manifest_clash(m, &one, &other))
        return ps_fail(err, 0, "sealing: the members %.*s and %.*s clash", (int) one.len, (const char *) one.data,
                       (int) other.len, (const char *) other.data);

    struct ps_sha256 hash;
    struct ps_buffer lines = {0};
    bool fine = ps_tarball_begin(b->tarball, name, m->text_len, err);
    ps_sha256_init(&hash);
    for (size_t i = 0; fine && i < m->count; i++) {
        ps_manifest_add_line(m, i, &lines);
        if (lines.len < 32 << 10 && i + 1 < m->count)
            continue;
        ps_sha256_update(&hash, ps_buffer_span(&lines));
        fine = lines.failed ? ps_fail(err, ENOMEM, "no memory for the manifest")
                            : ps_tarball_piece(b->tarball, ps_buffer_span(&lines), err);
        ps_buffer_clear(&lines, SIZE_MAX);
    }
    ps_buffer_done(&lines);
    uint8_t sha256[PS_SHA256_LEN];
    ps_sha256_final(&hash, sha256);
    b->members++;
    return fine && ps_manifest_add(&b->tags, ps_span_of(name, sizeof name - 1), sha256, err);
}

static bool add_tag_files(struct ps_bundle *b, const struct ps_seal_facts *facts, struct ps_error *err)
{
    struct ps_buffer text = {0};
    ps_tag_bag_info(&b->about, facts, &text);
    if (!add_text(b, &b->tags, "bag-info.txt", &text, err) || !add_manifest(b, err))
        return false;
    ps_tag_chain(&b->about, facts, &text);
    if (!add_text(b, &b->tags, "chain.json", &text, err))
        return false;
    ps_tag_custody(&b->about, facts, &text);
    return add_text(b, &b->tags, "custody.ndjson", &text, err);
}

static bool minisign(const struct ps_bundle *b, const struct ps_seal_facts *facts, const char *file,
                     const uint8_t digest[PS_BLAKE2B512_LEN], struct ps_buffer *out, struct ps_error *err)
{
    struct ps_buffer comment = {0};
    ps_tag_trusted_comment(&b->about, facts, file, &comment);
    bool done = comment.failed ? ps_fail(err, ENOMEM, "no memory for a signature")
                               : ps_minisign_sign(facts->key, digest, ps_buffer_span(&comment), out, err);
    ps_buffer_done(&comment);
    return done;
}

/* The root is the hash of the tag manifest; the last two members sign the same bytes. */
static bool add_signed_root(struct ps_bundle *b, const struct ps_seal_facts *facts, uint8_t root[PS_SHA256_LEN],
                            struct ps_error *err)
{
    struct ps_buffer manifest = {0}, signature = {0};
    uint8_t blake2b[PS_BLAKE2B512_LEN], sha512[PS_SHA512_LEN];
    ps_manifest_sort(&b->tags);
    ps_manifest_add_text(&b->tags, &manifest);
    ps_sha256_of(ps_buffer_span(&manifest), root);
    ps_blake2b512_of(ps_buffer_span(&manifest), blake2b);
    ps_sha512_of(ps_buffer_span(&manifest), sha512);
    if (!add_text(b, NULL, "tagmanifest-sha256.txt", &manifest, err))
        return false;
    bool signed_ = minisign(b, facts, "tagmanifest-sha256.txt", blake2b, &signature, err);
    if (!signed_) {
        ps_buffer_done(&signature);
        return false;
    }
    if (!add_text(b, NULL, "tagmanifest-sha256.txt.minisig", &signature, err))
        return false;
    ps_sshsig_sign(facts->key, sha512, &signature);
    return add_text(b, NULL, "tagmanifest-sha256.txt.sshsig", &signature, err);
}

/* The signature beside the file: over every byte that has gone to the sink. */
static bool sign_file(struct ps_bundle *b, const struct ps_seal_facts *facts, struct ps_buffer *out,
                      struct ps_error *err)
{
    char file[PS_BUNDLE_FILE_LEN + 1];
    uint8_t digest[PS_BLAKE2B512_LEN];
    ps_bundle_file_name(b->id, b->age != NULL, file);
    ps_blake2b512_final(&b->outlet.digest, digest);
    return minisign(b, facts, facts->file != NULL ? facts->file : file, digest, out, err);
}

static void fill_in(const struct ps_bundle *b, const struct ps_seal_facts *facts, struct ps_sealed *out)
{
    struct ps_head *head = &out->head;
    memcpy(head->bundle, b->id, sizeof head->bundle);
    head->seq = b->about.seq;
    head->pk = *ps_signing_key_public(facts->key);
    head->has_prev = facts->prev_root != NULL;
    if (head->has_prev)
        memcpy(head->prev, facts->prev_root, sizeof head->prev);
    out->members = b->members;
    out->payload_members = b->about.payload_members;
    out->payload_bytes = b->about.payload_bytes;
    out->tar_bytes = ps_tarball_bytes_in(b->tarball);
    out->file_bytes = b->outlet.bytes;
}

bool ps_bundle_seal(struct ps_bundle *b, const struct ps_seal_facts *facts, struct ps_sealed *out, struct ps_error *err)
{
    if (b->failed || b->sealed)
        return ps_fail(err, 0, "sealing: the bundle %s", b->failed ? "has failed already" : "is sealed already");
    if (b->streaming[0] != '\0')
        return ps_fail(err, 0, "sealing: %s has not ended", b->streaming);
    struct ps_sealed sealed = {0};
    b->sealed = true;
    bool done = add_tag_files(b, facts, err) && add_signed_root(b, facts, sealed.head.root, err) &&
                ps_tarball_finish(b->tarball, err) && (b->age == NULL || ps_age_writer_finish(b->age, err)) &&
                sign_file(b, facts, &sealed.minisig, err);
    if (!done) {
        b->failed = true;
        ps_buffer_done(&sealed.minisig);
        return false;
    }
    fill_in(b, facts, &sealed);
    *out = sealed;
    return true;
}

uint64_t ps_bundle_bytes_in(const struct ps_bundle *b)
{
    return ps_tarball_bytes_in(b->tarball);
}

void ps_bundle_free(struct ps_bundle *b)
{
    if (b == NULL)
        return;
    ps_tarball_free(b->tarball);
    ps_age_writer_free(b->age);
    ps_manifest_done(&b->payload);
    ps_manifest_done(&b->tags);
    free(b);
}
