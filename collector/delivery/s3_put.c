/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/s3_put.h"

#include <stdio.h>

#include "build_info.h"
#include "collector/delivery/presigned_url.h"
#include "formats/base64.h"
#include "formats/printable.h"

static void add_base64(struct ps_header_lines *lines, const char *name, struct ps_span bytes)
{
    char text[64] = "";

    ps_base64_encode(bytes, text);
    ps_header_lines_add(lines, name, text);
}

static void add_encryption_and_lock(const struct ps_delivery_options *o, struct ps_header_lines *lines)
{
    if (o->sse_kms_key != NULL) {
        ps_header_lines_add(lines, "x-amz-server-side-encryption", "aws:kms");
        ps_header_lines_add(lines, "x-amz-server-side-encryption-aws-kms-key-id", o->sse_kms_key);
    }
    if (o->bucket_key)
        ps_header_lines_add(lines, "x-amz-server-side-encryption-bucket-key-enabled", "true");
    if (o->object_lock_mode != NULL) {
        ps_header_lines_add(lines, "x-amz-object-lock-mode", o->object_lock_mode);
        ps_header_lines_add(lines, "x-amz-object-lock-retain-until-date", o->object_lock_until);
    }
    if (o->legal_hold)
        ps_header_lines_add(lines, "x-amz-object-lock-legal-hold", "ON");
}

static void add_tags(const struct ps_delivery_options *o, struct ps_header_lines *lines)
{
    struct ps_buffer text = {0};

    for (size_t i = 0; i < o->tag_count; i++) {
        size_t name = strcspn(o->tags[i], "=");
        if (i > 0)
            ps_buffer_add_byte(&text, '&');
        ps_uri_encode(&text, ps_span_of(o->tags[i], name), false);
        ps_buffer_add_byte(&text, '=');
        ps_uri_encode(&text, ps_span_text(o->tags[i] + name + 1), false);
    }
    ps_buffer_add_byte(&text, '\0');
    if (o->tag_count > 0 && !text.failed)
        ps_header_lines_add(lines, "x-amz-tagging", (const char *) text.data);
    lines->text.failed |= text.failed;
    ps_buffer_done(&text);
}

/* Told by the metadata endpoint, where anybody may have answered: an ARN is short plain ASCII. */
static bool is_arn(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return len > 0 && len <= PS_TASK_ARN_MAX;
}

static void add_metadata(const struct ps_delivery_options *o, const struct ps_object_origin *from,
                         struct ps_header_lines *lines)
{
    char text[2 * PS_SHA256_LEN + 1];

    if (from->has_head) {
        ps_header_lines_add(lines, "x-amz-meta-bundle-id", from->head.bundle);
        ps_hex_text(ps_span_of(from->head.root, PS_SHA256_LEN), text);
        ps_header_lines_add(lines, "x-amz-meta-root", text);
        ps_public_key_text(&from->head.pk, text);
        ps_header_lines_add(lines, "x-amz-meta-pk", text);
        snprintf(text, sizeof text, "%llu", (unsigned long long) from->head.seq);
        ps_header_lines_add(lines, "x-amz-meta-seq", text);
    }
    if (from->sha256 != NULL) {
        ps_hex_text(ps_span_of(from->sha256, PS_SHA256_LEN), text);
        ps_header_lines_add(lines, "x-amz-meta-bundle-sha256", text);
    }
    ps_header_lines_add(lines, "x-amz-meta-collector-version", "procsnap " PS_VERSION);
    if (from->task_arn != NULL && is_arn(from->task_arn))
        ps_header_lines_add(lines, "x-amz-meta-task-arn", from->task_arn);
    for (size_t i = 0; i < o->metadata_count; i++) {
        char name[160];
        size_t len = strcspn(o->metadata[i], "=");
        snprintf(name, sizeof name, "x-amz-meta-%.*s", (int) len, o->metadata[i]);
        ps_header_lines_add(lines, name, o->metadata[i] + len + 1);
    }
}

void ps_object_headers(const struct ps_delivery *d, const struct ps_object *object, bool in_parts,
                       struct ps_header_lines *lines)
{
    const struct ps_delivery_options *o = d->options;
    const struct ps_body_hash *hash = &object->digest->whole;

    if (d->presigned) { /* it was signed for certain headers: these and no others */
        for (size_t i = 0; i < o->put_header_count; i++)
            ps_header_lines_add_line(lines, o->put_headers[i]);
        return;
    }
    ps_header_lines_add(lines, "Content-Type", object->content_type);
    if (in_parts) {
        ps_header_lines_add(lines, "x-amz-checksum-algorithm", "SHA256");
    } else {
        add_base64(lines, "Content-MD5", ps_span_of(hash->md5, sizeof hash->md5));
        add_base64(lines, "x-amz-checksum-sha256", ps_span_of(hash->sha256, sizeof hash->sha256));
        ps_header_lines_add(lines, "If-None-Match", "*");
    }
    add_encryption_and_lock(o, lines);
    if (o->expected_owner != NULL)
        ps_header_lines_add(lines, "x-amz-expected-bucket-owner", o->expected_owner);
    add_tags(o, lines);
    add_metadata(o, object->origin, lines);
}

