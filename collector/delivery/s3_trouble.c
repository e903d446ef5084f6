/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/s3_trouble.h"

#include "collector/delivery/http_date.h"
#include "formats/printable.h"

/* What AWS documents under "Error responses" of S3, as far as it decides what we do. */
static const struct code {
    const char *code;
    enum ps_s3_meaning meaning;
    const char *cause; /* NULL: nothing to add to what the service said */
} codes[] = {
    {"ExpiredToken", PS_S3_CREDENTIALS, "the session has ended and no new one was given; check the task role"},
    {"ExpiredTokenException", PS_S3_CREDENTIALS, "the session has ended; check the task role"},
    {"TokenRefreshRequired", PS_S3_CREDENTIALS, "the session has ended; check the task role"},
    {"RequestTimeTooSkewed", PS_S3_CLOCK,
     "the clock of this machine is more than 15 minutes off, and the service's own time did not help; set the clock"},
    {"RequestTimeout", PS_S3_LATER, NULL},
    {"ConditionalRequestConflict", PS_S3_LATER, NULL},
    {"OperationAborted", PS_S3_LATER, NULL},
    {"SlowDown", PS_S3_LATER, NULL},
    {"InternalError", PS_S3_LATER, NULL},
    {"ServiceUnavailable", PS_S3_LATER, NULL},
    {"PreconditionFailed", PS_S3_EXISTS, NULL},
    {"PermanentRedirect", PS_S3_REGION, "the bucket is in another region; name it with --region"},
    {"TemporaryRedirect", PS_S3_REGION, "the bucket was made just now, or is in another region; name it with --region"},
    {"AuthorizationHeaderMalformed", PS_S3_REGION, "the bucket is in another region; name it with --region"},
    {"IllegalLocationConstraintException", PS_S3_REGION, "the bucket is in another region; name it with --region"},
    {"SignatureDoesNotMatch", PS_S3_REFUSED,
     "the secret does not belong to this access key id, or a proxy changed the request; check the credentials, and the "
     "region if the endpoint is a named one"},
    {"InvalidAccessKeyId", PS_S3_REFUSED,
     "there is no such access key here: deleted, mistyped, or of another partition (China, GovCloud); check the "
     "credentials"},
    {"InvalidToken", PS_S3_REFUSED,
     "the session token is not the one of this access key; set all three variables anew, or unset AWS_SESSION_TOKEN"},
    {"NoSuchBucket", PS_S3_REFUSED,
     "there is no bucket of that name here; check its spelling, the partition and the endpoint"},
    {"NoSuchUpload", PS_S3_REFUSED, "somebody or a lifecycle rule ended the upload of parts; deliver again"},
    {"BadDigest", PS_S3_REFUSED, "other bytes arrived than were sent; deliver again, and look for a proxy in between"},
    {"InvalidDigest", PS_S3_REFUSED, "other bytes arrived than were sent; look for a proxy in between"},
    {"XAmzContentSHA256Mismatch", PS_S3_REFUSED,
     "other bytes arrived than were sent; deliver again, and look for a proxy in between"},
    {"EntityTooLarge", PS_S3_REFUSED, "it is too large for one request; lower --multipart-above"},
    {"MetadataTooLarge", PS_S3_REFUSED, "leave out some --metadata"},
    {"InvalidTag", PS_S3_REFUSED, "a --tag holds characters that tags may not hold; correct it"},
    {"NotImplemented", PS_S3_REFUSED,
     "the service does not know one of the headers (If-None-Match, checksum, lock, tags); an endpoint that cannot keep "
     "from overwriting is no place for evidence"},
};

static const struct code *find(const char *code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(codes[i].code, code) == 0)
            return &codes[i];
    return NULL;
}

static enum ps_s3_meaning meaning_of_status(int status)
{
    switch (status) {
    case 301:
    case 307:
        return PS_S3_REGION;
    case 412:
        return PS_S3_EXISTS;
    case 408:
    case 409:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
        return PS_S3_LATER;
    default:
        return PS_S3_REFUSED;
    }
}

static enum ps_s3_meaning meaning_of_trouble(enum ps_http_trouble trouble)
{
    switch (trouble) {
    case PS_HTTP_NO_NAME:
    case PS_HTTP_NO_CONNECT:
    case PS_HTTP_TIMED_OUT:
    case PS_HTTP_BROKEN:
        return PS_S3_LATER;
    case PS_HTTP_ANSWERED:
    case PS_HTTP_BAD_URL:
    case PS_HTTP_NO_TRUST: /* a handshake that was merely cut is a broken one */
    case PS_HTTP_STOPPED:
    case PS_HTTP_OURS:
        return PS_S3_OURS;
    }
    return PS_S3_OURS;
}

static bool is_error(const struct ps_s3_answer *document)
{
    return document->whole && strcmp(document->root, "Error") == 0;
}

enum ps_s3_meaning ps_s3_meaning(const struct ps_http_answer *answer, const struct ps_s3_answer *document)
{
    /* Completing an upload of parts may end in 200 and an error. */
    bool error = is_error(document);

    if (answer->trouble != PS_HTTP_ANSWERED)
        return meaning_of_trouble(answer->trouble);
    if (answer->status == 200 && !error) /* no other one says that the object is there */
        return PS_S3_DONE;
    const struct code *code = error ? find(document->code) : NULL;
    return code != NULL ? code->meaning : meaning_of_status(answer->status);
}

bool ps_s3_ambiguous(const struct ps_http_answer *answer)
{
    return answer->may_have_acted &&
           (answer->trouble != PS_HTTP_ANSWERED || answer->status >= 500 || answer->status < 300);
}

struct ps_span ps_s3_region_named(const struct ps_http_answer *answer, const struct ps_s3_answer *document)
{
    struct ps_span header = ps_http_header(answer, "x-amz-bucket-region");

