/* SPDX-License-Identifier: Apache-2.0
 *
 * Bundles that somebody changed, sealed again by the right key or not.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "formats/pack.h"
#include "tests/formats/bundle_case.h"

TestSuite(bundle_forged, .init = bundle_setup, .fini = bundle_teardown);

Test(bundle_forged, missing_signatures)
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

Test(bundle_forged, missing_members)
{
    sample_remove(&s, "data/proc/1/memory.pack");
    expect(PS_VERIFY_TAMPERED, "a manifest lists it, but it is not there");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "did not come before it");
}

Test(bundle_forged, missing_documents)
{
    static const char *const names[] = {"bagit.txt",  "data/closing.json", "bag-info.txt",
                                        "chain.json", "custody.ndjson",    "manifest-sha256.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sample_remove(&s, names[i]);
        expect(PS_VERIFY_TAMPERED, "a manifest lists it, but it is not there");
        bundle_teardown();
        bundle_setup();
    }
    sample_remove(&s, "tagmanifest-sha256.txt");
    expect(PS_VERIFY_MALFORMED, "missing");
}

Test(bundle_forged, extra_members)
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

Test(bundle_forged, the_same_name_twice)
{
    sample_insert(&s, 3, "data/meta.json", "{}");
    expect(PS_VERIFY_MALFORMED, "there twice");
    bundle_teardown();
    bundle_setup();
    size_t at = sample_at(&s, "data/proc/1/state.pack");
    sample_insert(&s, at, "data/proc/1/state.pack", "f stat 1\nx\n");
    expect(PS_VERIFY_MALFORMED, "name occurs twice");
    bundle_teardown();
    bundle_setup();
    sample_insert(&s, 3, "data/PROC/uptime", "x");
    expect(PS_VERIFY_MALFORMED, "clashes");
    bundle_teardown();
    bundle_setup();
    sample_insert(&s, 3, "data/proc/uptime/x", "x");
    expect(PS_VERIFY_MALFORMED, "clashes");
}

Test(bundle_forged, names_that_no_bundle_has)
{
    static const char *const names[] = {"data/../x",     "../x",     "data//x",       "data/x y",
                                        "data/=2e=2e/x", "data/=41", "data/\xc3\xa9", "data/x/"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sample_insert(&s, 3, names[i], "x");
        expect(PS_VERIFY_MALFORMED, "");
        sample_remove(&s, names[i]);
    }
}

/* The content of a file is named by its hash, and its capture says the same. */
Test(bundle_forged, objects)
{
    sample_change(&s, SAMPLE_OBJECT_NAME, "object", "oject!");
    expect(PS_VERIFY_TAMPERED, "");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "another length or hash");
    bundle_teardown();
    bundle_setup();
    sample_change(&s, SAMPLE_OBJECT_NAME, "object", "objects");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "another length or hash");
    bundle_teardown();
    bundle_setup();
    sample_remove(&s, SAMPLE_OBJECT_NAME);
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "did not come before it");
    bundle_teardown();
    bundle_setup();
    char other[] = SAMPLE_OBJECT_NAME;
    other[sizeof other - 2] = other[sizeof other - 2] == '0' ? '1' : '0';
    strcpy(s.members[sample_at(&s, SAMPLE_OBJECT_NAME)].name, other);
    sample_change(&s, "data/journal/0002.ndjson", SAMPLE_OBJECT_NAME, other);
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "name is not its hash");
    bundle_teardown();
    bundle_setup();
    sample_insert(&s, 3, other, "x");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "no line of the journal names");
    sample_remove(&s, other);
    other[sizeof other - 2] = 'G';
    sample_insert(&s, 3, other, "x");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "no such member");
}

/* A core is named by its life, and its capture has its hash. */
Test(bundle_forged, cores)
{
    sample_change(&s, SAMPLE_CORE_NAME, "memory", "mem0ry");
    expect(PS_VERIFY_TAMPERED, "");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "another length or hash");
    bundle_teardown();
    bundle_setup();
    sample_remove(&s, SAMPLE_CORE_NAME);
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "did not come before it");
    bundle_teardown();
    bundle_setup();
    strcpy(s.members[sample_at(&s, SAMPLE_CORE_NAME)].name, "data/memory/2.core");
    sample_change(&s, "data/journal/0002.ndjson", SAMPLE_CORE_NAME, "data/memory/2.core");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "lines of its scope do not have");
    bundle_teardown();
    bundle_setup();
    sample_insert(&s, 3, "data/memory/3.core", "x");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "no line of the journal names");
    bundle_teardown();
    bundle_setup();
    sample_change(&s, "data/journal/0002.ndjson", "\"pid\",\"memfd_exe\"", "\"pid\",\"other\"");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "none of the forms");
}

