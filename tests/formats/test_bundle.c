/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/bundle_write.h"

#include <criterion/criterion.h>
#include <string.h>

#include "formats/verify.h"
#include "tests/formats/sample_bundle.h"

static struct sample s;
static struct ps_buffer file, minisig;

static void setup(void)
{
    file = minisig = (struct ps_buffer){0};
    sample_make(&s, &file, &minisig);
}

static void teardown(void)
{
    sample_free(&s);
    ps_buffer_done(&file);
    ps_buffer_done(&minisig);
}

TestSuite(bundle, .init = setup, .fini = teardown);

static struct ps_verify_report *verify_as(struct ps_span bytes, const struct ps_verify_wants *wants)
{
    static struct ps_verify_report report;
    struct ps_error err = {0};
    cr_assert(ps_verify_tarball(sample_input, &bytes, wants, &report, &err), "%s", err.text);
    return &report;
}

static struct ps_verify_wants pinned(void)
{
    return (struct ps_verify_wants){.key = ps_signing_key_public(sample_key()), .rederive = true};
}

static enum ps_verify_verdict verdict_of(struct ps_span bytes, const struct ps_verify_wants *wants)
{
    struct ps_verify_report *r = verify_as(bytes, wants);
    enum ps_verify_verdict verdict = r->verdict;
    ps_verify_report_done(r);
    return verdict;
}

/* The changed sample must get this verdict, and a finding must say `why`. */
static void expect(enum ps_verify_verdict verdict, const char *why)
{
    struct ps_buffer changed = {0};
    struct ps_verify_wants wants = pinned();
    sample_pack(&s, &changed);
    struct ps_verify_report *r = verify_as(ps_buffer_span(&changed), &wants);
    bool said = false;
    for (size_t i = 0; i < r->finding_count; i++)
        said = said || strstr(r->findings[i].what, why) != NULL;
    cr_assert_eq(r->verdict, verdict, "%s: %s, %s", why, ps_verify_name(r->verdict),
                 r->finding_count > 0 ? r->findings[0].what : "");
    cr_assert(said, "nobody says: %s, but: %s", why, r->finding_count > 0 ? r->findings[0].what : "nothing");
    ps_verify_report_done(r);
    ps_buffer_done(&changed);
}

Test(bundle, honest_and_pinned)
{
    struct ps_verify_wants wants = pinned();
    uint64_t seq = 0;
    wants.root = s.head.root;
    wants.seq = &seq;
    wants.has_minisig = true;
    wants.minisig = ps_buffer_span(&minisig);
    struct ps_verify_report *r = verify_as(ps_buffer_span(&file), &wants);
    cr_assert_eq(r->finding_count, 0, "%s", r->findings[0].what);
    cr_assert_eq(r->verdict, PS_VERIFY_OK);
    cr_assert(r->pinned && r->inner_signed && r->outer_signed && r->matched && r->rederived);
    cr_assert_eq(r->parts, 6);
    cr_assert_eq(r->parts_differ, 0);
    cr_assert_eq(memcmp(r->head.root, s.head.root, 32), 0);
    cr_assert_str_eq(r->bundle, SAMPLE_ID);
    cr_assert_str_eq(r->chain_id, SAMPLE_CHAIN);
    cr_assert_str_eq(r->examiner, "E\xc3\xa9");
    cr_assert(r->authority == NULL && r->sealed_early == NULL);
    cr_assert_eq(r->captures, 12);
    cr_assert_eq(r->outcomes[PS_DENIED], 1);
    cr_assert_eq(r->signed_at, SAMPLE_TIME + 1);
    cr_assert_eq(r->file_bytes, file.len);
    cr_assert_eq(r->members, s.count);
    ps_verify_report_done(r);
}

Test(bundle, packed_again_it_is_the_same)
{
    struct ps_buffer again = {0};
    struct ps_verify_wants wants = pinned();
    sample_reseal(&s);
    sample_pack(&s, &again);
    cr_assert(ps_span_equal(ps_buffer_span(&again), ps_buffer_span(&file)));
    cr_assert_eq(verdict_of(ps_buffer_span(&again), &wants), PS_VERIFY_OK);
    ps_buffer_done(&again);
}

