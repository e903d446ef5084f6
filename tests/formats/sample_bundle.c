/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/formats/sample_bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "formats/manifest.h"
#include "formats/minisign.h"
#include "formats/pack.h"
#include "formats/records.h"
#include "formats/sshsig.h"
#include "formats/tarball_read.h"
#include "tests/formats/golden_key.h"

static void must(bool done, const char *what)
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

/* A line under way, as a collector writes it. */
struct line {
    struct ps_bundle *bundle;
    struct ps_records *records;
    struct ps_buffer journal;
    struct ps_line head;
    struct ps_buffer pack;
    const char *name;
    struct ps_capture captures[16];
    struct ps_stored entries[16][8];
    struct ps_lost lost[16];
    size_t count;
};

static const char stat_1[] =
    "1 (init) S 0 1 1 0 -1 4194560 10 20 1 2 3 4 5 6 20 0 1 0 5 1000000 200 18446744073709551615 1 1 0 0 0 0 0 4096 "
    "17475 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
static const char stat_7[] =
    "7 (a) b\n) R 1 7 1 0 -1 4194560 10 20 1 2 3 4 5 6 20 0 1 0 900 1000000 200 18446744073709551615 1 1 0 0 0 0 0 "
    "4096 17475 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

static bool add_part(void *context, const char *kind, unsigned part, struct ps_span text)
{
    struct ps_error err;
    char name[80];
    snprintf(name, sizeof name, "data/records/%s-%04u.ndjson", kind, part);
    return ps_bundle_add(context, name, text, &err);
}

static void begin(struct line *l, enum ps_line_scope scope, enum ps_reader reader, const char *name)
{
    l->head = (struct ps_line){.scope = scope, .reader = reader, .us = 1000000 + 100 * (uint64_t) reader};
    if (scope == PS_LINE_PROCESS) {
        l->head.pid = 1;
        l->head.start = 5;
        l->head.life = "1";
    }
    l->name = name;
    l->count = 0;
    ps_buffer_clear(&l->pack, SIZE_MAX);
    ps_records_line(l->records, &l->head);
}

/* A capture; `path` finds its row. */
static struct ps_capture *capture(struct line *l, const char *name, const char *path, enum ps_scope scope,
                                  enum ps_outcome outcome)
{
    struct ps_capture *c = &l->captures[l->count++];
    *c = (struct ps_capture){.name = name, .outcome = outcome, .begin_us = l->head.us + 7, .took_us = 2};
    c->row = ps_catalog_path(ps_span_text(path), scope);
    must(c->row != NULL, path);
    return c;
}

/* One entry of the pack, for that capture. `below`: its name in a directory, or NULL. */
static void item(struct line *l, struct ps_capture *c, const char *below, const char *name, struct ps_span bytes)
{
    size_t index = (size_t) (c - l->captures);
    if (!c->stored)
        c->offset = l->pack.len;
    c->stored = true;
    c->bytes += bytes.len;
    if (below != NULL) {
        l->entries[index][c->entry_count++] = (struct ps_stored){ps_span_text(below), bytes.len};
        c->entries = l->entries[index];
    }
    bool link = c->row->source == PS_READLINK;
    ps_pack_add(&l->pack, link ? PS_PACK_LINK : PS_PACK_FILE, ps_span_text(name), bytes);
}

/* Everything of the line into the records, in the order that records.h asks for. */
static void feed(struct line *l, const struct ps_line_end *end)
{
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&l->pack));
    struct ps_pack_entry found;
    const char *why;
    while (ps_pack_next(&in, &found, &why) == PS_PACK_ENTRY) {
        struct ps_entry entry = {.name = found.name, .bytes = found.bytes, .member = l->name};
        for (size_t i = 0; i < l->count; i++) {
            const struct ps_capture *c = &l->captures[i];
            size_t stem = strcspn(c->name, "{");
            bool family = c->name[stem] == '{';
            bool mine = l->head.scope == PS_LINE_OPENING ||
                        (family ? found.name.len > stem && memcmp(found.name.data, c->name, stem) == 0
                                : ps_span_starts(found.name, c->name) && !ps_span_is(found.name, "statm"));
            if (c->stored && mine && entry.row == NULL) {
                entry.row = c->row;
                entry.begin_us = c->begin_us;
            }
        }
        ps_records_entry(l->records, l->head.reader, &entry);
    }
    for (size_t i = 0; i < l->count; i++)
        ps_records_capture(l->records, l->head.reader, &l->captures[i]);
    ps_records_line_end(l->records, l->head.reader, end);
}