/* Read twice, and not the same: then the name is of the first reading, and the capture says so. */
Test(bundle_forged, an_object_that_changed_while_it_was_read)
{
    char other[] = SAMPLE_OBJECT_NAME;
    other[sizeof other - 2] = other[sizeof other - 2] == '0' ? '1' : '0';
    strcpy(s.members[sample_at(&s, SAMPLE_OBJECT_NAME)].name, other);
    sample_change(&s, "data/journal/0002.ndjson", SAMPLE_OBJECT_NAME, other);
    sample_change(&s, "data/journal/0002.ndjson", "[\"exe\",\"complete\"", "[\"exe\",\"partial\"");
    sample_change(&s, "data/closing.json", "{\"complete\":13,", "{\"complete\":12,\"partial\":1,");
    sample_reseal(&s);
    struct ps_buffer changed = {0};
    struct ps_verify_wants wants = pinned();
    wants.rederive = false; /* the records are those of the other bundle */
    sample_pack(&s, &changed);
    cr_assert_eq(verdict_of(ps_buffer_span(&changed), &wants), PS_VERIFY_OK);
    ps_buffer_done(&changed);
}

Test(bundle_forged, order)
{
    struct sample_member first = s.members[0];
    s.members[0] = s.members[1];
    s.members[1] = first;
    expect(PS_VERIFY_MALFORMED, "not where it must be");
    bundle_teardown();
    bundle_setup();
    size_t closing = sample_at(&s, "data/closing.json");
    struct sample_member moved = s.members[closing];
    s.members[closing] = s.members[closing - 1];
    s.members[closing - 1] = moved;
    expect(PS_VERIFY_MALFORMED, "not where it must be");
    bundle_teardown();
    bundle_setup();
    struct sample_member last = s.members[s.count - 1];
    s.members[s.count - 1] = s.members[s.count - 2];
    s.members[s.count - 2] = last;
    expect(PS_VERIFY_MALFORMED, "not where it must be");
    bundle_teardown();
    bundle_setup();
    sample_change(&s, "data/journal/0002.ndjson", "quiet-end", "quiet-end");
    strcpy(s.members[sample_at(&s, "data/journal/0002.ndjson")].name, "data/journal/0003.ndjson");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "numbered");
}

Test(bundle_forged, changed_bytes)
{
    sample_change(&s, "data/proc/1/state.pack", "/dev/null", "/dev/full");
    expect(PS_VERIFY_TAMPERED, "not those that were sealed");
    sample_reseal(&s);
    expect(PS_VERIFY_TAMPERED, "derived again these records are others");
    sample_change(&s, "data/proc/1/state.pack", "fd/0 9\n/dev/full", "fd/0 8\n/dev/ful");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "not the one that the journal says");
}

Test(bundle_forged, changed_tag_files)
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

Test(bundle_forged, manifests_in_other_forms)
{
    struct ps_buffer *m = sample_bytes(&s, "manifest-sha256.txt");
    ps_buffer_add_text(m, "\n");
    sample_sign(&s);
    expect(PS_VERIFY_MALFORMED, "no hash of 64");
    bundle_teardown();
    bundle_setup();
    sample_change(&s, "manifest-sha256.txt", "  data/journal/0001.ndjson\n", "  data/journal/0001.ndjson\r\n");
    sample_sign(&s);
    expect(PS_VERIFY_MALFORMED, "");
    bundle_teardown();
    bundle_setup();
    /* A tag manifest that lists one of its signatures as well. */
    sample_change(&s, "bag-info.txt", "Payload-Oxum: ", "Payload-Oxum: 1");
    sample_sign(&s);
    expect(PS_VERIFY_MALFORMED, "Payload-Oxum");
}

