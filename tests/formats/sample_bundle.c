/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/formats/sample_bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "formats/manifest.h"
#include "formats/minisign.h"
#include "formats/sshsig.h"
#include "formats/tarball_read.h"
#include "tests/formats/golden_key.h"

void sample_must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "sample bundle: %s\n", what);
    abort();
}

const struct ps_signing_key *sample_key(void)
{
    static struct ps_signing_key *key;
    if (key == NULL)
        key = golden_key();
    return key;
}

static const char meta[] =
    "{\"format\":1,\"records\":1,\"bundle\":\"" SAMPLE_ID "\",\"seq\":0,\"tool\":{\"version\":\"0\"},"
    "\"plan\":{\"content\":[\"exe\",\"fd/{}\"]},"
    "\"case\":{\"id\":\"C-1\",\"examiner\":\"E\\u00e9\",\"evidence_id\":null,\"reason\":null,\"authority\":null,"
    "\"case_officer\":null},\"host\":{\"boot_id\":\"11111111-2222-3333-4444-555555555555\",\"clk_tck\":100,"
    "\"pid_namespace\":4026531836,\"net_namespace\":4026531840},"
    "\"clock\":{\"realtime_us\":1795306500000000,\"boottime_us\":900000,\"monotonic_us\":900000,"
    "\"uncertainty_ns\":800}}\n";

static const char closing[] =
    "{\"counts\":{\"captures\":17,\"raw_bytes\":706,\"records\":16,"
    "\"outcomes\":{\"complete\":13,\"truncated\":1,\"absent\":1,\"denied\":1,\"shared\":1}},\"sealed_early\":null}\n";

static bool to_buffer(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) err;
    ps_buffer_add(context, data, len);
    return true;
}

static void write_honest(struct sample *s, struct ps_buffer *file, struct ps_buffer *minisig)
{
    struct ps_error err;
    struct ps_bundle *b = ps_bundle_new(SAMPLE_ID, 0, 6, NULL, to_buffer, file, &err);
    sample_must(b != NULL && ps_bundle_add(b, "data/meta.json", ps_span_text(meta), &err), "beginning");
    sample_add_evidence(b);
    sample_must(ps_bundle_add(b, "data/closing.json", ps_span_text(closing), &err), "closing");
    struct ps_seal_facts facts = {
        .software_agent = "procsnap 0",
        .time = SAMPLE_TIME + 1,
        .case_id = "C-1",
        .examiner = "E\xc3\xa9",
        .chain_id = SAMPLE_CHAIN,
        .boot_id = "11111111-2222-3333-4444-555555555555",
        .reason = "single",
        .started_boottime_us = 900000,
        .finished_boottime_us = 2000000,
        .key = sample_key(),
    };
    struct ps_sealed sealed;
    sample_must(ps_bundle_seal(b, &facts, &sealed, &err), err.text);
    s->head = sealed.head;
    if (minisig != NULL)
        *minisig = sealed.minisig;
    else
        ps_buffer_done(&sealed.minisig);
    ps_bundle_free(b);
}

bool sample_input(void *context, void *out, size_t room, size_t *got, struct ps_error *err)
{
    struct ps_span *left = context;
    (void) err;
    *got = left->len < room ? left->len : room;
    if (*got > 0)
        memcpy(out, left->data, *got);
    *left = ps_span_of(left->data + *got, left->len - *got);
    return true;
}

static void read_back(struct sample *s, const struct ps_buffer *file)
{
    struct ps_span left = ps_buffer_span(file);
    struct ps_error err;
    struct ps_tarball_reader *r = ps_tarball_reader_new(sample_input, &left, &err);
    sample_must(r != NULL, "reading");
    struct ps_member_source source = ps_tarball_reader_source(r);
    struct ps_member member;
    struct ps_flaw flaw;
    struct ps_span piece;
    enum ps_source_step step;
    while ((step = source.member(source.self, &member, &flaw, &err)) == PS_SOURCE_NEXT) {
        struct sample_member *m = &s->members[s->count++];
        snprintf(m->name, sizeof m->name, "%.*s", (int) member.name.len, (const char *) member.name.data);
        while ((step = source.piece(source.self, &piece, &flaw, &err)) == PS_SOURCE_NEXT)
            ps_buffer_add_span(&m->bytes, piece);
        sample_must(step == PS_SOURCE_END && m->bytes.len == member.size, "reading a member");
    }
    sample_must(step == PS_SOURCE_END, "the end");
    ps_tarball_reader_free(r);
}