static void end(struct line *l, const struct ps_line_end *end)
{
    struct ps_journal_writer w = {0};
    struct ps_error err;
    bool any = l->pack.len > 0;
    must(!any || ps_bundle_add(l->bundle, l->name, ps_buffer_span(&l->pack), &err), "adding a pack");
    ps_journal_begin(&w, &l->head);
    for (size_t i = 0; i < l->count; i++)
        ps_journal_capture(&w, &l->captures[i]);
    ps_journal_end(&w, end, &l->name, any ? 1 : 0, &l->journal);
    ps_journal_writer_done(&w);
    feed(l, end);
}

static void phase(struct line *l, const char *name)
{
    struct ps_phase p = {.name = name, .us = 2000000, .processes = 2};
    ps_journal_phase(&p, &l->journal);
    ps_records_phase(l->records, &p);
}

/* A file that exists once: a member of its own. */
static void global_line(struct line *l)
{
    static const char uptime[] = "12345.67 23456.78\n";
    static const char member[] = "data/proc/uptime";
    const char *const packs[] = {member};
    struct ps_error err;
    begin(l, PS_LINE_GLOBAL, PS_QUIET, member);
    struct ps_capture *c = capture(l, "uptime", "uptime", PS_PER_HOST, PS_COMPLETE);
    struct ps_entry entry = {c->row, ps_span_text("uptime"), ps_span_text(uptime), member, c->begin_us};
    c->stored = true;
    c->bytes = sizeof uptime - 1;
    must(ps_bundle_add(l->bundle, member, ps_span_text(uptime), &err), "adding uptime");
    ps_records_entry(l->records, l->head.reader, &entry);
    ps_records_capture(l->records, l->head.reader, c);
    struct ps_line_end over = {.took_us = 3};
    ps_records_line_end(l->records, l->head.reader, &over);
    struct ps_journal_writer w = {0};
    ps_journal_begin(&w, &l->head);
    ps_journal_capture(&w, c);
    ps_journal_end(&w, &over, packs, 1, &l->journal);
    ps_journal_writer_done(&w);
}

static void opening_line(struct line *l)
{
    begin(l, PS_LINE_OPENING, PS_QUIET, "data/opening/stat-0001.pack");
    struct ps_capture *c = capture(l, "{}/stat", "stat", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, "1", "1/stat", ps_span_text(stat_1));
    item(l, c, "7", "7/stat", ps_span_text(stat_7));
    struct ps_line_end over = {.took_us = 9};
    end(l, &over);
}

static void quiet_line(struct line *l)
{
    static const struct ps_file_facts facts = {8, 1, 0100755, 1, 1234, 4096, 1700000000000000001};
    begin(l, PS_LINE_PROCESS, PS_QUIET, "data/proc/1/state.pack");
    struct ps_capture *c = capture(l, "stat", "stat", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "stat", ps_span_text(stat_1));
    c = capture(l, "comm", "comm", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "comm", ps_span_text("in\xffit\n"));
    c = capture(l, "ns/{}", "ns/{}", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, "net", "ns/net", ps_span_text("net:[4026531840]"));
    c = capture(l, "exe", "exe", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "exe", ps_span_text("/sbin/init"));
    c->facts = &facts;
    c = capture(l, "net/tcp", "net/tcp", PS_PER_NETNS, PS_SHARED);
    c->of = "self";
    struct ps_capture *fd = capture(l, "fd/{}", "fd/{}", PS_PER_PROCESS, PS_COMPLETE);
    struct ps_capture *info = capture(l, "fdinfo/{}", "fdinfo/{}", PS_PER_PROCESS, PS_COMPLETE);
    fd->switched = true;
    fd->as_uid = 101;
    fd->as_gid = 0;
    item(l, fd, "0", "fd/0", ps_span_text("/dev/null"));
    item(l, info, "0", "fdinfo/0", ps_span_text("pos:\t0\nflags:\t0100000\nmnt_id:\t12\n"));
    item(l, fd, "3", "fd/3", ps_span_text("socket:[777]"));
    item(l, info, "3", "fdinfo/3", ps_span_text("pos:\t0\nflags:\t02\nmnt_id:\t9\n"));
    l->lost[0] = (struct ps_lost){ps_span_text("4"), PS_GONE, "ENOENT"};
    fd->lost = l->lost;
    fd->lost_count = 1;
    struct ps_line_end over = {.took_us = 812, .identity = PS_CHANGED, .comm_changed = true};
    end(l, &over);
}