Test(bundle, without_a_key_it_is_unpinned)
{
    struct ps_verify_wants wants = {.root = s.head.root};
    struct ps_verify_report *r = verify_as(ps_buffer_span(&file), &wants);
    cr_assert_eq(r->verdict, PS_VERIFY_UNPINNED);
    cr_assert_eq(r->finding_count, 1);
    cr_assert_eq(r->findings[0].rank, PS_FINDING_NOTE, "no signature beside the file");
    ps_verify_report_done(r);
}

Test(bundle, exit_statuses)
{
    static const int want[] = {0, 1, 10, 11, 12};
    for (int v = PS_VERIFY_OK; v <= PS_VERIFY_MALFORMED; v++)
        cr_assert_eq(ps_verify_exit((enum ps_verify_verdict) v), want[v]);
}

Test(bundle, other_expectations)
{
    struct ps_signing_key *other = NULL;
    struct ps_error err;
    uint8_t root[32] = {0};
    uint64_t seq = 1;
    cr_assert(ps_signing_key_generate(&other, &err));
    struct ps_verify_wants key = {.key = ps_signing_key_public(other)};
    struct ps_verify_wants expected_root = {.root = root}, expected_seq = {.seq = &seq};
    cr_assert_eq(verdict_of(ps_buffer_span(&file), &key), PS_VERIFY_TAMPERED);
    cr_assert_eq(verdict_of(ps_buffer_span(&file), &expected_root), PS_VERIFY_TAMPERED);
    cr_assert_eq(verdict_of(ps_buffer_span(&file), &expected_seq), PS_VERIFY_TAMPERED);
    /* The same key under another key id is another key: the id is part of what is pinned. */
    struct ps_public_key id = *ps_signing_key_public(sample_key());
    id.id[0] ^= 1;
    key.key = &id;
    cr_assert_eq(verdict_of(ps_buffer_span(&file), &key), PS_VERIFY_TAMPERED);
    ps_signing_key_free(other);
}

Test(bundle, every_flipped_byte_is_told)
{
    struct ps_verify_wants outer = pinned(), inner = pinned();
    struct ps_buffer tar = {0};
    sample_gunzip(ps_buffer_span(&file), &tar);
    outer.rederive = inner.rederive = false;
    outer.has_minisig = true;
    outer.minisig = ps_buffer_span(&minisig);
    for (size_t at = 0; at < file.len; at++) {
        file.data[at] ^= (uint8_t) (1 + at % 255);
        enum ps_verify_verdict verdict = verdict_of(ps_buffer_span(&file), &outer);
        cr_assert(verdict >= PS_VERIFY_INCOMPLETE, "byte %zu", at);
        /* Without the signature beside it: deflate has more than one spelling of the same bytes. */
        verdict = verdict_of(ps_buffer_span(&file), &inner);
        if (verdict <= PS_VERIFY_UNPINNED) {
            struct ps_buffer same = {0};
            sample_gunzip(ps_buffer_span(&file), &same);
            cr_assert(ps_span_equal(ps_buffer_span(&same), ps_buffer_span(&tar)), "byte %zu", at);
            ps_buffer_done(&same);
        }
        file.data[at] ^= (uint8_t) (1 + at % 255);
    }
    ps_buffer_done(&tar);
}

/* Compressed anew, so that neither gzip nor the signature beside the file can tell. */
Test(bundle, flipped_bytes_of_the_tar_are_told)
{
    struct ps_verify_wants wants = pinned();
    struct ps_buffer tar = {0}, changed = {0};
    wants.rederive = false;
    sample_gunzip(ps_buffer_span(&file), &tar);
    for (size_t at = 0; at < tar.len; at += 3) {
        tar.data[at] ^= 1;
        ps_buffer_clear(&changed, SIZE_MAX);
        sample_gzip(ps_buffer_span(&tar), &changed);
        cr_assert(verdict_of(ps_buffer_span(&changed), &wants) >= PS_VERIFY_INCOMPLETE, "byte %zu", at);
        tar.data[at] ^= 1;
    }
    ps_buffer_done(&tar);
    ps_buffer_done(&changed);
}

