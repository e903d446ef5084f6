/* SPDX-License-Identifier: Apache-2.0
 *
 * What verify says of a bundle that is encrypted: with and without an identity, altered, cut, encrypted again.
 */
#include "formats/minisign.h"
#include "tests/formats/bundle_case.h"
#include "tests/formats/golden_age.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct ps_age_identities *ids;
static struct ps_buffer sealed; /* the encrypted sample */

static bool to_buffer(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) err;
    ps_buffer_add(context, data, len);
    return true;
}

static struct ps_age_recipients golden_recipients(void)
{
    struct ps_age_recipients to = {.list = {*ps_age_identity_recipient(ids, 0)}, .count = 1};
    return to;
}

static void encrypt(const struct ps_age_recipients *to, struct ps_span plain, struct ps_buffer *out)
{
    struct ps_error err;
    struct ps_age_writer *w = ps_age_writer_new(to, to_buffer, out, &err);
    cr_assert(w != NULL && ps_age_writer_write(w, plain.data, plain.len, &err) && ps_age_writer_finish(w, &err));
    ps_age_writer_free(w);
}

static void name_recipient(const char *recipient)
{
    char text[200];
    snprintf(text, sizeof text, "Encrypted-To: %s\nPayload-Oxum: ", recipient);
    sample_change(&s, "bag-info.txt", "Payload-Oxum: ", text);
    sample_reseal(&s);
}

static void setup(void)
{
    struct ps_buffer plain = {0};
    bundle_setup();
    ids = golden_identities();
    struct ps_age_recipients to = golden_recipients();
    name_recipient(GOLDEN_RECIPIENT);
    sample_pack(&s, &plain);
    sealed = (struct ps_buffer){0};
    encrypt(&to, ps_buffer_span(&plain), &sealed);
    ps_buffer_done(&plain);
}

static void teardown(void)
{
    ps_buffer_done(&sealed);
    ps_age_identities_free(ids);
    bundle_teardown();
}

TestSuite(bundle_age, .init = setup, .fini = teardown);

static struct ps_verify_wants opening(void)
{
    struct ps_verify_wants wants = pinned();
    wants.identities = ids;
    return wants;
}

static bool says(const struct ps_verify_report *r, const char *what)
{
    for (size_t i = 0; i < r->finding_count; i++)
        if (strstr(r->findings[i].what, what) != NULL)
            return true;
    return false;
}

static void gives(struct ps_span bytes, const struct ps_verify_wants *wants, enum ps_verify_verdict verdict,
                  const char *what)
{
    struct ps_verify_report *r = verify_as(bytes, wants);
    cr_assert_eq(r->verdict, verdict, "%s: %s", ps_verify_name(r->verdict),
                 r->finding_count ? r->findings[0].what : "");
    cr_assert(what == NULL || says(r, what), "nobody says %s", what);
    ps_verify_report_done(r);
}

/* The signature of the sample's key over these bytes. */
static void sign(struct ps_span bytes, struct ps_buffer *out)
{
    uint8_t digest[PS_BLAKE2B512_LEN];
    struct ps_error err;
    ps_blake2b512_of(bytes, digest);
    cr_assert(ps_minisign_sign(sample_key(), digest, ps_span_text("x"), out, &err));
}

Test(bundle_age, is_opened_by_its_identity)
{
    struct ps_verify_wants wants = opening();
    struct ps_verify_report *r = verify_as(ps_buffer_span(&sealed), &wants);
    cr_assert_eq(r->verdict, PS_VERIFY_OK, "%s", r->finding_count ? r->findings[0].what : "");
    cr_assert(r->encrypted && r->opened && r->stanzas == 1 && r->encrypted_to.count == 1 && r->inner_signed);
    cr_assert_eq(r->file_bytes, sealed.len);
    cr_assert(!says(r, "encrypted again"));
    ps_verify_report_done(r);
}

Test(bundle_age, without_identity_nothing_is_known_but_the_file)
{
    struct ps_verify_wants wants = pinned();
    gives(ps_buffer_span(&sealed), &wants, PS_VERIFY_ENCRYPTED, "no identity was given");
    cr_assert_eq(ps_verify_exit(PS_VERIFY_ENCRYPTED), 2);

    struct ps_error err;
    struct ps_age_identities *other = ps_age_identities_new(&err);
    cr_assert(ps_age_identities_generate(other, &err));
    wants.identities = other;
    gives(ps_buffer_span(&sealed), &wants, PS_VERIFY_ENCRYPTED, "none of the identities");
    ps_age_identities_free(other);
    wants.identities = NULL;

    /* The signature beside it is checked all the same. */
    struct ps_buffer text = {0};
    sign(ps_buffer_span(&sealed), &text);
    wants.has_minisig = true;
    wants.minisig = ps_buffer_span(&text);
    struct ps_verify_report *r = verify_as(ps_buffer_span(&sealed), &wants);
    cr_assert(r->verdict == PS_VERIFY_ENCRYPTED && r->outer_signed);
    ps_verify_report_done(r);
    sealed.data[sealed.len - 1] ^= 1;
    gives(ps_buffer_span(&sealed), &wants, PS_VERIFY_TAMPERED, "wrong signature");
    wants.identities = ids;
    sealed.data[100] ^= 1; /* in the header: no cut could look like this */
    gives(ps_buffer_span(&sealed), &wants, PS_VERIFY_TAMPERED, NULL);
    ps_buffer_done(&text);
}