static void memory_line(struct line *l)
{
    begin(l, PS_LINE_PROCESS, PS_MEMORY, "data/proc/1/memory.pack");
    struct ps_capture *c = capture(l, "cmdline", "cmdline", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "cmdline", ps_span_of("/sbin/init\0--x\0", 15));
    c = capture(l, "environ", "environ", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "environ.redacted", ps_span_of("PATH=/bin\0KEY=0011223344556677\0", 31));
    c = capture(l, "maps", "maps", PS_PER_PROCESS, PS_DENIED);
    c->error = "EACCES";
    struct ps_line_end over = {.took_us = 50, .identity = PS_SAME};
    end(l, &over);
}

static void add_evidence(struct ps_bundle *bundle)
{
    struct ps_records_facts facts = {.bundle = SAMPLE_ID,
                                     .realtime_us = 1795306500000000,
                                     .boottime_us = 900000,
                                     .uncertainty_ns = 800,
                                     .clk_tck = 100,
                                     .pid_namespace = 4026531836,
                                     .net_namespace = 4026531840,
                                     .boot_id = "11111111-2222-3333-4444-555555555555"};
    struct line *l = calloc(1, sizeof *l);
    struct ps_error err;
    must(l != NULL, "memory");
    l->bundle = bundle;
    l->records = ps_records_new(&facts, add_part, bundle);
    must(l->records != NULL, "records");
    phase(l, "start");
    global_line(l);
    phase(l, "global-end");
    opening_line(l);
    phase(l, "opening-end");
    quiet_line(l);
    must(ps_bundle_add(bundle, "data/journal/0001.ndjson", ps_buffer_span(&l->journal), &err), "a journal part");
    ps_buffer_clear(&l->journal, SIZE_MAX);
    memory_line(l);
    phase(l, "quiet-end");
    phase(l, "memory-end");
    phase(l, "closing-end");
    must(ps_records_finish(l->records), "the records");
    phase(l, "seal");
    must(ps_bundle_add(bundle, "data/journal/0002.ndjson", ps_buffer_span(&l->journal), &err), "a journal part");
    ps_records_free(l->records);
    ps_buffer_done(&l->journal);
    ps_buffer_done(&l->pack);
    free(l);
}

static const char meta[] =
    "{\"format\":1,\"records\":1,\"bundle\":\"" SAMPLE_ID "\",\"seq\":0,\"tool\":{\"version\":\"0\"},"
    "\"case\":{\"id\":\"C-1\",\"examiner\":\"E\\u00e9\",\"evidence_id\":null,\"reason\":null,\"authority\":null,"
    "\"case_officer\":null},\"host\":{\"boot_id\":\"11111111-2222-3333-4444-555555555555\",\"clk_tck\":100,"
    "\"pid_namespace\":4026531836,\"net_namespace\":4026531840},"
    "\"clock\":{\"realtime_us\":1795306500000000,\"boottime_us\":900000,\"monotonic_us\":900000,"
    "\"uncertainty_ns\":800}}\n";

static bool to_buffer(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) err;
    ps_buffer_add(context, data, len);
    return true;
}