Test(bundle, cut_short_anywhere_it_is_incomplete)
{
    struct ps_verify_wants wants = pinned();
    wants.has_minisig = true;
    wants.minisig = ps_buffer_span(&minisig);
    for (size_t len = 0; len < file.len; len++)
        cr_assert_eq(verdict_of(ps_span_of(file.data, len), &wants), PS_VERIFY_INCOMPLETE, "%zu bytes", len);
}

Test(bundle, cut_short_it_tells_what_is_there)
{
    struct ps_verify_wants wants = pinned();
    struct ps_verify_report *r = verify_as(ps_span_of(file.data, file.len - 100), &wants);
    cr_assert_eq(r->verdict, PS_VERIFY_INCOMPLETE);
    cr_assert(r->has_meta);
    cr_assert_gt(r->members, 15);
    cr_assert_eq(r->captures, 12);
    ps_verify_report_done(r);
}

Test(bundle, missing_signatures)
{
    sample_remove(&s, "tagmanifest-sha256.txt.sshsig");
    expect(PS_VERIFY_INCOMPLETE, "missing");
    sample_remove(&s, "tagmanifest-sha256.txt.minisig");
    expect(PS_VERIFY_INCOMPLETE, "missing");
    sample_remove(&s, "tagmanifest-sha256.txt");
    expect(PS_VERIFY_INCOMPLETE, "missing");
    sample_remove(&s, "chain.json");
    expect(PS_VERIFY_INCOMPLETE, "missing");
}

Test(bundle, missing_members)
{
    sample_remove(&s, "data/proc/1/memory.pack");
    expect(PS_VERIFY_TAMPERED, "a manifest lists it, but it is not there");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "did not come before it");
}

Test(bundle, missing_documents)
{
    static const char *const names[] = {"bagit.txt",  "data/closing.json", "bag-info.txt",
                                        "chain.json", "custody.ndjson",    "manifest-sha256.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sample_remove(&s, names[i]);
        expect(PS_VERIFY_TAMPERED, "a manifest lists it, but it is not there");
        teardown();
        setup();
    }
    sample_remove(&s, "tagmanifest-sha256.txt");
    expect(PS_VERIFY_MALFORMED, "missing");
}

Test(bundle, extra_members)
{
    sample_insert(&s, s.count, "data/evil.txt", "x");
    expect(PS_VERIFY_TAMPERED, "no manifest lists it");
    sample_remove(&s, "data/evil.txt");
    sample_insert(&s, 3, "data/proc/9/state.pack", "f stat 1\nx\n");
    expect(PS_VERIFY_TAMPERED, "no manifest lists it");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "no line of the journal names");
    sample_remove(&s, "data/proc/9/state.pack");
    sample_insert(&s, 3, "data/evil.txt", "x");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "no such member");
    sample_remove(&s, "data/evil.txt");
    sample_insert(&s, 16, "manifest-md5.txt", "x");
    expect(PS_VERIFY_TAMPERED, "no manifest lists it");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "no such member");
}

Test(bundle, the_same_name_twice)
{
    sample_insert(&s, 3, "data/meta.json", "{}");
    expect(PS_VERIFY_MALFORMED, "there twice");
    teardown();
    setup();
    size_t at = sample_at(&s, "data/proc/1/state.pack");
    sample_insert(&s, at, "data/proc/1/state.pack", "f stat 1\nx\n");
    expect(PS_VERIFY_MALFORMED, "name occurs twice");
    teardown();
    setup();
    sample_insert(&s, 3, "data/PROC/uptime", "x");
    expect(PS_VERIFY_MALFORMED, "clashes");
    teardown();
    setup();
    sample_insert(&s, 3, "data/proc/uptime/x", "x");
    expect(PS_VERIFY_MALFORMED, "clashes");
}

Test(bundle, names_that_no_bundle_has)
{
    static const char *const names[] = {"data/../x",     "../x",     "data//x",       "data/x y",
                                        "data/=2e=2e/x", "data/=41", "data/\xc3\xa9", "data/x/"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sample_insert(&s, 3, names[i], "x");
        expect(PS_VERIFY_MALFORMED, "");
        sample_remove(&s, names[i]);
    }
}