static enum ps_call_end put_whole(struct ps_delivery *d, const struct ps_object *object, bool *ambiguous,
                                  struct ps_http_answer *answer, struct ps_error *err)
{
    struct ps_header_lines lines = {0};
    struct ps_s3_answer document;
    enum ps_call_end end = PS_CALL_FAILED;

    ps_object_headers(d, object, false, &lines);
    struct ps_call call = {.method = "PUT",
                           .name = object->name,
                           .presigned_url = object->presigned_url,
                           .headers = ps_header_lines(&lines),
                           .body_fd = object->fd,
                           .body_len = object->digest->size,
                           .body = object->text,
                           .body_sha256 = object->digest->whole.sha256,
                           .ambiguous = *ambiguous};
    if (call.headers != NULL)
        end = ps_call_run(d, &call, answer, &document, err);
    else
        ps_fail(err, 0, "too many headers for one request; leave out some --metadata or --put-header");
    *ambiguous = call.ambiguous;
    ps_header_lines_done(&lines);
    return end;
}

/* S3 names what it stored. A 200 that does not is a captive portal's, or that of a proxy. */
static bool names_what_it_stored(const struct ps_delivery *d, const struct ps_object *object,
                                 const struct ps_http_answer *answer)
{
    return d->presigned || object->digest->parts != NULL || ps_http_header(answer, "ETag").len > 0;
}

/* A service that knows checksums tells the one of what it stored. */
static bool stored_the_same(const struct ps_object *object, const struct ps_http_answer *answer)
{
    struct ps_span told = ps_http_header(answer, "x-amz-checksum-sha256");
    struct ps_buffer ours = {0};

    if (told.len == 0 || object->digest->parts != NULL)
        return true;
    ps_base64_add(&ours, ps_span_of(object->digest->whole.sha256, PS_SHA256_LEN));
    bool same = ours.failed || ps_span_equal(told, ps_buffer_span(&ours));
    ps_buffer_done(&ours);
    return same;
}

static void name_of(const struct ps_delivery *d, const struct ps_object *object, struct ps_buffer *out)
{
    if (d->presigned) {
        ps_printable_add(out, ps_presigned_place(object->presigned_url));
    } else {
        ps_printable_add(out, ps_span_text(d->address.prefix));
        ps_printable_add(out, ps_span_text(object->name));
    }
    ps_buffer_add_byte(out, '\0');
}

static enum ps_delivered exists(const struct ps_delivery *d, const struct ps_object *object, bool ambiguous,
                                struct ps_error *err)
{
    struct ps_buffer name = {0};

    name_of(d, object, &name);
    const char *what = name.failed ? "the object" : (const char *) name.data;
    if (ambiguous)
        ps_fail(err, 0,
                "%s is there already (412 PreconditionFailed), after a try whose answer was lost: most likely that try "
                "stored it. To be sure, somebody who may read compares its SHA-256 with that of the bundle",
                what);
    else
        ps_fail(err, 0,
                "%s is there already (412 PreconditionFailed), and it was not this run that put it there: it is left "
                "as it is. If an earlier push was cut off it may be ours: somebody who may read compares its SHA-256. "
                "Else choose another %s, and find out who put it there",
                what, d->presigned ? "URL" : "prefix");
    ps_buffer_done(&name);
    return ambiguous ? PS_DELIVERED_PROBABLY : PS_NOT_DELIVERED;
}

enum ps_delivered ps_object_put(struct ps_delivery *d, const struct ps_object *object, struct ps_http_answer *answer,
                                struct ps_error *err)
{
    bool ambiguous = object->tried_before;
    bool in_parts = object->digest->parts != NULL && !d->presigned;
    enum ps_call_end end = in_parts ? ps_object_put_parts(d, object, &ambiguous, answer, err)
                                    : put_whole(d, object, &ambiguous, answer, err);

    if (end == PS_CALL_EXISTS)
        return exists(d, object, ambiguous, err);
    /* S3 compares with the hash that goes with it; who signed a presigned URL knew none. */
    bool unseen = end == PS_CALL_FAILED || d->presigned;
    if (unseen && object->fd >= 0 && ps_body_changed(object->fd, object->digest)) {
        ps_fail(err, 0, "the bundle was changed while it was sent; deliver it when nobody writes to it");
        return PS_NOT_DELIVERED;
    }
    if (end == PS_CALL_FAILED)
        return PS_NOT_DELIVERED;
    if (!names_what_it_stored(d, object, answer)) {
        ps_fail(err, 0,
                "the answer is 200 but names no object (ETag), as S3's do; nobody knows what answered: check the "
                "endpoint, and look for a proxy in between");
        return PS_NOT_DELIVERED;
    }
    if (!stored_the_same(object, answer)) {
        ps_fail(err, 0,
                "the service says that it stored other bytes than were sent (its x-amz-checksum-sha256 "
                "differs); do not rely on that object, and look for a proxy in between");
        return PS_NOT_DELIVERED;
    }
    return PS_DELIVERED;
}