void sample_make(struct sample *s, struct ps_buffer *file, struct ps_buffer *minisig)
{
    struct ps_buffer own = {0};
    *s = (struct sample){0};
    write_honest(s, file != NULL ? file : &own, minisig);
    read_back(s, file != NULL ? file : &own);
    ps_buffer_done(&own);
}

void sample_free(struct sample *s)
{
    for (size_t i = 0; i < s->count; i++)
        ps_buffer_done(&s->members[i].bytes);
    s->count = 0;
}

size_t sample_at(const struct sample *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->members[i].name, name) == 0)
            return i;
    sample_must(false, name);
    return 0;
}

struct ps_buffer *sample_bytes(struct sample *s, const char *name)
{
    return &s->members[sample_at(s, name)].bytes;
}

void sample_set(struct sample *s, const char *name, const char *text)
{
    struct ps_buffer *bytes = sample_bytes(s, name);
    ps_buffer_clear(bytes, SIZE_MAX);
    ps_buffer_add_text(bytes, text);
}

void sample_change(struct sample *s, const char *name, const char *from, const char *to)
{
    struct ps_buffer *bytes = sample_bytes(s, name), old = *bytes;
    size_t len = strlen(from), at = 0;
    while (at + len <= old.len && memcmp(old.data + at, from, len) != 0)
        at++;
    sample_must(at + len <= old.len, from);
    *bytes = (struct ps_buffer){0};
    ps_buffer_add(bytes, old.data, at);
    ps_buffer_add_text(bytes, to);
    ps_buffer_add(bytes, old.data + at + len, old.len - at - len);
    ps_buffer_done(&old);
}

void sample_insert(struct sample *s, size_t at, const char *name, const char *text)
{
    sample_must(s->count < sizeof s->members / sizeof *s->members, "too many members");
    memmove(&s->members[at + 1], &s->members[at], (s->count++ - at) * sizeof *s->members);
    s->members[at] = (struct sample_member){0};
    snprintf(s->members[at].name, sizeof s->members[at].name, "%s", name);
    ps_buffer_add_text(&s->members[at].bytes, text);
}

void sample_remove(struct sample *s, const char *name)
{
    size_t at = sample_at(s, name);
    ps_buffer_done(&s->members[at].bytes);
    memmove(&s->members[at], &s->members[at + 1], (--s->count - at) * sizeof *s->members);
}

/* A manifest over the members that `payload` says; false: the tag files. */
static void write_manifest(struct sample *s, const char *name, bool payload)
{
    struct ps_manifest m = {0};
    struct ps_error err;
    for (size_t i = 0; i < s->count; i++) {
        struct ps_span path = ps_span_text(s->members[i].name);
        uint8_t sha256[PS_SHA256_LEN];
        if (ps_span_starts(path, "data/") != payload || ps_span_starts(path, "tagmanifest-"))
            continue;
        ps_sha256_of(ps_buffer_span(&s->members[i].bytes), sha256);
        sample_must(ps_manifest_add(&m, path, sha256, &err), err.text);
    }
    ps_manifest_sort(&m);
    ps_buffer_clear(sample_bytes(s, name), SIZE_MAX);
    ps_manifest_add_text(&m, sample_bytes(s, name));
    ps_manifest_done(&m);
}

/* The comment of the minisig that is there. */
static struct ps_span comment_of(struct sample *s)
{
    struct ps_cursor c = ps_cursor_over(ps_buffer_span(sample_bytes(s, "tagmanifest-sha256.txt.minisig")));
    struct ps_span line;
    sample_must(ps_take_until(&c, '\n', &line) && ps_take_until(&c, '\n', &line) &&
                    ps_take_text(&c, "trusted comment: ") && ps_take_until(&c, '\n', &line),
                "comment");
    return line;
}

