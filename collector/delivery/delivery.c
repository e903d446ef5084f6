/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/delivery.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "collector/delivery/delivery_receipt.h"
#include "collector/delivery/presigned_url.h"
#include "collector/delivery/s3_put.h"

bool ps_delivery_is_remote(const char *dest)
{
    return strncmp(dest, "s3://", 5) == 0 || strncmp(dest, "https://", 8) == 0 || strncmp(dest, "http://", 7) == 0;
}

/* What a presigned URL has settled already; NULL: nothing of that is asked for. */
static const char *only_for_s3(const struct ps_delivery_options *o)
{
    const struct {
        bool asked;
        const char *name;
    } options[] = {
        {o->region != NULL, "region"},
        {o->endpoint_url != NULL, "endpoint-url"},
        {o->path_style, "path-style"},
        {o->fips, "fips"},
        {o->dualstack, "dualstack"},
        {o->credentials != PS_CREDENTIALS_ANY, "credentials"},
        {o->sse_kms_key != NULL, "sse-kms-key"},
        {o->bucket_key, "bucket-key"},
        {o->object_lock_mode != NULL, "object-lock-mode"},
        {o->object_lock_until != NULL, "object-lock-until"},
        {o->legal_hold, "legal-hold"},
        {o->tag_count > 0, "tag"},
        {o->metadata_count > 0, "metadata"},
        {o->expected_owner != NULL, "expected-owner"},
        {o->multipart_above > 0, "multipart-above"},
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].asked)
            return options[i].name;
    return NULL;
}

static bool plan_presigned(const struct ps_delivery_options *o, const char *dest, struct ps_error *err)
{
    const char *other = only_for_s3(o);

    if (other != NULL)
        return ps_fail(err, 0,
                       "--%s is for s3:// alone: a presigned URL is signed for what it says; leave it out, or presign "
                       "with it and name the headers with --put-header",
                       other);
    return ps_presigned_check("DEST", dest, o, err) &&
           (o->signature_url == NULL || ps_presigned_check("--signature-url", o->signature_url, o, err));
}

static bool plan_s3(const struct ps_delivery_options *o, const char *dest, struct ps_error *err)
{
    struct ps_s3_environment environment = ps_s3_environment();
    struct ps_s3_address address;
    size_t metadata = 0;

    if (o->put_header_count > 0 || o->signature_url != NULL)
        return ps_fail(err, 0, "--%s is for a presigned URL alone; leave it out for s3://",
                       o->put_header_count > 0 ? "put-header" : "signature-url");
    if ((o->object_lock_mode != NULL) != (o->object_lock_until != NULL))
        return ps_fail(err, 0,
                       "--object-lock-mode and --object-lock-until belong together; name both, or leave both "
                       "to the bucket's default");
    if (o->bucket_key && o->sse_kms_key == NULL)
        return ps_fail(err, 0, "--bucket-key needs --sse-kms-key; name the key, or leave both to the bucket's default");
    for (size_t i = 0; i < o->metadata_count; i++)
        metadata += strlen(o->metadata[i]);
    if (metadata > PS_METADATA_BYTES - PS_METADATA_OURS)
        return ps_fail(err, 0, "--metadata: more than %d bytes in all, and S3 takes 2048 with our own; leave some out",
                       PS_METADATA_BYTES - PS_METADATA_OURS);
    return ps_s3_address_read(dest, o, &environment, &address, err);
}

bool ps_delivery_plan(const struct ps_delivery_options *o, const char *dest, struct ps_error *err)
{
    return strncmp(dest, "s3://", 5) == 0 ? plan_s3(o, dest, err) : plan_presigned(o, dest, err);
}

static bool ends_with(const char *text, const char *end)
{
    return ps_span_ends(ps_span_text(text), end);
}

static enum ps_delivered put_bundle(struct ps_delivery *d, const char *dest, const struct ps_parcel *parcel,
                                    const struct ps_object_origin *origin, const struct ps_body_digest *digest,
                                    struct ps_http_answer *answer, struct ps_error *err)
{
    struct ps_object object = {
        .name = parcel->name,
        .presigned_url = d->presigned ? dest : NULL,
        .content_type = ends_with(parcel->name, ".gz") ? "application/gzip" : "application/octet-stream",
        .origin = origin,
        .fd = parcel->fd,
        .digest = digest,
        .tried_before = parcel->tried_before,
    };