Test(bundle, order)
{
    struct sample_member first = s.members[0];
    s.members[0] = s.members[1];
    s.members[1] = first;
    expect(PS_VERIFY_MALFORMED, "not where it must be");
    teardown();
    setup();
    size_t closing = sample_at(&s, "data/closing.json");
    struct sample_member moved = s.members[closing];
    s.members[closing] = s.members[closing - 1];
    s.members[closing - 1] = moved;
    expect(PS_VERIFY_MALFORMED, "not where it must be");
    teardown();
    setup();
    struct sample_member last = s.members[s.count - 1];
    s.members[s.count - 1] = s.members[s.count - 2];
    s.members[s.count - 2] = last;
    expect(PS_VERIFY_MALFORMED, "not where it must be");
    teardown();
    setup();
    sample_change(&s, "data/journal/0002.ndjson", "quiet-end", "quiet-end");
    strcpy(s.members[sample_at(&s, "data/journal/0002.ndjson")].name, "data/journal/0003.ndjson");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "numbered");
}

Test(bundle, changed_bytes)
{
    sample_change(&s, "data/proc/1/state.pack", "/dev/null", "/dev/full");
    expect(PS_VERIFY_TAMPERED, "not those that were sealed");
    sample_reseal(&s);
    expect(PS_VERIFY_TAMPERED, "derived again these records are others");
    sample_change(&s, "data/proc/1/state.pack", "fd/0 9\n/dev/full", "fd/0 8\n/dev/ful");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "not the one that the journal says");
}

