/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/presigned_url.h"

#include <criterion/criterion.h>
#include <string.h>

#include "collector/delivery/http_date.h"

#define QUERY "?X-Amz-Signature=00&X-Amz-Date=20261122T001500Z&X-Amz-Expires=3600&X-Amz-SignedHeaders="

static void refused(const char *url, const char *header, const char *says)
{
    struct ps_delivery_options o = {0};
    struct ps_error err = {0};
    if (header != NULL)
        o.put_headers[o.put_header_count++] = header;
    cr_assert_not(ps_presigned_check("DEST", url, &o, &err), "%s was taken", url);
    cr_expect(strstr(err.text, says) != NULL, "\"%s\" does not say \"%s\"", err.text, says);
    cr_expect(strstr(err.text, "3600") == NULL, "what is behind the question mark is told nowhere");
}

static void taken(const char *url, const char *header)
{
    struct ps_delivery_options o = {0};
    struct ps_error err = {0};
    if (header != NULL)
        o.put_headers[o.put_header_count++] = header;
    cr_expect(ps_presigned_check("DEST", url, &o, &err), "%s: %s", url, err.text);
}

Test(presigned_url, the_headers_that_were_signed_are_sent)
{
    taken("https://b.s3.amazonaws.com/k" QUERY "host", NULL);
    taken("https://b.s3.amazonaws.com/k" QUERY "content-length%3Bhost", NULL);
    taken("https://b.s3.amazonaws.com/k" QUERY "host%3Bif-none-match", "If-None-Match: *");
    taken("https://b.s3.amazonaws.com/k" QUERY "host;x-amz-tagging", "X-Amz-Tagging: a=b");
    taken("https://b.s3.amazonaws.com/k" QUERY "host", "Content-Type: text/plain");
    taken("https://storage.example/k?sig=abc", "x-ms-blob-type: BlockBlob");
    refused("https://b.s3.amazonaws.com/k" QUERY "host%3Bif-none-match", NULL, "--put-header 'if-none-match: VALUE'");
    refused("https://b.s3.amazonaws.com/k" QUERY "host%3bx-amz-tagging", "x-amz-acl: x", "x-amz-tagging");
    refused("https://b.s3.amazonaws.com/k" QUERY "host", "x-amz-acl: public-read", "not signed for the header x-amz-acl");
}

Test(presigned_url, what_is_no_such_url_is_refused)
{
    refused("s3://b/k" QUERY "host", NULL, "no https://");
    refused("https://b.s3.amazonaws.com/k", NULL, "query");
    refused("https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256", NULL, "cut");
    refused("https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIA", NULL, "cut");
    refused("https://b.s3.amazonaws.com/" QUERY "host#x", NULL, "quotes");
    refused("https://b.s3.amazonaws.com/a b" QUERY "host", NULL, "quotes");
    refused("https://b.s3.amazonaws.com/a\r\nb" QUERY "host", NULL, "quotes");
    refused("https:///k" QUERY "host", NULL, "host and path");
    refused("https://b.s3.amazonaws.com", NULL, "host and path");
    refused("https://u:p@b.s3.amazonaws.com/k" QUERY "host", NULL, "host and path");
    refused("http://b.s3.amazonaws.com/k" QUERY "host", NULL, "in clear");
    refused("http://127.evil.example@x/k" QUERY "host", NULL, "host and path");
    taken("http://127.0.0.1:9000/k" QUERY "host", NULL);
    taken("http://localhost:9000/k" QUERY "host", NULL);
    refused("http://localhost.evil.example/k" QUERY "host", NULL, "in clear");
}

Test(presigned_url, its_end_and_its_place)
{
    int64_t ends = 0;
    cr_assert(ps_presigned_ends("https://x/k" QUERY "host", &ends));
    cr_expect_eq(ends, 1795306500 + 3600);
    cr_expect_not(ps_presigned_ends("https://x/k?a=b", &ends));
    cr_expect_not(ps_presigned_ends("https://x/k?X-Amz-Date=20261122T001500&X-Amz-Expires=1", &ends));
    cr_expect(ps_span_is(ps_presigned_place("https://x/k?secret"), "https://x/k"));
    cr_expect(ps_presigned_signs("https://x/k" QUERY "host%3BIf-None-Match", "if-none-match"));
    cr_expect_not(ps_presigned_signs("https://x/k" QUERY "host%3Bif-none", "if-none-match"));
}

Test(http_date, moments_are_read)
{
    static const struct {
        const char *http, *utc;
        int64_t epoch_s;
    } good[] = {{"Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z", 0},
                {"Fri, 24 May 2013 00:00:00 GMT", "2013-05-24T00:00:00.125Z", 1369353600},
                {"Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59Z", 1709251199},
                {"Sat, 01 Mar 2025 12:00:00 GMT", "2025-03-01T12:00:00Z", 1740830400}};
    static const char *const bad[] = {"", "Fri, 24 May 2013 00:00:00", "24 May 2013 00:00:00 GMT", "2013-05-24",
                                      "2013-05-24T00:00:00", "2013-05-24T00:00:00+01:00", "2013-02-29T00:00:00Z",
                                      "2013-13-01T00:00:00Z", "2013-00-01T00:00:00Z", "2013-01-00T00:00:00Z",
                                      "2013-01-01T24:00:00Z", "Fri, 24 Mai 2013 00:00:00 GMT", "1969-12-31T23:59:59Z",
                                      "Fri, 24 May 2013 00:00:00 GMT ", "-013-05-24T00:00:00Z"};
    int64_t seen;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert(ps_http_date(ps_span_text(good[i].http), &seen), "%s", good[i].http);
        cr_expect_eq(seen, good[i].epoch_s, "%s", good[i].http);
        cr_assert(ps_utc_time(ps_span_text(good[i].utc), &seen), "%s", good[i].utc);
        cr_expect_eq(seen, good[i].epoch_s, "%s", good[i].utc);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(ps_http_date(ps_span_text(bad[i]), &seen), "%s", bad[i]);
        cr_expect_not(ps_utc_time(ps_span_text(bad[i]), &seen), "%s", bad[i]);
    }
}
