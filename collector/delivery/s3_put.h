/* SPDX-License-Identifier: Apache-2.0
 *
 * One object into the bucket, or to a presigned URL: in one request, or, above --multipart-above, in parts. Nothing
 * that is there is overwritten.
 */
#ifndef PS_S3_PUT_H
#define PS_S3_PUT_H

#include "collector/delivery/body_digest.h"
#include "collector/delivery/delivery_call.h"
#include "formats/head_line.h"

/* S3 counts names and values of all metadata. Ours take at most PS_METADATA_OURS of that. */
enum { PS_METADATA_BYTES = 2048, PS_METADATA_OURS = 640, PS_TASK_ARN_MAX = 200 };

/* Whose object it is: what the metadata of bundle and signature say. */
struct ps_object_origin {
    bool has_head;
    struct ps_head head;
    const char *task_arn;  /* NULL: not known */
    const uint8_t *sha256; /* of the bundle; NULL: there is none */
};

struct ps_object {
    const char *name;          /* behind the prefix */
    const char *presigned_url; /* NULL: s3 */
    const char *content_type;
    const struct ps_object_origin *origin;
    int fd;              /* -1: `text` */
    struct ps_span text; /* a short one */
    const struct ps_body_digest *digest;
    bool tried_before;
};

/* PS_NOT_DELIVERED and PS_DELIVERED_PROBABLY with *err. *answer is the last one, and the caller's
 * (ps_http_answer_done). */
enum ps_delivered ps_object_put(struct ps_delivery *d, const struct ps_object *object, struct ps_http_answer *answer,
                                struct ps_error *err);
/* What an object is sent with, beside what signing adds; `in_parts`: the request that begins an upload of parts. */
void ps_object_headers(const struct ps_delivery *d, const struct ps_object *object, bool in_parts,
                       struct ps_header_lines *lines);
/* How an object in parts is completed: XML, appended. False when memory is out or an ETag is none that S3 gives. */
PS_MUST_CHECK bool ps_multipart_list_add(struct ps_buffer *out, size_t index, struct ps_span etag,
                                         const uint8_t sha256[PS_SHA256_LEN]);
/* Private to s3_put.c and s3_multipart.c: *end is as ps_call_run says it. */
enum ps_call_end ps_object_put_parts(struct ps_delivery *d, const struct ps_object *object, bool *ambiguous,
                                     struct ps_http_answer *answer, struct ps_error *err);

#endif
