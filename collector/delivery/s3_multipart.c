/* SPDX-License-Identifier: Apache-2.0
 *
 * What is too long for one request: begin, parts, complete. The condition that nothing is overwritten stands in the
 * last request, so that an object is there in one moment, or never. When it fails, the parts are given back.
 */
#include <errno.h>
#include <stdio.h>

#include "collector/delivery/s3_put.h"
#include "formats/base64.h"

struct upload {
    struct ps_delivery *d;
    const struct ps_object *object;
    char id[sizeof((struct ps_s3_answer *) 0)->upload_id];
    struct ps_buffer list; /* the body of the last request */
    struct ps_http_answer *answer;
    struct ps_error *err;
};

/* Owner: what every request of the upload has to say again. */
static void add_owner(const struct upload *u, struct ps_header_lines *lines)
{
    if (u->d->options->expected_owner != NULL)
        ps_header_lines_add(lines, "x-amz-expected-bucket-owner", u->d->options->expected_owner);
}

static enum ps_call_end run(struct upload *u, struct ps_call *call, struct ps_header_lines *lines,
                            struct ps_s3_answer *document)
{
    struct ps_body_hash none;

    call->name = u->object->name;
    call->headers = ps_header_lines(lines);
    ps_body_hash_of(call->body, &none);
    if (call->body_sha256 == NULL)
        call->body_sha256 = none.sha256;
    if (call->headers == NULL) {
        ps_fail(u->err, 0, "too many headers for one request; leave out some --metadata");
        return PS_CALL_FAILED;
    }
    return ps_call_run(u->d, call, u->answer, document, u->err);
}

static bool begin(struct upload *u)
{
    static const struct ps_sigv4_pair query[] = {{{(const uint8_t *) "uploads", 7}, {(const uint8_t *) "", 0}}};
    struct ps_header_lines lines = {0};
    struct ps_s3_answer document;
    struct ps_call call = {.method = "POST", .query = query, .query_count = 1, .body_fd = -1};

    ps_object_headers(u->d, u->object, true, &lines);
    bool ok = run(u, &call, &lines, &document) == PS_CALL_DONE;
    ps_header_lines_done(&lines);
    if (!ok)
        return false;
    if (document.upload_id[0] == '\0')
        return ps_fail(u->err, 0,
                       "the service began an upload of parts and did not say which; is that S3? check the "
                       "endpoint");
    memcpy(u->id, document.upload_id, sizeof u->id);
    return true;
}

/* An ETag goes back as it came: quotes, hex digits, and whatever else is harmless in XML. */
static bool etag_plausible(struct ps_span etag)
{
    for (size_t i = 0; i < etag.len; i++)
        if (etag.data[i] <= ' ' || etag.data[i] > '~' || strchr("<>&'", etag.data[i]) != NULL)
            return false;
    return etag.len > 0 && etag.len < sizeof ((struct ps_s3_answer *) 0)->etag; /* as the answers are read */
}

bool ps_multipart_list_add(struct ps_buffer *out, size_t index, struct ps_span etag,
                           const uint8_t sha256[PS_SHA256_LEN])
{
    if (!etag_plausible(etag))
        return false;
    ps_buffer_addf(out, "<Part><PartNumber>%zu</PartNumber><ETag>%.*s</ETag><ChecksumSHA256>", index + 1,
                   (int) etag.len, (const char *) etag.data);
    ps_base64_add(out, ps_span_of(sha256, PS_SHA256_LEN));
    ps_buffer_add_text(out, "</ChecksumSHA256></Part>");
    return !out->failed;
}