Test(bundle_forged, signatures_of_another_bundle)
{
    struct sample other;
    sample_make(&other, NULL, NULL);
    sample_change(&other, "bag-info.txt", "C-1", "C-2");
    sample_sign(&other);
    struct ps_buffer *mine = sample_bytes(&s, "tagmanifest-sha256.txt.minisig");
    ps_buffer_clear(mine, SIZE_MAX);
    ps_buffer_add_span(mine, ps_buffer_span(sample_bytes(&other, "tagmanifest-sha256.txt.minisig")));
    expect(PS_VERIFY_TAMPERED, "wrong signature");
    bundle_teardown();
    bundle_setup();
    mine = sample_bytes(&s, "tagmanifest-sha256.txt.sshsig");
    ps_buffer_clear(mine, SIZE_MAX);
    ps_buffer_add_span(mine, ps_buffer_span(sample_bytes(&other, "tagmanifest-sha256.txt.sshsig")));
    expect(PS_VERIFY_TAMPERED, "wrong signature");
    sample_free(&other);
}

Test(bundle_forged, comment_of_another_bundle)
{
    sample_change(&s, "tagmanifest-sha256.txt.minisig", "seq:0", "seq:1");
    expect(PS_VERIFY_TAMPERED, "trusted comment");
    sample_sign(&s); /* with that comment, by the right key */
    expect(PS_VERIFY_TAMPERED, "another bundle");
}

Test(bundle_forged, signatures_in_other_forms)
{
    sample_change(&s, "tagmanifest-sha256.txt.minisig", "signature from procsnap", "signature from minisign");
    expect(PS_VERIFY_TAMPERED, "not written as procsnap writes it");
    bundle_teardown();
    bundle_setup();
    ps_buffer_add_byte(sample_bytes(&s, "tagmanifest-sha256.txt.minisig"), '\n');
    expect(PS_VERIFY_TAMPERED, "");
    bundle_teardown();
    bundle_setup();
    sample_change(&s, "tagmanifest-sha256.txt.minisig", "\nRU", "\nRW"); /* ED -> Ed, the old algorithm */
    expect(PS_VERIFY_TAMPERED, "");
    bundle_teardown();
    bundle_setup();
    sample_change(&s, "tagmanifest-sha256.txt.sshsig", "\n-----END", "\n\n-----END");
    expect(PS_VERIFY_TAMPERED, "");
}

Test(bundle_forged, json_of_other_forms)
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
        {"data/closing.json", "\"sealed_early\":null", "\"sealed_late\":null", "sealed early"},
        {"data/closing.json", "\"counts\"", "\"count\"", "does not count"},
        {"data/closing.json", "\"captures\":17", "\"captures\":18", "counts are not those"},
        {"data/closing.json", "\"denied\":1", "\"failed\":1", "counts are not those"},
        {"data/closing.json", "\"records\":16", "\"records\":15", "counts are not those"},
        {"data/closing.json", "null}", "null}x", "behind the value"},
        {"data/meta.json", "\"format\":1", "\"format\":\"1\"", "does not know"},
        {"data/meta.json", "\"clk_tck\":100", "\"clk_tck\":0", "no ticks a second"},
        {"chain.json", "\"seq\":0", "\"seq\":7", "another sequence number"},
        {"chain.json", "\"v\":1", "\"v\":2", "does not know"},
        {"chain.json", "\"next_pk\":null", "\"next_pk\":\"RW\"", "next public key"},
        {"chain.json", "\"boot_id\":\"1", "\"boot_id\":\"2", "another boot id"},
        {"chain.json", "\"prev_root\":null",
         "\"prev_root\":\"0000000000000000000000000000000000000000000000000000000000000000\"", "snapshot alone"},
        {"chain.json", "\"finished_boottime_us\":2", "\"finished_boottime_us\":0,\"x\":2", "before it was started"},
        {"custody.ndjson", "acquired", "\\ud800", "surrogate"},
        {"custody.ndjson", "acquired", "transferred", "not the acquisition"},
        {"custody.ndjson", SAMPLE_ID, "procsnap-20260101t000000z-00000000", "another bundle"},
        {"custody.ndjson", "null}\n", "null}\n{}\n", "more than the acquisition"},
        {"data/journal/0002.ndjson", "{\"phase\":\"quiet-end\",\"us\":2000000,\"processes\":2}\n", "",
         "phases are missing"},
        {"data/journal/0002.ndjson", "{\"phase\":\"seal\",\"us\":2000000,\"processes\":2}\n", "",
         "phases are missing"},
        {"data/proc/1/state.pack", "f comm 6", "f comm 67108865", "longer than 64 MiB"},
        {"data/proc/1/state.pack", "in\xffit\n\n", "in\xffit\nx", "does not end where its length says"},
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
        bundle_teardown();
        bundle_setup();
    }
}