    return ps_object_put(d, &object, answer, err);
}

static enum ps_delivered put_signature(struct ps_delivery *d, const struct ps_parcel *parcel,
                                       const struct ps_object_origin *origin, struct ps_http_answer *answer,
                                       struct ps_error *err)
{
    struct ps_body_digest digest = {.size = parcel->minisig.len};
    struct ps_buffer name = {0};
    enum ps_delivered end = PS_NOT_DELIVERED;

    ps_body_hash_of(parcel->minisig, &digest.whole);
    ps_buffer_add_text(&name, parcel->name);
    ps_buffer_add_text(&name, ".minisig");
    ps_buffer_add_byte(&name, '\0');
    struct ps_object object = {
        .name = (const char *) name.data,
        .presigned_url = d->presigned ? d->options->signature_url : NULL,
        .content_type = "text/plain",
        .origin = origin,
        .fd = -1,
        .text = parcel->minisig,
        .digest = &digest,
        .tried_before = parcel->tried_before,
    };
    if (name.failed)
        ps_fail(err, ENOMEM, "cannot send the signature");
    else
        end = ps_object_put(d, &object, answer, err);
    ps_buffer_done(&name);
    return end;
}

static bool signature_goes(const struct ps_delivery *d)
{
    return !d->presigned || d->options->signature_url != NULL;
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Bundle, signature, receipt. */
static enum ps_delivered deliver(struct ps_delivery *d, const char *dest, const struct ps_parcel *parcel,
                                 const struct ps_body_digest *digest, struct ps_buffer *receipt, struct ps_error *err)
{
    struct ps_object_origin origin = {.task_arn = parcel->task_arn, .sha256 = digest->whole.sha256};
    struct ps_http_answer answer = {0}, signature_answer = {0};
    enum ps_delivered signature = PS_DELIVERED;
    struct ps_error signature_err = {0};

    origin.has_head = parcel->head_line != NULL && ps_head_line_read(ps_span_text(parcel->head_line), &origin.head);
    enum ps_delivered bundle = put_bundle(d, dest, parcel, &origin, digest, &answer, err);
    /* Where something of that name is there, what is missing beside it is sent: an earlier run was cut off. */
    if ((bundle != PS_NOT_DELIVERED || answer.status == 412) && signature_goes(d))
        signature = put_signature(d, parcel, &origin, &signature_answer, &signature_err);
    if (signature > bundle) {
        *err = signature_err;
        ps_fail_in(err,
                   signature == PS_NOT_DELIVERED ? "the bundle is there, its signature is not" : "the bundle is there");
    }
    enum ps_delivered end = bundle > signature ? bundle : signature;
    if (end != PS_NOT_DELIVERED) {
        struct ps_receipt r = {.dest = dest,
                               .parcel = parcel,
                               .origin = &origin,
                               .digest = digest,
                               .delivery = d,
                               .certain = end == PS_DELIVERED,
                               .delivered_us = now_us(),
                               .answer = &answer,
                               .signature_answer = signature_goes(d) ? &signature_answer : NULL};
        ps_receipt_add(receipt, &r);
    }
    ps_http_answer_done(&answer);
    ps_http_answer_done(&signature_answer);
    return end;
}

enum ps_delivered ps_delivery_run(const struct ps_delivery_options *options, const char *dest,
                                  const struct ps_parcel *parcel, void (*tell)(void *context, const char *line),
                                  void *context, struct ps_buffer *receipt, struct ps_error *err)
{
    uint64_t parts_above = options->multipart_above > 0 ? options->multipart_above : PS_MULTIPART_ABOVE;
    struct ps_body_digest digest = {0};
    enum ps_delivered end = PS_NOT_DELIVERED;
    struct ps_delivery d;

    if (ps_delivery_open(&d, options, dest, tell, context, err) &&
        ps_body_digest(parcel->fd, d.presigned ? UINT64_MAX : parts_above, &digest, err))
        end = deliver(&d, dest, parcel, &digest, receipt, err);
    ps_body_digest_done(&digest);
    ps_delivery_close(&d);
    return end;
}
