/* SPDX-License-Identifier: Apache-2.0
 *
 * The documents that S3, or somebody in its place, answers with; and what each answer means for the request.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "collector/delivery/s3_trouble.h"

static struct ps_s3_answer answer_of(const char *text)
{
    struct ps_s3_answer out;
    ps_s3_answer_read(ps_span_text(text), &out);
    return out;
}

Test(s3_answer, an_error_is_read)
{
    struct ps_s3_answer a =
        answer_of("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code>"
                  "<Message>the region &apos;us-east-1&apos; is wrong; expecting &lt;eu&#45;west-1&gt;</Message>"
                  "<Region>eu-west-1</Region><RequestId>ABC</RequestId><HostId/></Error>\n");
    cr_assert(a.whole);
    cr_expect_str_eq(a.root, "Error");
    cr_expect_str_eq(a.code, "AuthorizationHeaderMalformed");
    cr_expect_str_eq(a.message, "the region 'us-east-1' is wrong; expecting <eu-west-1>");
    cr_expect_str_eq(a.region, "eu-west-1");
    cr_expect_str_eq(a.request_id, "ABC");
}

Test(s3_answer, other_documents_are_read)
{
    struct ps_s3_answer a = answer_of("<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                                      "<Bucket>b</Bucket><Key>k</Key><UploadId>VXBsb2Fk</UploadId>"
                                      "</InitiateMultipartUploadResult>");
    cr_assert(a.whole);
    cr_expect_str_eq(a.root, "InitiateMultipartUploadResult");
    cr_expect_str_eq(a.upload_id, "VXBsb2Fk");
    a = answer_of("<CompleteMultipartUploadResult><ETag>&quot;abc-2&quot;</ETag></CompleteMultipartUploadResult>");
    cr_expect_str_eq(a.etag, "\"abc-2\"");
}

Test(s3_answer, the_first_of_a_name_holds_and_deeper_ones_do_not)
{
    struct ps_s3_answer a = answer_of("<Error><X><Code>Deep</Code></X><Code>One</Code><Code>Two</Code></Error>");
    cr_assert(a.whole);
    cr_expect_str_eq(a.code, "One");
}

Test(s3_answer, what_is_no_such_document_gives_nothing)
{
    static const char *const texts[] = {
        "", "no", "<", "<>", "<Error>", "<Error></Eror>", "<Error></Error><Error></Error>", "<Error></Error>x",
        "<Error><Code>A</Code>", "<Error><Code>A</Message></Error>", "<!DOCTYPE x><Error></Error>",
        "<Error><!-- --></Error>", "<Error><![CDATA[x]]></Error>", "<Error><Code>&x;</Code></Error>",
        "<Error><Code>&#0;</Code></Error>", "<Error><Code>&#x110000;</Code></Error>", "<Error><Code>\x01</Code></Error>",
        "<a><b><c><d><e><f><g><h><i></i></h></g></f></e></d></c></b></a>", "<Error a=b></Error>", "<Error a='<'></Error>",
        "<Error a='b></Error>", "<?xml", "<Error><Code>"
        "0123456789012345678901234567890123456789012345678901234567890123456789</Code></Error>",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ps_s3_answer a = answer_of(texts[i]);
        struct ps_s3_answer empty = {0};
        cr_expect(memcmp(&a, &empty, sizeof a) == 0, "%s", texts[i]);
    }
}

Test(s3_answer, a_long_message_is_cut_and_says_so)
{
    char text[2000] = "<Error><Code>A</Code><Message>";
    memset(text + strlen(text), 'm', 1500);
    strcat(text, "</Message></Error>");
    struct ps_s3_answer a = answer_of(text);
    cr_assert(a.whole);
    cr_expect_eq(strlen(a.message), sizeof a.message - 1);
    cr_expect_str_eq(a.message + sizeof a.message - 5, "m...");
}

static enum ps_s3_meaning meaning(int status, const char *code)
{
    struct ps_http_answer answer = {.status = status};
    struct ps_s3_answer document = {0};
    if (code != NULL) {
        document.whole = true;
        strcpy(document.root, "Error");
        strcpy(document.code, code);
    }
    return ps_s3_meaning(&answer, &document);
}

Test(s3_trouble, what_answers_mean)
{
    static const struct {
        int status;
        const char *code;
        enum ps_s3_meaning meaning;
    } table[] = {
        {200, NULL, PS_S3_DONE}, {200, "InternalError", PS_S3_LATER}, {200, "AccessDenied", PS_S3_REFUSED},
        {204, NULL, PS_S3_REFUSED}, {206, NULL, PS_S3_REFUSED}, {302, NULL, PS_S3_REFUSED}, {100, NULL, PS_S3_REFUSED},
        {412, NULL, PS_S3_EXISTS}, {412, "PreconditionFailed", PS_S3_EXISTS},
        {409, NULL, PS_S3_LATER}, {409, "ConditionalRequestConflict", PS_S3_LATER}, {429, NULL, PS_S3_LATER},
        {500, NULL, PS_S3_LATER}, {502, NULL, PS_S3_LATER}, {503, "SlowDown", PS_S3_LATER}, {504, NULL, PS_S3_LATER},
        {501, "NotImplemented", PS_S3_REFUSED}, {505, NULL, PS_S3_REFUSED},
        {400, NULL, PS_S3_REFUSED}, {400, "RequestTimeout", PS_S3_LATER}, {400, "ExpiredToken", PS_S3_CREDENTIALS},
        {400, "AuthorizationHeaderMalformed", PS_S3_REGION}, {301, NULL, PS_S3_REGION},
        {307, "TemporaryRedirect", PS_S3_REGION}, {400, "BadDigest", PS_S3_REFUSED},
        {403, "RequestTimeTooSkewed", PS_S3_CLOCK}, {403, "AccessDenied", PS_S3_REFUSED},
        {403, "SignatureDoesNotMatch", PS_S3_REFUSED}, {403, "InvalidAccessKeyId", PS_S3_REFUSED},
        {404, "NoSuchBucket", PS_S3_REFUSED},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        cr_expect_eq(meaning(table[i].status, table[i].code), table[i].meaning, "%d %s", table[i].status,
                     table[i].code != NULL ? table[i].code : "-");
}

Test(s3_trouble, what_troubles_mean)
{
    struct ps_s3_answer none = {0};
    static const enum ps_http_trouble again[] = {PS_HTTP_NO_NAME, PS_HTTP_NO_CONNECT, PS_HTTP_TIMED_OUT, PS_HTTP_BROKEN};
    static const enum ps_http_trouble never[] = {PS_HTTP_BAD_URL, PS_HTTP_NO_TRUST, PS_HTTP_STOPPED, PS_HTTP_OURS};
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++)
        cr_expect_eq(ps_s3_meaning(&(struct ps_http_answer){.trouble = again[i]}, &none), PS_S3_LATER);
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        cr_expect_eq(ps_s3_meaning(&(struct ps_http_answer){.trouble = never[i]}, &none), PS_S3_OURS);
}

Test(s3_trouble, only_a_body_that_went_out_can_have_acted)
{
    struct ps_http_answer a = {.trouble = PS_HTTP_BROKEN};
    cr_expect_not(ps_s3_ambiguous(&a));
    a.may_have_acted = true;
    cr_expect(ps_s3_ambiguous(&a));
    a.trouble = PS_HTTP_ANSWERED;
    a.status = 503;
    cr_expect(ps_s3_ambiguous(&a));
    a.status = 403;
    cr_expect_not(ps_s3_ambiguous(&a), "refused is refused");
}

static void explained(const struct ps_delivery_options *o, bool presigned, int status, const char *text, const char *says)
{
    struct ps_http_answer answer = {.status = status};
    struct ps_s3_answer document = answer_of(text);
    struct ps_buffer out = {0};
    ps_s3_add_answer(&out, &answer, &document);
    ps_buffer_add_text(&out, ": ");
    ps_s3_add_cause(&out, o, presigned, &answer, &document);
    ps_buffer_add_byte(&out, '\0');
    cr_expect(strstr((char *) out.data, says) != NULL, "\"%s\" does not say \"%s\"", (char *) out.data, says);
    for (size_t i = 0; i + 1 < out.len; i++)
        cr_expect(out.data[i] >= 0x20 && out.data[i] < 0x7f);
    ps_buffer_done(&out);
}

#define USER "User: arn:aws:sts::111122223333:assumed-role/checkout-task/0123456789abcdef0123456789abcdef"

/* AWS names the action, the place and the kind of policy, at the end of a long sentence. */
Test(s3_trouble, what_aws_says_was_denied_is_told_to_its_end)
{
    struct ps_delivery_options plain = {0};
    static const char key[] = "<Error><Code>AccessDenied</Code><Message>" USER " is not authorized to perform: "
                              "kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:444455556666:key/"
                              "12345678-1234-1234-1234-123456789012 because no resource-based policy allows the "
                              "kms:GenerateDataKey action</Message></Error>";
    static const char put[] = "<Error><Code>AccessDenied</Code><Message>" USER " is not authorized to perform: "
                              "s3:PutObject on resource: &quot;arn:aws:s3:::evidence-444455556666-eu-west-1/evidence/"
                              "account_id=111122223333/procsnap-20261122t001500z-1b2c3d4e.tar.gz.age&quot; with an "
                              "explicit deny in a VPC endpoint policy</Message></Error>";
    explained(&plain, false, 403, key,
              "403 AccessDenied (not authorized to perform: kms:GenerateDataKey on resource: "
              "arn:aws:kms:eu-west-1:444455556666:key/12345678-1234-1234-1234-123456789012 because no resource-based "
              "policy allows the kms:GenerateDataKey action): AWS names the right and the policy");
    explained(&plain, false, 403, put, "with an explicit deny in a VPC endpoint policy): AWS names the right");
    explained(&plain, true, 403, put, "VPC endpoint policy): the presigned URL has expired, its signer");
}

