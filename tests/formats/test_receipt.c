/* SPDX-License-Identifier: Apache-2.0
 *
 * Receipts as text; with real bundles and signatures: tests/e2e/custody.py.
 */
#include "formats/receipt.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/formats/golden_key.h"

#define ID "procsnap-20261122t001500z-0123abcd"
#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NEEDED                                                                                                         \
    "\"v\":1,\"kind\":\"procsnap-receipt\",\"bundle\":\"" ID "\",\"root\":\"" HASH_A "\",\"pk\":\"" GOLDEN_PUBLIC_LINE    \
    "\",\"sha256\":\"" HASH_B "\""

static struct ps_verify_report report_of(const struct ps_receipt_seen *r)
{
    struct ps_verify_report report = {.has_chain = true, .has_root = true};
    memcpy(report.head.bundle, r->bundle, sizeof report.head.bundle);
    memcpy(report.head.root, r->root, sizeof report.head.root);
    report.head.pk = r->pk;
    return report;
}

Test(receipt, what_is_needed_and_what_is_not)
{
    struct ps_receipt_seen r;
    cr_assert_null(ps_receipt_read(ps_span_text("{" NEEDED "}"), &r));
    cr_assert(!r.has_seq && !r.has_size && !r.has_head && r.claims_len == 0);
    cr_assert_null(ps_receipt_read(
        ps_span_text("{" NEEDED ",\"seq\":7,\"size\":9,\"x\":[1.5],\"delivered\":\"now\",\"answer\":{\"etag\":\"e\"}}"), &r));
    cr_assert(r.has_seq && r.seq == 7 && r.has_size && r.size == 9);
    cr_assert(ps_span_is(ps_span_of(r.claims, r.claims_len), "delivered now, etag e"));
}

Test(receipt, a_number_that_is_not_whole_is_none)
{
    static const char *const numbers[] = {"0.5", "1e999", "-1", "1e17", "-0.25"};
    struct ps_receipt_seen r;
    char text[1000];
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void) snprintf(text, sizeof text, "{" NEEDED ",\"seq\":%s}", numbers[i]);
        cr_expect_not_null(ps_receipt_read(ps_span_text(text), &r), "%s", numbers[i]);
    }
    cr_expect_null(ps_receipt_read(ps_span_text("{" NEEDED ",\"seq\":2e1}"), &r));
    cr_expect(r.seq == 20);
}

Test(receipt, claims_never_overflow)
{
    char text[4000];
    struct ps_receipt_seen r;
    for (int len = 0; len < 600; len++) {
        (void) snprintf(text, sizeof text, "{" NEEDED ",\"delivered\":\"%0*d\",\"destination\":\"%0*d\"}", len, 1, len, 2);
        cr_assert_null(ps_receipt_read(ps_span_text(text), &r));
        cr_assert_leq(r.claims_len, sizeof r.claims);
    }
}

Test(receipt, contradictions)
{
    struct ps_receipt_seen r;
    uint8_t sha256[PS_SHA256_LEN];
    cr_assert_null(ps_receipt_read(ps_span_text("{" NEEDED ",\"seq\":0,\"size\":9}"), &r));
    struct ps_verify_report report = report_of(&r);
    memcpy(sha256, r.sha256, sizeof sha256);
    cr_assert_null(ps_receipt_contradiction(&r, &report, sha256, 9));
    cr_assert_null(ps_receipt_contradiction(&r, &report, NULL, 0), "no file to compare with");
    cr_assert_not_null(ps_receipt_contradiction(&r, &report, sha256, 8));
    sha256[31] ^= 1;
    cr_assert_not_null(ps_receipt_contradiction(&r, &report, sha256, 9));
    sha256[31] ^= 1;
    report.head.seq = 1;
    cr_assert_not_null(ps_receipt_contradiction(&r, &report, sha256, 9));
    report.head.seq = 0;
    report.head.root[0] ^= 1;
    cr_assert_not_null(ps_receipt_contradiction(&r, &report, sha256, 9));
    report.has_root = false;
    cr_assert_not_null(ps_receipt_contradiction(&r, &report, sha256, 9));
}