void sample_sign(struct sample *s)
{
    uint8_t blake2b[PS_BLAKE2B512_LEN], sha512[PS_SHA512_LEN];
    struct ps_buffer minisig = {0}, *old = sample_bytes(s, "tagmanifest-sha256.txt.minisig");
    struct ps_error err;
    write_manifest(s, "tagmanifest-sha256.txt", false);
    struct ps_span text = ps_buffer_span(sample_bytes(s, "tagmanifest-sha256.txt"));
    ps_blake2b512_of(text, blake2b);
    ps_sha512_of(text, sha512);
    sample_must(ps_minisign_sign(sample_key(), blake2b, comment_of(s), &minisig, &err), err.text);
    ps_buffer_done(old);
    *old = minisig;
    struct ps_buffer *sshsig = sample_bytes(s, "tagmanifest-sha256.txt.sshsig");
    ps_buffer_clear(sshsig, SIZE_MAX);
    ps_sshsig_sign(sample_key(), sha512, sshsig);
}

/* So that only what a test is about is wrong. */
static void fix_oxum(struct sample *s)
{
    uint64_t bytes = 0, count = 0;
    char oxum[80], old[80];
    for (size_t i = 0; i < s->count; i++) {
        if (strncmp(s->members[i].name, "data/", 5) != 0)
            continue;
        bytes += s->members[i].bytes.len;
        count++;
    }
    struct ps_cursor c = ps_cursor_over(ps_buffer_span(sample_bytes(s, "bag-info.txt")));
    struct ps_span line;
    while (ps_take_line(&c, &line) && !ps_span_starts(line, "Payload-Oxum: "))
        continue;
    snprintf(old, sizeof old, "%.*s", (int) line.len, (const char *) line.data);
    snprintf(oxum, sizeof oxum, "Payload-Oxum: %llu.%llu", (unsigned long long) bytes, (unsigned long long) count);
    sample_change(s, "bag-info.txt", old, oxum);
}

void sample_reseal(struct sample *s)
{
    fix_oxum(s);
    write_manifest(s, "manifest-sha256.txt", true);
    sample_sign(s);
}

void sample_pack(const struct sample *s, struct ps_buffer *file)
{
    struct ps_error err;
    struct ps_tarball *t = ps_tarball_new(SAMPLE_ID, SAMPLE_TIME, 6, to_buffer, file, &err);
    sample_must(t != NULL, "tarball");
    for (size_t i = 0; i < s->count; i++)
        sample_must(ps_tarball_add(t, s->members[i].name, ps_buffer_span(&s->members[i].bytes), &err), err.text);
    sample_must(ps_tarball_finish(t, &err), err.text);
    ps_tarball_free(t);
}

void sample_gunzip(struct ps_span file, struct ps_buffer *tar)
{
    uint8_t block[4096];
    z_stream z = {0};
    int step = Z_OK;
    sample_must(inflateInit2(&z, 16 + MAX_WBITS) == Z_OK, "zlib");
    z.next_in = (Bytef *) (uintptr_t) file.data;
    z.avail_in = (uInt) file.len;
    while (step == Z_OK) {
        z.next_out = block;
        z.avail_out = sizeof block;
        step = inflate(&z, Z_NO_FLUSH);
        ps_buffer_add(tar, block, sizeof block - z.avail_out);
    }
    sample_must(step == Z_STREAM_END, "inflate");
    inflateEnd(&z);
}

void sample_gzip(struct ps_span tar, struct ps_buffer *file)
{
    uint8_t block[4096], trailer[8];
    z_stream z = {0};
    int step = Z_OK;
    uLong crc = crc32(crc32(0, NULL, 0), tar.data, (uInt) tar.len);
    sample_must(deflateInit2(&z, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
    ps_buffer_add(file, ps_gzip_header, sizeof ps_gzip_header);
    z.next_in = (Bytef *) (uintptr_t) tar.data;
    z.avail_in = (uInt) tar.len;
    while (step == Z_OK) {
        z.next_out = block;
        z.avail_out = sizeof block;
        step = deflate(&z, Z_FINISH);
        ps_buffer_add(file, block, sizeof block - z.avail_out);
    }
    sample_must(step == Z_STREAM_END, "deflate");
    deflateEnd(&z);
    for (int i = 0; i < 4; i++) {
        trailer[i] = (uint8_t) (crc >> 8 * i);
        trailer[4 + i] = (uint8_t) (tar.len >> 8 * i);
    }
    ps_buffer_add(file, trailer, sizeof trailer);
}
