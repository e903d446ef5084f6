/* SPDX-License-Identifier: Apache-2.0
 *
 * What an object is sent with; the hashes of a file and of its parts; the options as they are read.
 */
#include "collector/delivery/s3_put.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/delivery/delivery_options.h"

#define HEAD                                                                                                           \
    "EVIDENCE v1 bundle=procsnap-20261122t001500z-0123abcd seq=7 "                                                     \
    "root=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef "                                           \
    "pk=RWTI9EhH2sHEnb38OjYdByztx2S/l1f4Dg7QY2qM3sNA3E7T02oty/6u prev=-"

static bool has(struct ps_header_lines *lines, const char *line)
{
    const char *const *all = ps_header_lines(lines);
    cr_assert(all != NULL);
    for (; *all != NULL; all++)
        if (strcmp(*all, line) == 0)
            return true;
    return false;
}

Test(s3_put, an_object_is_sent_with_all_that_was_asked_for)
{
    struct ps_delivery_options o = {.sse_kms_key = "alias/evidence", .bucket_key = true, .object_lock_mode = "GOVERNANCE",
                                    .object_lock_until = "2027-11-22T00:00:00Z", .legal_hold = true,
                                    .expected_owner = "444455556666", .tags = {"case=IR 1/a+b", "t="}, .tag_count = 2,
                                    .metadata = {"note=two = three"}, .metadata_count = 1};
    struct ps_delivery d = {.options = &o};
    struct ps_body_digest digest = {.size = 3};
    struct ps_object_origin origin = {.task_arn = "arn:aws:ecs:eu-west-1:1:task/c/2", .sha256 = digest.whole.sha256};
    struct ps_object object = {.name = "x", .content_type = "application/gzip", .origin = &origin, .digest = &digest};
    struct ps_header_lines lines = {0};
    ps_body_hash_of(ps_span_text("abc"), &digest.whole);
    cr_assert(ps_head_line_read(ps_span_text(HEAD), &origin.head));
    origin.has_head = true;
    ps_object_headers(&d, &object, false, &lines);
    static const char *const expected[] = {
        "Content-Type: application/gzip", "Content-MD5: kAFQmDzST7DWlj99KOF/cg==",
        "x-amz-checksum-sha256: ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "If-None-Match: *",
        "x-amz-server-side-encryption: aws:kms", "x-amz-server-side-encryption-aws-kms-key-id: alias/evidence",
        "x-amz-server-side-encryption-bucket-key-enabled: true", "x-amz-object-lock-mode: GOVERNANCE",
        "x-amz-object-lock-retain-until-date: 2027-11-22T00:00:00Z", "x-amz-object-lock-legal-hold: ON",
        "x-amz-expected-bucket-owner: 444455556666", "x-amz-tagging: case=IR%201%2Fa%2Bb&t=",
        "x-amz-meta-bundle-id: procsnap-20261122t001500z-0123abcd", "x-amz-meta-seq: 7",
        "x-amz-meta-root: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "x-amz-meta-pk: RWTI9EhH2sHEnb38OjYdByztx2S/l1f4Dg7QY2qM3sNA3E7T02oty/6u",
        "x-amz-meta-bundle-sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "x-amz-meta-task-arn: arn:aws:ecs:eu-west-1:1:task/c/2", "x-amz-meta-note: two = three",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        cr_expect(has(&lines, expected[i]), "%s", expected[i]);
    cr_expect_eq(lines.count, sizeof expected / sizeof expected[0] + 1, "and collector-version");
    ps_header_lines_done(&lines);

    origin.task_arn = "arn\r\nx-amz-acl: public-read";
    ps_object_headers(&d, &object, true, &lines);
    cr_expect_eq(lines.count, sizeof expected / sizeof expected[0] - 2, "in parts: no MD5, checksum or condition here");
    cr_expect(has(&lines, "x-amz-checksum-algorithm: SHA256"));
    ps_header_lines_done(&lines);
}

Test(s3_put, a_presigned_url_gets_its_own_headers_and_no_others)
{
    struct ps_delivery_options o = {.put_headers = {"If-None-Match: *"}, .put_header_count = 1};
    struct ps_delivery d = {.options = &o, .presigned = true};
    struct ps_body_digest digest = {0};
    struct ps_object object = {.digest = &digest};
    struct ps_header_lines lines = {0};
    ps_object_headers(&d, &object, false, &lines);
    cr_expect_eq(lines.count, 1);
    cr_expect(has(&lines, "If-None-Match: *"));
    ps_header_lines_done(&lines);
}

Test(s3_put, too_many_lines_are_told)
{
    struct ps_header_lines lines = {0};
    for (size_t i = 0; i < PS_HEADER_LINES_MAX; i++)
        ps_header_lines_add(&lines, "a", "b");
    cr_expect(ps_header_lines(&lines) != NULL);
    ps_header_lines_add(&lines, "a", "b");
    cr_expect(ps_header_lines(&lines) == NULL);
    ps_header_lines_done(&lines);
}

Test(s3_put, the_list_of_parts_takes_only_etags)
{
    struct ps_buffer out = {0};
    uint8_t sha256[PS_SHA256_LEN] = {0};
    cr_expect(ps_multipart_list_add(&out, 0, ps_span_text("\"abc\""), sha256));
    cr_expect(ps_span_is(ps_buffer_span(&out), "<Part><PartNumber>1</PartNumber><ETag>\"abc\"</ETag><ChecksumSHA256>"
                                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</ChecksumSHA256></Part>"));
    static const char *const bad[] = {"", "a b", "</ETag>", "&amp;", "\x7f", "\xc3\xbc"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(ps_multipart_list_add(&out, 0, ps_span_text(bad[i]), sha256), "%s", bad[i]);
    ps_buffer_done(&out);
}

static int file_of(size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    uint8_t *bytes = calloc(1, size);
    cr_assert(fd >= 0 && bytes != NULL);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t) (i * 31 >> 8);
    cr_assert_eq(write(fd, bytes, size), (ssize_t) size);
    free(bytes);
    return fd;
}

Test(body_digest, parts_and_the_whole_from_one_pass)
{
    enum { SIZE = (13 << 20) + 1 };
    struct ps_body_digest digest;
    struct ps_error err;
    struct ps_body_hash hash;
    int fd = file_of(SIZE);
    uint8_t *bytes = malloc(SIZE);
    cr_assert_eq(pread(fd, bytes, SIZE, 0), SIZE);
    cr_assert(ps_body_digest(fd, 5 << 20, &digest, &err), "%s", err.text);
    cr_expect_eq(digest.part_count, 3);
    cr_expect_eq(digest.part_size, 5 << 20);
    uint64_t at = 0;
    for (size_t i = 0; i < digest.part_count; i++) {
        uint64_t len = ps_body_part_len(&digest, i);
        ps_body_hash_of(ps_span_of(bytes + at, len), &hash);
        cr_expect(memcmp(&hash, &digest.parts[i], sizeof hash) == 0, "part %zu", i);
        at += len;
    }
    cr_expect_eq(at, SIZE);
    ps_body_hash_of(ps_span_of(bytes, SIZE), &hash);
    cr_expect(memcmp(&hash, &digest.whole, sizeof hash) == 0);
    cr_expect_not(ps_body_changed(fd, &digest));
    cr_assert_eq(ftruncate(fd, 1), 0);
    cr_expect(ps_body_changed(fd, &digest));
    ps_body_digest_done(&digest);
    free(bytes);
    close(fd);
}

Test(body_digest, what_fits_into_one_request_has_no_parts)
{
    struct ps_body_digest digest;
    struct ps_error err;
    int fd = file_of(1000), pipes[2];
    cr_assert(ps_body_digest(fd, 1000, &digest, &err));
    cr_expect(digest.parts == NULL && digest.size == 1000);
    ps_body_digest_done(&digest);
    close(fd);
    cr_assert_eq(pipe(pipes), 0);
    cr_expect_not(ps_body_digest(pipes[0], 1000, &digest, &err));
    cr_expect(strstr(err.text, "regular file") != NULL);
    ps_body_digest_done(&digest);
    close(pipes[0]);
    close(pipes[1]);
}

/* Nothing is read of a sparse file but its size, when it is beyond all that S3 takes. */
Test(body_digest, never_more_than_ten_thousand_parts)
{
    struct ps_body_digest digest;
    struct ps_error err;
    int fd = memfd_create("test", MFD_CLOEXEC);
    cr_assert_eq(ftruncate(fd, (off_t) 49 << 40), 0);
    cr_expect_not(ps_body_digest(fd, 1 << 30, &digest, &err));
    cr_expect(strstr(err.text, "more than S3 takes") != NULL, "%s", err.text);
    cr_expect_leq(digest.part_count, 10000);
    ps_body_digest_done(&digest);
    close(fd);
}

static bool option(struct ps_delivery_options *o, const char *name, const char *value, struct ps_error *err)
{
    struct ps_option_group group = ps_delivery_option_group(o);
    for (size_t i = 0; i < group.count; i++)
        if (strcmp(group.flags[i].name, name) == 0)
            return group.take(group.into, i, value, err);
    return ps_fail(err, 0, "there is no option %s", name);
}

Test(delivery_options, what_is_wrong_is_said_when_it_is_read)
{
    static const struct {
        const char *name, *value, *says;
    } wrong[] = {
        {"region", "EU West", "eu-west-1"}, {"endpoint-url", "s3.example", "https://HOST"},
        {"credentials", "file", "choose env"}, {"ca-file", "", "PEM"}, {"proxy", "socks5://x", "http://HOST:PORT"},
        {"sse-kms-key", "a b", "ARN"}, {"sse-kms-key", "", "ARN"}, {"object-lock-mode", "compliance", "GOVERNANCE"},
        {"object-lock-until", "2027-11-22", "2027-11-22T00:00:00Z"}, {"tag", "a", "NAME=VALUE"}, {"tag", "=a", "NAME=VALUE"},
        {"tag", "a=\n", "NAME=VALUE"}, {"metadata", "a b=c", "NAME=VALUE"}, {"metadata", "a=\xc3\xbc", "NAME=VALUE"},
        {"metadata", "a", "NAME=VALUE"}, {"metadata", "Root=x", "procsnap itself"}, {"expected-owner", "44445555666", "12 digits"},
        {"expected-owner", "44445555666x", "12 digits"}, {"put-header", "a", "NAME: VALUE"}, {"put-header", "a b: c", "NAME: VALUE"},
        {"put-header", "a: b\r\nc: d", "NAME: VALUE"}, {"put-header", "HOST: x", "leave it out"},
        {"signature-url", "", "quotes"}, {"delivery-deadline", "0s", "out of range"}, {"delivery-deadline", "x", "not a time"},
        {"multipart-above", "4MiB", "5MiB to 5GiB"}, {"multipart-above", "6GiB", "5MiB to 5GiB"},
        {"multipart-above", "5MB", "5MiB to 5GiB"}, {"multipart-above", "99999999999999999GiB", "5MiB to 5GiB"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ps_delivery_options o = {0};
        struct ps_error err = {0};
        cr_expect_not(option(&o, wrong[i].name, wrong[i].value, &err), "--%s %s", wrong[i].name, wrong[i].value);
        cr_expect(strstr(err.text, wrong[i].says) != NULL, "--%s: \"%s\" does not say \"%s\"", wrong[i].name, err.text,
                  wrong[i].says);
    }
}

Test(delivery_options, repeated_ones_are_counted)
{
    struct ps_delivery_options o = {0};
    struct ps_error err = {0};
    char tags[PS_DELIVERY_TAGS_MAX + 1][16];
    for (int i = 0; i <= PS_DELIVERY_TAGS_MAX; i++) {
        snprintf(tags[i], sizeof tags[i], "k%d=v", i);
        cr_expect_eq(option(&o, "tag", tags[i], &err), i < PS_DELIVERY_TAGS_MAX);
    }
    cr_expect_eq(o.tag_count, PS_DELIVERY_TAGS_MAX);
    cr_expect_not(option(&(struct ps_delivery_options){.tags = {"k=v"}, .tag_count = 1}, "tag", "k=w", &err));
    cr_expect(option(&o, "multipart-above", "6MiB", &err));
    cr_expect_eq(o.multipart_above, 6 << 20);
    cr_expect(option(&o, "delivery-deadline", "5s", &err));
    cr_expect_eq(o.deadline_ms, 5000);
}

Test(delivery_plan, options_that_do_not_go_together)
{
    static const struct {
        const char *dest;
        struct ps_delivery_options options;
        const char *says;
    } wrong[] = {
        {"s3://evidence/", {.object_lock_mode = "GOVERNANCE"}, "belong together"},
        {"s3://evidence/", {.object_lock_until = "x"}, "belong together"},
        {"s3://evidence/", {.bucket_key = true}, "--sse-kms-key"},
        {"s3://evidence/", {.signature_url = "x"}, "--signature-url is for a presigned URL"},
        {"s3://evidence/", {.put_headers = {"a: b"}, .put_header_count = 1}, "--put-header is for a presigned URL"},
        {"https://x/k?sig=1", {.region = "eu-west-1"}, "--region is for s3://"},
        {"https://x/k?sig=1", {.tag_count = 1}, "--tag is for s3://"},
        {"https://x/k?sig=1", {.signature_url = "https://x/k"}, "--signature-url is not presigned"},
        {"https://x/k", {.region = NULL}, "DEST is not presigned"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ps_error err = {0};
        cr_expect_not(ps_delivery_plan(&wrong[i].options, wrong[i].dest, &err), "%zu", i);
        cr_expect(strstr(err.text, wrong[i].says) != NULL, "\"%s\" does not say \"%s\"", err.text, wrong[i].says);
    }
}
