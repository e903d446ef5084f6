/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/bundle_write.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/formats/bundle_case.h"

TestSuite(bundle, .init = bundle_setup, .fini = bundle_teardown);

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
    cr_assert_eq(r->parts, 8);
    cr_assert_eq(r->parts_differ, 0);
    cr_assert_eq(memcmp(r->head.root, s.head.root, 32), 0);
    cr_assert_str_eq(r->bundle, SAMPLE_ID);
    cr_assert_str_eq(r->chain_id, SAMPLE_CHAIN);
    cr_assert_str_eq(r->examiner, "E\xc3\xa9");
    cr_assert(r->authority == NULL && r->sealed_early == NULL);
    cr_assert_eq(r->captures, 17);
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
    cr_assert_eq(r->captures, 17);
    ps_verify_report_done(r);
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
    cr_assert(ps_bundle_new("procsnap-20260230t001500z-0123abcd", 0, 1, NULL, to_full, &room, &err) == NULL);

    struct ps_bundle *b = ps_bundle_new(id, 0, 1, NULL, to_full, &room, &err);
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
    b = ps_bundle_new(id, 0, 1, NULL, to_full, &room, &err);
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
    struct ps_bundle *b = ps_bundle_new(SAMPLE_ID, 3, 1, NULL, to_buffer, &out, &err);
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
