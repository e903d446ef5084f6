/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures that AWS documents (Amazon S3 API Reference, "Authenticating Requests"; IAM User Guide, "Create a signed
 * request"), and the two switches. tests/e2e/sigv4.py compares with botocore.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "collector/delivery/sigv4.h"

#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct ps_sigv4_signer documented = {.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                                                  .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                                  .region = "us-east-1",
                                                  .service = "s3",
                                                  .time = "20130524T000000Z"};

static struct ps_sigv4_pair pair(const char *name, const char *value)
{
    return (struct ps_sigv4_pair){ps_span_text(name), ps_span_text(value)};
}

static void signs(const struct ps_sigv4_request *r, const struct ps_sigv4_signer *s, const char *signature)
{
    struct ps_buffer out = {0};
    cr_assert(ps_sigv4_authorize(r, s, &out));
    cr_expect(ps_span_ends(ps_buffer_span(&out), signature), "%.*s", (int) out.len, (const char *) out.data);
    ps_buffer_done(&out);
}

Test(sigv4, get_of_a_range)
{
    const char *headers[] = {"Host: examplebucket.s3.amazonaws.com", "Range: bytes=0-9",
                             "x-amz-content-sha256: " NOTHING, "x-amz-date: 20130524T000000Z", NULL};
    struct ps_sigv4_request r = {
        .method = "GET", .path = ps_span_text("/test.txt"), .headers = headers, .payload_hash = NOTHING};
    struct ps_buffer out = {0};
    signs(&r, &documented, "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    cr_assert(ps_sigv4_authorize(&r, &documented, &out));
    cr_expect(ps_span_starts(ps_buffer_span(&out),
                             "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                             "aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature="));
    ps_buffer_done(&out);
}

Test(sigv4, put_of_a_name_with_a_dollar)
{
#define HASH "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
    const char *headers[] = {"Date: Fri, 24 May 2013 00:00:00 GMT", "Host: examplebucket.s3.amazonaws.com",
                             "x-amz-content-sha256: " HASH, "x-amz-date: 20130524T000000Z",
                             "x-amz-storage-class: REDUCED_REDUNDANCY", NULL};
    struct ps_buffer path = {0};
    ps_uri_encode(&path, ps_span_text("/test$file.text"), true);
    struct ps_sigv4_request r = {
        .method = "PUT", .path = ps_buffer_span(&path), .headers = headers, .payload_hash = HASH};
    signs(&r, &documented, "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    ps_buffer_done(&path);
}

Test(sigv4, queries_are_sorted)
{
    const char *headers[] = {"Host: examplebucket.s3.amazonaws.com", "x-amz-content-sha256: " NOTHING,
                             "x-amz-date: 20130524T000000Z", NULL};
    struct ps_sigv4_pair one[] = {pair("lifecycle", "")};
    struct ps_sigv4_pair two[] = {pair("prefix", "J"), pair("max-keys", "2")};
    struct ps_sigv4_request r = {.method = "GET",
                                 .path = ps_span_text("/"),
                                 .query = one,
                                 .query_count = 1,
                                 .headers = headers,
                                 .payload_hash = NOTHING};
    signs(&r, &documented, "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    r.query = two;
    r.query_count = 2;
    signs(&r, &documented, "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

Test(sigv4, put_in_chunks)
{
    const char *headers[] = {"Content-Encoding: aws-chunked", "Content-Length: 66824", "Host: s3.amazonaws.com",
                             "x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x-amz-date: 20130524T000000Z",
                             "x-amz-decoded-content-length: 66560", "x-amz-storage-class: REDUCED_REDUNDANCY", NULL};
    struct ps_sigv4_request r = {.method = "PUT",
                                 .path = ps_span_text("/examplebucket/chunkObject.txt"),
                                 .headers = headers,
                                 .payload_hash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"};
    signs(&r, &documented, "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
}

/* The claims of a presigned URL are a query like any other. */
Test(sigv4, presigned_get)
{
    const char *headers[] = {"Host: examplebucket.s3.amazonaws.com", NULL};
    struct ps_sigv4_pair claims[] = {pair("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), pair("X-Amz-Expires", "86400"),
                                     pair("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"),
                                     pair("X-Amz-Date", "20130524T000000Z"), pair("X-Amz-SignedHeaders", "host")};
    struct ps_sigv4_request r = {.method = "GET",
                                 .path = ps_span_text("/test.txt"),
                                 .query = claims,
                                 .query_count = sizeof claims / sizeof claims[0],
                                 .headers = headers,
                                 .payload_hash = "UNSIGNED-PAYLOAD"};
    signs(&r, &documented, "Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

Test(sigv4, another_service)
{
    const char *headers[] = {"Host: iam.amazonaws.com", "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
                             "X-Amz-Date: 20150830T123600Z", NULL};
    struct ps_sigv4_pair query[] = {pair("Version", "2010-05-08"), pair("Action", "ListUsers")};
    struct ps_sigv4_request r = {.method = "GET",
                                 .path = ps_span_text("/"),
                                 .query = query,
                                 .query_count = 2,
                                 .headers = headers,
                                 .payload_hash = NOTHING,
                                 .normalize_path = true,
                                 .double_encode = true};
    struct ps_sigv4_signer s = {.access_key_id = "AKIDEXAMPLE",
                                .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                .region = "us-east-1",
                                .service = "iam",
                                .time = "20150830T123600Z"};
    signs(&r, &s, "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

static void is_canonical(struct ps_sigv4_request r, size_t line, const char *expected)
{
    const char *usual[] = {"Host: example.amazonaws.com", NULL};
    struct ps_buffer out = {0};
    struct ps_span text = {0};
    r.method = "GET";
    r.payload_hash = NOTHING;
    if (r.headers == NULL)
        r.headers = usual;
    cr_assert(ps_sigv4_canonical(&r, &out));
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&out));
    for (size_t i = 0; i <= line; i++)
        cr_assert(ps_take_line(&in, &text));
    cr_expect(ps_span_is(text, expected), "\"%.*s\" instead of \"%s\"", (int) text.len, (const char *) text.data, expected);
    ps_buffer_done(&out);
}

/* The cases of AWS's suite for paths: get-relative, get-slash, get-slashes, get-slash-dot-slash, get-space, get-utf8 ... */
Test(sigv4, the_two_switches)
{
    static const struct {
        const char *wire;
        const char *normalized;
    } paths[] = {{"/", "/"},
                 {"", "/"},
                 {"/example/..", "/"},
                 {"/example1/example2/../..", "/"},
                 {"/./", "/"},
                 {"//", "/"},
                 {"/./example", "/example"},
                 {"//example//", "/example/"},
                 {"/a/./b/../c", "/a/c"},
                 {"/../../a", "/a"},
                 {"/a/b/..", "/a/"},
                 {"/a..b/...", "/a..b/..."},
                 {"/example%20space/", "/example%2520space/"}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct ps_sigv4_request r = {.path = ps_span_text(paths[i].wire)};
        is_canonical(r, 1, paths[i].wire);
        r.normalize_path = r.double_encode = true;
        is_canonical(r, 1, paths[i].normalized);
    }
}

Test(sigv4, headers_are_folded)
{
    const char *headers[] = {"My-Header2:  \"a   b   c\"  ", "Host:example.amazonaws.com", "My-Header1:value4",
                             "my-header1: value1", "MY-HEADER1:value3 ", NULL};
    struct ps_sigv4_request r = {.path = ps_span_text("/"), .headers = headers};
    is_canonical(r, 3, "host:example.amazonaws.com");
    is_canonical(r, 4, "my-header1:value4,value1,value3");
    is_canonical(r, 5, "my-header2:\"a b c\"");
    is_canonical(r, 7, "host;my-header1;my-header2");
}

Test(sigv4, queries_are_encoded_once)
{
    struct ps_sigv4_pair query[] = {pair("Param2", "value2"), pair("a b", "\xe1\x88\xb4"), pair("Param1", "x/+=&%"),
                                    pair("Param1", "b"), pair("Param", ""), pair("-._~", "-._~")};
    struct ps_sigv4_request r = {.path = ps_span_text("/"), .query = query, .query_count = 6};
    is_canonical(r, 2, "-._~=-._~&Param=&Param1=b&Param1=x%2F%2B%3D%26%25&Param2=value2&a%20b=%E1%88%B4");
}

Test(sigv4, what_cannot_be_signed_is_refused)
{
    const char *no_colon[] = {"Host", NULL}, *no_name[] = {": x", NULL};
    const char *many[PS_SIGV4_HEADERS_MAX + 2];
    struct ps_sigv4_pair query[PS_SIGV4_QUERY_MAX + 1];
    struct ps_buffer out = {0};
    struct ps_sigv4_request r = {
        .method = "GET", .path = ps_span_text("/"), .headers = no_colon, .payload_hash = NOTHING, .query = query};
    cr_expect_not(ps_sigv4_authorize(&r, &documented, &out));
    r.headers = no_name;
    cr_expect_not(ps_sigv4_authorize(&r, &documented, &out));
    for (size_t i = 0; i <= PS_SIGV4_HEADERS_MAX; i++)
        many[i] = "a: b";
    many[PS_SIGV4_HEADERS_MAX + 1] = NULL;
    r.headers = many;
    cr_expect_not(ps_sigv4_authorize(&r, &documented, &out));
    many[1] = NULL;
    for (size_t i = 0; i <= PS_SIGV4_QUERY_MAX; i++)
        query[i] = pair("a", "b");
    r.query_count = PS_SIGV4_QUERY_MAX + 1;
    cr_expect_not(ps_sigv4_authorize(&r, &documented, &out));
    ps_buffer_done(&out);
}

Test(sigv4, time_is_written_in_utc)
{
    char text[PS_SIGV4_TIME_SIZE];
    ps_sigv4_time(1369353600, text);
    cr_expect_str_eq(text, "20130524T000000Z");
}