static void write_honest(struct sample *s, struct ps_buffer *file, struct ps_buffer *minisig)
{
    struct ps_error err;
    struct ps_bundle *b = ps_bundle_new(SAMPLE_ID, 0, 6, to_buffer, file, &err);
    must(b != NULL && ps_bundle_add(b, "data/meta.json", ps_span_text(meta), &err), "beginning");
    add_evidence(b);
    must(ps_bundle_add(b, "data/closing.json", ps_span_text("{\"sealed_early\":null}\n"), &err), "closing");
    struct ps_seal_facts facts = {
        .software_agent = "procsnap 0",
        .time = SAMPLE_TIME + 1,
        .case_id = "C-1",
        .examiner = "E\xc3\xa9",
        .chain_id = SAMPLE_CHAIN,
        .reason = "single",
        .started_boottime_us = 900000,
        .finished_boottime_us = 2000000,
        .key = sample_key(),
    };
    struct ps_sealed sealed;
    must(ps_bundle_seal(b, &facts, &sealed, &err), err.text);
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
    must(r != NULL, "reading");
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
        must(step == PS_SOURCE_END && m->bytes.len == member.size, "reading a member");
    }
    must(step == PS_SOURCE_END, "the end");
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
    must(false, name);
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
    must(at + len <= old.len, from);
    *bytes = (struct ps_buffer){0};
    ps_buffer_add(bytes, old.data, at);
    ps_buffer_add_text(bytes, to);
    ps_buffer_add(bytes, old.data + at + len, old.len - at - len);
    ps_buffer_done(&old);
}

void sample_insert(struct sample *s, size_t at, const char *name, const char *text)
{
    must(s->count < sizeof s->members / sizeof *s->members, "too many members");
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
        must(ps_manifest_add(&m, path, sha256, &err), err.text);
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
    must(ps_take_until(&c, '\n', &line) && ps_take_until(&c, '\n', &line) && ps_take_text(&c, "trusted comment: ") &&
             ps_take_until(&c, '\n', &line),
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
    must(ps_minisign_sign(sample_key(), blake2b, comment_of(s), &minisig, &err), err.text);
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
    must(t != NULL, "tarball");
    for (size_t i = 0; i < s->count; i++)
        must(ps_tarball_add(t, s->members[i].name, ps_buffer_span(&s->members[i].bytes), &err), err.text);
    must(ps_tarball_finish(t, &err), err.text);
    ps_tarball_free(t);
}

void sample_gunzip(struct ps_span file, struct ps_buffer *tar)
{
    uint8_t block[4096];
    z_stream z = {0};
    int step = Z_OK;
    must(inflateInit2(&z, 16 + MAX_WBITS) == Z_OK, "zlib");
    z.next_in = (Bytef *) (uintptr_t) file.data;
    z.avail_in = (uInt) file.len;
    while (step == Z_OK) {
        z.next_out = block;
        z.avail_out = sizeof block;
        step = inflate(&z, Z_NO_FLUSH);
        ps_buffer_add(tar, block, sizeof block - z.avail_out);
    }
    must(step == Z_STREAM_END, "inflate");
    inflateEnd(&z);
}

void sample_gzip(struct ps_span tar, struct ps_buffer *file)
{
    uint8_t block[4096], trailer[8];
    z_stream z = {0};
    int step = Z_OK;
    uLong crc = crc32(crc32(0, NULL, 0), tar.data, (uInt) tar.len);
    must(deflateInit2(&z, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
    ps_buffer_add(file, ps_gzip_header, sizeof ps_gzip_header);
    z.next_in = (Bytef *) (uintptr_t) tar.data;
    z.avail_in = (uInt) tar.len;
    while (step == Z_OK) {
        z.next_out = block;
        z.avail_out = sizeof block;
        step = deflate(&z, Z_FINISH);
        ps_buffer_add(file, block, sizeof block - z.avail_out);
    }
    must(step == Z_STREAM_END, "deflate");
    deflateEnd(&z);
    for (int i = 0; i < 4; i++) {
        trailer[i] = (uint8_t) (crc >> 8 * i);
        trailer[4 + i] = (uint8_t) (tar.len >> 8 * i);
    }
    ps_buffer_add(file, trailer, sizeof trailer);
}