    return header.len > 0 ? header : ps_span_text(document->region);
}

bool ps_s3_server_time(const struct ps_http_answer *answer, const struct ps_s3_answer *document, int64_t *epoch_s)
{
    return ps_http_date(ps_http_header(answer, "Date"), epoch_s) ||
           ps_utc_time(ps_span_text(document->server_time), epoch_s);
}

/* "User: ARN is not authorized to perform: ACTION on resource: ARN because no ... policy allows ...": from the second
 * half on, which is what must be changed. NULL: it is not such a sentence. */
static const char *denial(const struct ps_s3_answer *document)
{
    return strstr(document->message, "not authorized to perform: ");
}

void ps_s3_add_answer(struct ps_buffer *out, const struct ps_http_answer *answer, const struct ps_s3_answer *document)
{
    enum { CODE_COLUMNS = 64, MESSAGE_COLUMNS = 120, DENIAL_COLUMNS = 280 };
    const char *denied = denial(document), *message = denied != NULL ? denied : document->message;

    ps_buffer_addf(out, "%d", answer->status);
    if (document->code[0] == '\0')
        return;
    ps_buffer_add_byte(out, ' ');
    ps_printable_add_cut(out, ps_span_text(document->code), CODE_COLUMNS);
    if (document->message[0] == '\0')
        return;
    ps_buffer_add_text(out, " (");
    ps_printable_add_cut(out, ps_span_text(message), denied != NULL ? DENIAL_COLUMNS : MESSAGE_COLUMNS);
    ps_buffer_add_byte(out, ')');
}

/* Whatever the policies in between may have looked at. */
static void add_denied(struct ps_buffer *out, const struct ps_delivery_options *o, bool presigned, bool told)
{
    if (presigned) {
        ps_buffer_add_text(out,
                           "the presigned URL has expired, its signer may not put there, or a header is missing or "
                           "one too many; presign a new one, and name each header that it signs with --put-header");
        return;
    }
    if (told) {
        ps_buffer_add_text(out, "AWS names the right and the policy that must give it");
        return;
    }
    ps_buffer_add_text(out, "the role needs s3:PutObject on this prefix");
    if (o->sse_kms_key != NULL)
        ps_buffer_add_text(out, ", kms:GenerateDataKey on the key");
    if (o->tag_count > 0)
        ps_buffer_add_text(out, ", s3:PutObjectTagging");
    if (o->object_lock_mode != NULL)
        ps_buffer_add_text(out, ", s3:PutObjectRetention");
    if (o->legal_hold)
        ps_buffer_add_text(out, ", s3:PutObjectLegalHold");
    if (o->expected_owner != NULL)
        ps_buffer_add_text(out, ", or the bucket is not of the account of --expected-owner");
    ps_buffer_add_text(out, "; also look at the bucket's policy and at that of the VPC endpoint");
    if (o->sse_kms_key == NULL)
        ps_buffer_add_text(out, ", and at that of the bucket's default KMS key");
}

/* One code for many flaws of a request. */
static void add_invalid(struct ps_buffer *out, const struct ps_delivery_options *o, bool presigned,
                        const struct ps_s3_answer *document)
{
    if (strstr(document->message, "Content-MD5") != NULL)
        ps_buffer_add_text(
            out, presigned ? "a locked bucket wants Content-MD5, which is known now: presign for the bundle that is "
                             "kept, with its Content-MD5, and push it with --put-header"
                           : "both were sent, so something in between takes headers away; look for a proxy");
    else if (o->object_lock_mode != NULL || o->legal_hold)
        ps_buffer_add_text(out,
                           "the bucket has no Object Lock (it is set when a bucket is made); leave the lock options "
                           "out or choose another bucket");
    else
        ps_buffer_add_text(out, "see what S3 documents under this code");
}

void ps_s3_add_cause(struct ps_buffer *out, const struct ps_delivery_options *o, bool presigned,
                     const struct ps_http_answer *answer, const struct ps_s3_answer *document)
{
    const struct code *code = find(document->code);

    if (presigned && strcmp(document->code, "SignatureDoesNotMatch") == 0)
        ps_buffer_add_text(out, "the URL is not as it was presigned, or not for PUT and these headers; paste it whole, "
                                "in quotes, or presign a new one");
    else if (code != NULL && code->cause != NULL && !(presigned && code->meaning == PS_S3_CREDENTIALS))
        ps_buffer_add_text(out, code->cause);
    else if (code != NULL && code->meaning == PS_S3_LATER)
        ps_buffer_add_text(out, "the service did not take it in time; deliver again later");
    else if (code != NULL && code->meaning == PS_S3_CREDENTIALS)
        ps_buffer_add_text(out, "the session of whoever presigned the URL has ended; presign a new one");
    else if (strncmp(document->code, "KMS.", 4) == 0)
        ps_buffer_add_text(out, "the KMS key cannot be used: disabled, to be deleted, or in another region; check "
                                "--sse-kms-key or the bucket's default key");
    else if (strcmp(document->code, "AccessDenied") == 0)
        add_denied(out, o, presigned, denial(document) != NULL);
    else if (strcmp(document->code, "InvalidRequest") == 0)
        add_invalid(out, o, presigned, document);
    else if (answer->status == 407)
        ps_buffer_add_text(out, "the proxy wants a name and a password; check --proxy");
    else if (!is_error(document) && meaning_of_status(answer->status) == PS_S3_LATER)
        ps_buffer_add_text(out, "the service is out of order; deliver again later");
    else if (!is_error(document))
        ps_buffer_add_text(out, "the answer is not S3's own; a proxy or another server stands in between, check the "
                                "endpoint");
    else
        ps_buffer_add_text(out, "see what S3 documents under this code");
}
