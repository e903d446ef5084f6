/* SPDX-License-Identifier: Apache-2.0
 *
 * The XML documents that S3 answers with, read strictly: one element whose children are texts, no comment, no document
 * type, no CDATA, no more than eight levels. Whoever answered wrote it: the fields are raw bytes without NUL and
 * control characters, and whoever prints them escapes them.
 *
 *   <?xml version="1.0" encoding="UTF-8"?>
 *   <Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>...</RequestId></Error>
 */
#ifndef PS_S3_ANSWER_H
#define PS_S3_ANSWER_H

#include "parsers/cursor.h"

struct ps_s3_answer {
    bool whole;    /* it is such a document */
    char root[48]; /* "Error", "InitiateMultipartUploadResult", ... */
    /* Children of the root; "" when absent. A message that is too long is cut and ends in "...". */
    char code[64], message[640], region[40], request_id[128], server_time[40], etag[128], upload_id[1024];
};

/* *out is set in any case; when the text is not such a document all of it is empty. */
void ps_s3_answer_read(struct ps_span body, struct ps_s3_answer *out);

#endif