static bool put_part(struct upload *u, size_t index)
{
    const struct ps_body_digest *digest = u->object->digest;
    const struct ps_body_hash *hash = &digest->parts[index];
    struct ps_header_lines lines = {0};
    struct ps_s3_answer document;
    char number[24], md5[32] = "", sha256[64] = "";

    snprintf(number, sizeof number, "%zu", index + 1);
    const struct ps_sigv4_pair query[] = {{ps_span_text("partNumber"), ps_span_text(number)},
                                          {ps_span_text("uploadId"), ps_span_text(u->id)}};
    struct ps_call call = {.method = "PUT",
                           .query = query,
                           .query_count = 2,
                           .body_fd = u->object->fd,
                           .body_at = index * digest->part_size,
                           .body_len = ps_body_part_len(digest, index),
                           .body_sha256 = hash->sha256};
    ps_base64_encode(ps_span_of(hash->md5, sizeof hash->md5), md5);
    ps_base64_encode(ps_span_of(hash->sha256, sizeof hash->sha256), sha256);
    ps_header_lines_add(&lines, "Content-MD5", md5);
    ps_header_lines_add(&lines, "x-amz-checksum-sha256", sha256);
    add_owner(u, &lines);
    bool ok = run(u, &call, &lines, &document) == PS_CALL_DONE;
    ps_header_lines_done(&lines);
    return ok && (ps_multipart_list_add(&u->list, index, ps_http_header(u->answer, "ETag"), hash->sha256) ||
                  ps_fail(u->err, 0,
                          "the service gave no ETag for part %zu, by which it is named; is that S3? check the "
                          "endpoint",
                          index + 1));
}

static enum ps_call_end complete(struct upload *u, bool *ambiguous)
{
    const struct ps_sigv4_pair query[] = {{ps_span_text("uploadId"), ps_span_text(u->id)}};
    struct ps_header_lines lines = {0};
    struct ps_s3_answer document = {0};
    /* The 200 comes before it is known: what is cut off, or is another's answer, is as good as none. */
    struct ps_call call = {.method = "POST",
                           .query = query,
                           .query_count = 1,
                           .body_fd = -1,
                           .done_root = "CompleteMultipartUploadResult",
                           .ambiguous = *ambiguous};

    ps_buffer_add_text(&u->list, "</CompleteMultipartUpload>");
    if (u->list.failed) {
        ps_fail(u->err, ENOMEM, "no room for the list of parts");
        return PS_CALL_FAILED;
    }
    call.body = ps_buffer_span(&u->list);
    call.body_len = call.body.len;
    ps_header_lines_add(&lines, "Content-Type", "application/xml");
    ps_header_lines_add(&lines, "If-None-Match", "*");
    add_owner(u, &lines);
    enum ps_call_end end = run(u, &call, &lines, &document);
    ps_header_lines_done(&lines);
    /* An upload that was completed is gone. */
    if (end == PS_CALL_FAILED && call.ambiguous && strcmp(document.code, "NoSuchUpload") == 0)
        end = PS_CALL_EXISTS;
    *ambiguous = call.ambiguous;
    return end;
}

/* What fails here is told and no more: the reason why nothing was delivered is another one. */
static void give_back(struct upload *u)
{
    const struct ps_sigv4_pair query[] = {{ps_span_text("uploadId"), ps_span_text(u->id)}};
    struct ps_header_lines lines = {0};
    struct ps_s3_answer document = {0};
    struct ps_http_answer answer = {0};
    struct ps_error err = {0};
    struct upload other = *u;
    struct ps_call call = {.method = "DELETE", .query = query, .query_count = 1, .body_fd = -1};

    other.answer = &answer;
    other.err = &err;
    add_owner(u, &lines);
    (void) run(&other, &call, &lines, &document);
    if (answer.status != 204 && strcmp(document.code, "NoSuchUpload") != 0 && u->d->tell != NULL)
        u->d->tell(u->d->context,
                   "the parts that were sent could not be given back (s3:AbortMultipartUpload): they lie "
                   "in the bucket, and cost, until a lifecycle rule removes them");
    ps_header_lines_done(&lines);
    ps_http_answer_done(&answer);
}

enum ps_call_end ps_object_put_parts(struct ps_delivery *d, const struct ps_object *object, bool *ambiguous,
                                     struct ps_http_answer *answer, struct ps_error *err)
{
    struct upload u = {.d = d, .object = object, .answer = answer, .err = err};
    enum ps_call_end end = PS_CALL_FAILED;

    if (!begin(&u))
        return PS_CALL_FAILED;
    ps_buffer_add_text(&u.list, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    bool sent = true;
    for (size_t i = 0; sent && i < object->digest->part_count; i++)
        sent = put_part(&u, i);
    if (sent)
        end = complete(&u, ambiguous);
    if (end != PS_CALL_DONE && !(end == PS_CALL_EXISTS && *ambiguous))
        give_back(&u);
    ps_buffer_done(&u.list);
    return end;
}