Test(bundle, changed_tag_files)
{
    static const struct {
        const char *name, *from, *to;
    } changes[] = {
        {"bagit.txt", "1.0", "0.9"},
        {"bag-info.txt", "C-1", "C-2"},
        {"chain.json", "single", "double"},
        {"custody.ndjson", "acquired", "required"},
        {"manifest-sha256.txt", "  data/meta", "  data/mete"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        sample_change(&s, changes[i].name, changes[i].from, changes[i].to);
        expect(PS_VERIFY_TAMPERED, "not those that were sealed");
        sample_change(&s, changes[i].name, changes[i].to, changes[i].from);
    }
    sample_change(&s, "tagmanifest-sha256.txt", "bagit", "bagat");
    expect(PS_VERIFY_TAMPERED, "wrong signature");
}

Test(bundle, manifests_in_other_forms)
{
    struct ps_buffer *m = sample_bytes(&s, "manifest-sha256.txt");
    ps_buffer_add_text(m, "\n");
    sample_sign(&s);
    expect(PS_VERIFY_MALFORMED, "no hash of 64");
    teardown();
    setup();
    sample_change(&s, "manifest-sha256.txt", "  data/journal/0001.ndjson\n", "  data/journal/0001.ndjson\r\n");
    sample_sign(&s);
    expect(PS_VERIFY_MALFORMED, "");
    teardown();
    setup();
    /* A tag manifest that lists one of its signatures as well. */
    sample_change(&s, "bag-info.txt", "Payload-Oxum: ", "Payload-Oxum: 1");
    sample_sign(&s);
    expect(PS_VERIFY_MALFORMED, "Payload-Oxum");
}

Test(bundle, signatures_of_another_bundle)
{
    struct sample other;
    sample_make(&other, NULL, NULL);
    sample_change(&other, "bag-info.txt", "C-1", "C-2");
    sample_sign(&other);
    struct ps_buffer *mine = sample_bytes(&s, "tagmanifest-sha256.txt.minisig");
    ps_buffer_clear(mine, SIZE_MAX);
    ps_buffer_add_span(mine, ps_buffer_span(sample_bytes(&other, "tagmanifest-sha256.txt.minisig")));
    expect(PS_VERIFY_TAMPERED, "wrong signature");
    teardown();
    setup();
    mine = sample_bytes(&s, "tagmanifest-sha256.txt.sshsig");
    ps_buffer_clear(mine, SIZE_MAX);
    ps_buffer_add_span(mine, ps_buffer_span(sample_bytes(&other, "tagmanifest-sha256.txt.sshsig")));
    expect(PS_VERIFY_TAMPERED, "wrong signature");
    sample_free(&other);
}

Test(bundle, comment_of_another_bundle)
{
    sample_change(&s, "tagmanifest-sha256.txt.minisig", "seq:0", "seq:1");
    expect(PS_VERIFY_TAMPERED, "trusted comment");
    sample_sign(&s); /* with that comment, by the right key */
    expect(PS_VERIFY_TAMPERED, "another bundle");
}

Test(bundle, signatures_in_other_forms)
{
    sample_change(&s, "tagmanifest-sha256.txt.minisig", "signature from procsnap", "signature from minisign");
    expect(PS_VERIFY_TAMPERED, "not written as procsnap writes it");
    teardown();
    setup();
    ps_buffer_add_byte(sample_bytes(&s, "tagmanifest-sha256.txt.minisig"), '\n');
    expect(PS_VERIFY_TAMPERED, "");
    teardown();
    setup();
    sample_change(&s, "tagmanifest-sha256.txt.minisig", "\nRU", "\nRW"); /* ED -> Ed, the old algorithm */
    expect(PS_VERIFY_TAMPERED, "");
    teardown();
    setup();
    sample_change(&s, "tagmanifest-sha256.txt.sshsig", "\n-----END", "\n\n-----END");
    expect(PS_VERIFY_TAMPERED, "");
}

Test(bundle, json_of_other_forms)
{
    static const struct {
        const char *name, *from, *to, *why;
    } changes[] = {
        {"data/meta.json", "\"seq\":0", "\"seq\":0,\"seq\":0", "key twice"},
        {"data/meta.json", "\"seq\":0", "\"seq\":0.0", "no integer"},
        {"data/meta.json", "\"format\":1", "\"format\":2", "does not know"},
        {"data/meta.json", "0123abcd", "0123abce", "another bundle"},
        {"data/meta.json", "C-1", "C\\u0000", "NUL"},
        {"data/meta.json", "C-1", "C\xff", "UTF-8"},
        {"data/closing.json", "{\"sealed_early\":null}", "{}", "sealed early"},
        {"data/closing.json", "null}", "null}x", "behind the value"},
        {"chain.json", "\"seq\":0", "\"seq\":7", "another sequence number"},
        {"chain.json", "\"v\":1", "\"v\":2", "does not know"},
        {"custody.ndjson", "acquired", "\\ud800", "surrogate"},
        {"custody.ndjson", "null}\n", "null}", "last line does not end"},
        {"data/records/gap-0001.ndjson", "gap", "\\gap", "escape"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        sample_change(&s, changes[i].name, changes[i].from, changes[i].to);
        sample_reseal(&s);
        struct ps_buffer changed = {0};
        struct ps_verify_wants wants = pinned();
        sample_pack(&s, &changed);
        struct ps_verify_report *r = verify_as(ps_buffer_span(&changed), &wants);
        bool said = false;
        for (size_t k = 0; k < r->finding_count; k++)
            said = said || strstr(r->findings[k].what, changes[i].why) != NULL;
        cr_assert_geq(r->verdict, PS_VERIFY_TAMPERED, "%s", changes[i].why);
        cr_assert(said, "%s", changes[i].why);
        ps_verify_report_done(r);
        ps_buffer_done(&changed);
        teardown();
        setup();
    }
}

Test(bundle, journal_and_packs_that_do_not_match)
{
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"\"comm\"", "\"cosm\""},
        {"\"3\",12]", "\"3\",13]"},
        {"\"3\",12]", "\"5\",12]"},
        {"[\"0\",9,\"3\",12]", "[\"0\",9]"},
        {"[\"0\",9,\"3\",12]", "[\"3\",12,\"0\",9]"},
        {"\"exe\",\"complete\",null,10", "\"exe\",\"complete\",null,11"},
        {"\"exe\",\"complete\",null,10", "\"cwd\",\"complete\",null,10"},
        {"data/proc/1/state.pack", "data/proc/1/memory.pack"},
        {"data/proc/1/state.pack", "data/proc/2/state.pack"},
        {"data/proc/uptime", "data/proc/1/state.pack"},
        {"\"packs\":[\"data/proc/uptime\"]", "\"packs\":[]"},
        {"\"life\":\"1\"", "\"life\":\"2\""},
        {"\"scope\":\"global\"", "\"scope\":\"closing\""},
        {"\"identity\":\"changed\"", "\"identity\":\"charged\""},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        sample_change(&s, "data/journal/0001.ndjson", changes[i].from, changes[i].to);
        sample_reseal(&s);
        struct ps_buffer changed = {0};
        struct ps_verify_wants wants = pinned();
        sample_pack(&s, &changed);
        cr_assert_eq(verdict_of(ps_buffer_span(&changed), &wants), PS_VERIFY_MALFORMED, "%s -> %s", changes[i].from,
                     changes[i].to);
        ps_buffer_done(&changed);
        teardown();
        setup();
    }
}