Test(bundle_age, no_flip_is_ok, .timeout = 1200)
{
    struct ps_verify_wants wants = opening();
    wants.rederive = false;
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.data[i] ^= (uint8_t) (1 << i % 8);
        enum ps_verify_verdict verdict = verdict_of(ps_buffer_span(&sealed), &wants);
        cr_assert(verdict != PS_VERIFY_OK && verdict != PS_VERIFY_UNPINNED, "byte %zu", i);
        sealed.data[i] ^= (uint8_t) (1 << i % 8);
    }
}

Test(bundle_age, every_cut_is_incomplete, .timeout = 1200)
{
    struct ps_verify_wants wants = opening();
    wants.rederive = false;
    for (size_t i = 0; i < sealed.len; i++)
        cr_assert_eq(verdict_of(ps_span_of(sealed.data, i), &wants), PS_VERIFY_INCOMPLETE, "cut at %zu", i);
}

Test(bundle_age, what_was_encrypted_again_is_told)
{
    struct ps_buffer plain = {0}, again = {0};
    struct ps_error err;
    struct ps_verify_wants wants = opening();
    sample_pack(&s, &plain);
    gives(ps_buffer_span(&plain), &wants, PS_VERIFY_OK, "somebody has decrypted it");

    struct ps_age_identities *other = ps_age_identities_new(&err);
    cr_assert(ps_age_identities_generate(other, &err));
    struct ps_age_recipients to = {.list = {*ps_age_identity_recipient(other, 0)}, .count = 1};
    encrypt(&to, ps_buffer_span(&plain), &again);
    wants.identities = other;
    gives(ps_buffer_span(&again), &wants, PS_VERIFY_OK, "does not name the recipient");

    to.list[to.count++] = *ps_age_identity_recipient(ids, 0);
    ps_buffer_clear(&again, SIZE_MAX);
    encrypt(&to, ps_buffer_span(&plain), &again);
    wants.identities = ids;
    gives(ps_buffer_span(&again), &wants, PS_VERIFY_OK, "another number of recipients");

    ps_buffer_clear(&again, SIZE_MAX);
    encrypt(&to, ps_buffer_span(&file), &again); /* the honest sample names nobody */
    gives(ps_buffer_span(&again), &wants, PS_VERIFY_OK, "encrypted afterwards");
    ps_age_identities_free(other);
    ps_buffer_done(&plain);
    ps_buffer_done(&again);
}

Test(bundle_age, names_recipients_that_are_some)
{
    sample_change(&s, "bag-info.txt", GOLDEN_RECIPIENT, "age1nobody");
    sample_reseal(&s);
    expect(PS_VERIFY_MALFORMED, "a recipient that is none");
}

/* The writer of bundles with the stage in it: what it signs are the bytes of the encrypted file. */
Test(bundle_age, is_written_as_a_stream)
{
    struct ps_age_recipients to = golden_recipients();
    struct ps_buffer out = {0};
    struct ps_error err;
    struct ps_bundle *b = ps_bundle_new(SAMPLE_ID, 0, 1, &to, to_buffer, &out, &err);
    cr_assert(b != NULL);
    struct ps_span meta = ps_buffer_span(sample_bytes(&s, "data/meta.json"));
    struct ps_span closing = ps_buffer_span(sample_bytes(&s, "data/closing.json"));
    cr_assert(ps_bundle_add(b, "data/meta.json", meta, &err));
    sample_add_evidence(b);
    cr_assert(ps_bundle_add(b, "data/closing.json", closing, &err));
    struct ps_seal_facts facts = {
        .software_agent = "procsnap 0",
        .time = SAMPLE_TIME + 1,
        .chain_id = SAMPLE_CHAIN,
        .boot_id = "11111111-2222-3333-4444-555555555555",
        .reason = "single",
        .started_boottime_us = 900000,
        .finished_boottime_us = 2000000,
        .key = sample_key(),
    };
    struct ps_sealed result;
    cr_assert(ps_bundle_seal(b, &facts, &result, &err), "%s", err.text);
    ps_bundle_free(b);
    cr_assert_eq(result.file_bytes, out.len);

    struct ps_verify_wants wants = opening();
    wants.has_minisig = true;
    wants.minisig = ps_buffer_span(&result.minisig);
    struct ps_verify_report *r = verify_as(ps_buffer_span(&out), &wants);
    cr_assert_eq(r->verdict, PS_VERIFY_OK, "%s", r->finding_count ? r->findings[0].what : "");
    cr_assert(r->outer_signed && r->finding_count == 0);
    ps_verify_report_done(r);
    cr_assert(memmem(result.minisig.data, result.minisig.len, SAMPLE_ID ".tar.gz.age\t",
                     sizeof SAMPLE_ID ".tar.gz.age\t" - 1) != NULL);
    ps_buffer_done(&result.minisig);
    ps_buffer_done(&out);
}