/* A run that was ended early leaves phases out. */
Test(bundle_forged, phases_of_an_early_end)
{
    sample_change(&s, "data/journal/0002.ndjson", "{\"phase\":\"quiet-end\",\"us\":2000000,\"processes\":2}\n", "");
    sample_change(&s, "data/closing.json", "\"sealed_early\":null", "\"sealed_early\":{\"reason\":\"signal\"}");
    sample_reseal(&s);
    struct ps_buffer changed = {0};
    struct ps_verify_wants wants = {.key = ps_signing_key_public(sample_key())};
    sample_pack(&s, &changed);
    cr_assert_eq(verdict_of(ps_buffer_span(&changed), &wants), PS_VERIFY_OK);
    ps_buffer_done(&changed);
}

Test(bundle_forged, packs_have_names_and_an_end)
{
    strcpy(s.members[sample_at(&s, "data/proc/1/state.pack")].name, "data/proc/1/stated.pack");
    sample_change(&s, "data/journal/0001.ndjson", "1/state.pack", "1/stated.pack");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "lines of its scope do not have");
    bundle_teardown();
    bundle_setup();
    struct ps_buffer *pack = sample_bytes(&s, "data/proc/1/memory.pack");
    ps_buffer_add_text(pack, "f x 1048576\n");
    for (size_t i = 0; i < PS_PACK_ROLL; i++)
        ps_buffer_add_byte(pack, '.');
    ps_buffer_add_text(pack, "\nf y 1\n.\n");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "has 1 MiB already");
}

Test(bundle_forged, members_that_are_too_long)
{
    static const char *const names[] = {"bagit.txt", "data/meta.json", "data/journal/0001.ndjson", "custody.ndjson"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct ps_buffer *bytes = sample_bytes(&s, names[i]);
        for (size_t k = 0; k < 2 << 20; k++)
            ps_buffer_add_byte(bytes, ' ');
        expect(PS_VERIFY_MALFORMED, "longer than such a member may be");
        bundle_teardown();
        bundle_setup();
    }
}

Test(bundle_forged, custody_that_says_nothing)
{
    ps_buffer_clear(sample_bytes(&s, "custody.ndjson"), SIZE_MAX);
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "no line");
    ps_buffer_add_text(sample_bytes(&s, "custody.ndjson"), "[]\n");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "not an object");
}

Test(bundle_forged, journal_and_packs_that_do_not_match)
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
        {"\"phase\":\"start\"", "\"phase\":\"smart\""},
        {"\"phase\":\"start\"", "\"phase\":\"global-end\""},
        {"\"phase\":\"global-end\"", "\"phase\":\"start\""},
        {"\"life\":\"1\"", "\"life\":\"2\""},
        {"\"scope\":\"global\"", "\"scope\":\"closing\""},
        {"\"identity\":\"changed\"", "\"identity\":\"charged\""},
        {"\"scope\":\"facts\"", "\"scope\":\"global\""},
        {"\"reader\":\"prober\"", "\"reader\":\"proper\""},
        {"data/facts/cgroup/memory.max", "data/facts/cgroup/memory.min"},
        {"[\"memory.max\",4,", "[\"memory.min\",4,"},
        {"[\"memory.max\",4,", "[\"memory.max\",5,"},
        {"data/facts/cgroup/memory.events", "data/proc/uptime"},
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
        bundle_teardown();
        bundle_setup();
    }
}

Test(bundle_forged, entries_that_do_not_match)
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
        bundle_teardown();
        bundle_setup();
    }
}

Test(bundle_forged, records_of_another_version_are_a_note)
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

Test(bundle_forged, records_that_nothing_was_derived_from)
{
    sample_insert(&s, sample_at(&s, "data/closing.json"), "data/records/socket-0001.ndjson", "{}\n");
    sample_reseal(&s);
    expect(PS_VERIFY_TAMPERED, "do not come from the raw bytes");
    sample_remove(&s, "data/records/socket-0001.ndjson");
    sample_remove(&s, "data/records/fd-0001.ndjson");
    sample_reseal(&s);
    expect(PS_VERIFY_TAMPERED, "the bundle does not hold");
}