Test(bundle, entries_that_do_not_match)
{
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"f comm", "l comm"},           {"f stat ", "f stat 0"},  {"l exe", "l exf"},
        {"l fd/3 12\n", "l fd/4 12\n"}, {"f comm 6", "f comm 7"}, {"f comm 6\n", "f co\x1b mm 6\n"},
        {"f comm", "x comm"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        sample_change(&s, "data/proc/1/state.pack", changes[i].from, changes[i].to);
        sample_reseal(&s);
        struct ps_buffer changed = {0};
        struct ps_verify_wants wants = pinned();
        sample_pack(&s, &changed);
        cr_assert_eq(verdict_of(ps_buffer_span(&changed), &wants), PS_VERIFY_MALFORMED, "%s", changes[i].to);
        ps_buffer_done(&changed);
        teardown();
        setup();
    }
}

Test(bundle, records_of_another_version_are_a_note)
{
    sample_change(&s, "data/meta.json", "\"records\":1", "\"records\":9");
    sample_change(&s, "data/records/fd-0001.ndjson", "/dev/null", "/dev/full");
    sample_reseal(&s);
    struct ps_buffer changed = {0};
    struct ps_verify_wants wants = pinned();
    sample_pack(&s, &changed);
    struct ps_verify_report *r = verify_as(ps_buffer_span(&changed), &wants);
    cr_assert_eq(r->verdict, PS_VERIFY_OK);
    cr_assert(r->parser_changed && r->rederived);
    cr_assert_eq(r->parts_differ, 1);
    ps_verify_report_done(r);
    ps_buffer_done(&changed);
}

Test(bundle, records_that_nothing_was_derived_from)
{
    sample_insert(&s, sample_at(&s, "data/closing.json"), "data/records/socket-0001.ndjson", "{}\n");
    sample_reseal(&s);
    expect(PS_VERIFY_TAMPERED, "do not come from the raw bytes");
    sample_remove(&s, "data/records/socket-0001.ndjson");
    sample_remove(&s, "data/records/fd-0001.ndjson");
    sample_reseal(&s);
    expect(PS_VERIFY_TAMPERED, "the bundle does not hold");
}

Test(bundle, signature_beside_the_file)
{
    struct ps_verify_wants wants = {.has_minisig = true, .minisig = ps_span_text("nonsense")};
    cr_assert_eq(verdict_of(ps_buffer_span(&file), &wants), PS_VERIFY_TAMPERED);
    wants.minisig = ps_buffer_span(sample_bytes(&s, "tagmanifest-sha256.txt.minisig"));
    cr_assert_eq(verdict_of(ps_buffer_span(&file), &wants), PS_VERIFY_TAMPERED);
    wants.minisig = ps_buffer_span(&minisig);
    cr_assert_eq(verdict_of(ps_buffer_span(&file), &wants), PS_VERIFY_UNPINNED);
    /* Behind the end: the reader stops there, the signature does not. */
    ps_buffer_add_byte(&file, 0);
    cr_assert_eq(verdict_of(ps_buffer_span(&file), &wants), PS_VERIFY_TAMPERED);
    wants.has_minisig = false;
    cr_assert_eq(verdict_of(ps_buffer_span(&file), &wants), PS_VERIFY_MALFORMED);
}

static bool to_buffer(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) err;
    ps_buffer_add(context, data, len);
    return true;
}

