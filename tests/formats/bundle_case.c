/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/formats/bundle_case.h"

#include <criterion/criterion.h>
#include <string.h>

struct sample s;
struct ps_buffer file, minisig;

void bundle_setup(void)
{
    file = minisig = (struct ps_buffer){0};
    sample_make(&s, &file, &minisig);
}

void bundle_teardown(void)
{
    sample_free(&s);
    ps_buffer_done(&file);
    ps_buffer_done(&minisig);
}

struct ps_verify_report *verify_as(struct ps_span bytes, const struct ps_verify_wants *wants)
{
    static struct ps_verify_report report;
    struct ps_error err = {0};
    cr_assert(ps_verify_tarball(sample_input, &bytes, wants, &report, &err), "%s", err.text);
    return &report;
}

struct ps_verify_wants pinned(void)
{
    return (struct ps_verify_wants){.key = ps_signing_key_public(sample_key()), .rederive = true};
}

enum ps_verify_verdict verdict_of(struct ps_span bytes, const struct ps_verify_wants *wants)
{
    struct ps_verify_report *r = verify_as(bytes, wants);
    enum ps_verify_verdict verdict = r->verdict;
    ps_verify_report_done(r);
    return verdict;
}

/* The changed sample must get this verdict, and a finding must say `why`. */
void expect(enum ps_verify_verdict verdict, const char *why)
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