/* One code for many things: the lock is blamed where there is one, and not for headers that somebody took away. */
Test(s3_trouble, an_invalid_request_is_not_always_the_lock)
{
    struct ps_delivery_options plain = {0}, locked = {.object_lock_mode = "GOVERNANCE"}, held = {.legal_hold = true};
    static const char missing[] = "<Error><Code>InvalidRequest</Code><Message>Bucket is missing Object Lock "
                                  "Configuration</Message></Error>";
    static const char sums[] = "<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP header is "
                               "required for Put Object requests with Object Lock parameters</Message></Error>";
    explained(&locked, false, 400, missing, "the bucket has no Object Lock");
    explained(&held, false, 400, missing, "the bucket has no Object Lock");
    explained(&plain, false, 400, missing, "see what S3 documents");
    explained(&locked, false, 400, sums, "both were sent");
    explained(&plain, false, 400, sums, "both were sent");
    explained(&plain, true, 400, sums, "with its Content-MD5, and push it");
}

Test(s3_trouble, likely_causes_are_told)
{
    struct ps_delivery_options plain = {0};
    struct ps_delivery_options all = {.sse_kms_key = "k", .tag_count = 1, .object_lock_mode = "GOVERNANCE",
                                      .legal_hold = true, .expected_owner = "1"};
    static const char denied[] = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    explained(&plain, false, 403, denied, "403 AccessDenied (Access Denied): the role needs s3:PutObject");
    explained(&plain, false, 403, denied, "VPC endpoint");
    explained(&all, false, 403, denied, "kms:GenerateDataKey");
    explained(&all, false, 403, denied, "s3:PutObjectTagging, s3:PutObjectRetention, s3:PutObjectLegalHold");
    explained(&plain, true, 403, denied, "presign a new one");
    explained(&plain, true, 400, "<Error><Code>ExpiredToken</Code></Error>", "whoever presigned");
    explained(&plain, false, 400, "<Error><Code>ExpiredToken</Code></Error>", "task role");
    explained(&plain, false, 400, "<Error><Code>KMS.DisabledException</Code></Error>", "KMS key");
    explained(&plain, false, 403, "<html><body>Forbidden</body></html>", "not S3's own");
    explained(&plain, false, 502, "<html>", "out of order");
    explained(&plain, false, 404, "<Error><Code>NoSuchBucket</Code></Error>", "spelling");
    explained(&plain, false, 418, "<Error><Code>Brew\x1b[2J</Code></Error>", "418: the answer is not S3's own");
    explained(&plain, false, 418, "<Error><Code>Br\xc2\x9b\xe2\x80\xae</Code><Message>\xff</Message></Error>", "\\u{202e}");
}