static bool to_full(void *context, const void *data, size_t len, struct ps_error *err)
{
    size_t *room = context;
    (void) data;
    if (len > *room)
        return ps_fail(err, 0, "the disk is full");
    *room -= len;
    return true;
}

Test(bundle, writer_refuses)
{
    struct ps_error err = {0};
    size_t room = 0;
    char id[PS_BUNDLE_ID_LEN + 1];
    ps_bundle_id_make(SAMPLE_TIME, 0x0123abcd, id);
    cr_assert_str_eq(id, SAMPLE_ID);
    cr_assert(ps_bundle_new("procsnap-20260230t001500z-0123abcd", 0, 1, to_full, &room, &err) == NULL);

    struct ps_bundle *b = ps_bundle_new(id, 0, 1, to_full, &room, &err);
    cr_assert(b != NULL, "nothing has left deflate yet");
    cr_assert(!ps_bundle_add(b, "bag-info.txt", ps_span_text("x"), &err), "not a payload name");
    cr_assert(!ps_bundle_add(b, "data/../x", ps_span_text("x"), &err));
    cr_assert(!ps_bundle_add(b, "data/a b", ps_span_text("x"), &err));
    cr_assert(ps_bundle_add(b, "data/a", ps_span_text("x"), &err));
    struct ps_seal_facts facts = {.chain_id = SAMPLE_CHAIN, .reason = "single", .key = sample_key()};
    struct ps_sealed sealed;
    cr_assert(!ps_bundle_seal(b, &facts, &sealed, &err));
    cr_assert_str_eq(err.text, "the disk is full");
    cr_assert(!ps_bundle_seal(b, &facts, &sealed, &err));
    cr_assert(!ps_bundle_add(b, "data/b", ps_span_text("x"), &err));
    ps_bundle_free(b);

    room = 1 << 20;
    b = ps_bundle_new(id, 0, 1, to_full, &room, &err);
    cr_assert(ps_bundle_add(b, "data/a", ps_span_text("x"), &err));
    cr_assert(ps_bundle_add(b, "data/A", ps_span_text("x"), &err));
    cr_assert(!ps_bundle_seal(b, &facts, &sealed, &err), "two names that clash");
    ps_bundle_free(b);
    ps_bundle_free(NULL);
}

/* What people type must neither end a line of bag-info.txt nor prevent the seal. */
Test(bundle, odd_case_fields)
{
    struct ps_error err = {0};
    struct ps_buffer out = {0};
    struct ps_verify_wants wants = {0};
    struct ps_bundle *b = ps_bundle_new(SAMPLE_ID, 3, 1, to_buffer, &out, &err);
    uint8_t prev[32] = {0xab};
    struct ps_seal_facts facts = {
        .software_agent = "x",
        .case_id = "a\nPayload-Oxum: 1.1",
        .examiner = "\xff\x1b[31m",
        .evidence_id = "",
        .chain_id = SAMPLE_CHAIN,
        .boot_id = "b",
        .reason = "schedule",
        .interval_s = 900,
        .prev_root = prev,
        .next_key = ps_signing_key_public(sample_key()),
        .key = sample_key(),
        .file = "a\tb\n\xff.tar.gz",
    };
    struct ps_sealed sealed;
    cr_assert(ps_bundle_add(b, "data/meta.json", ps_buffer_span(sample_bytes(&s, "data/meta.json")), &err));
    cr_assert(ps_bundle_seal(b, &facts, &sealed, &err), "%s", err.text);
    cr_assert(sealed.head.has_prev);
    cr_assert_eq(sealed.payload_members, 1);
    ps_bundle_free(b);
    struct ps_verify_report *r = verify_as(ps_buffer_span(&out), &wants);
    cr_assert(r->inner_signed, "%s", r->findings[0].what);
    cr_assert(r->head.has_prev);
    cr_assert_eq(r->head.prev[0], 0xab);
    for (size_t i = 0; i < r->finding_count; i++)
        cr_assert(strstr(r->findings[i].what, "Oxum") == NULL);
    ps_verify_report_done(r);
    ps_buffer_done(&sealed.minisig);
    ps_buffer_done(&out);
}
