/* SPDX-License-Identifier: Apache-2.0
 *
 * One request to S3 or to a presigned URL until it is answered for good: signed anew for each try, with the credentials
 * of that moment, five tries with full jitter between them, all before one deadline.
 */
#ifndef PS_DELIVERY_CALL_H
#define PS_DELIVERY_CALL_H

#include "collector/delivery/header_lines.h"
#include "collector/delivery/s3_address.h"
#include "collector/delivery/s3_trouble.h"
#include "collector/delivery/sigv4.h"

enum { PS_DELIVERY_TRIES = 5, PS_DELIVERY_DEADLINE_MS = 120000 };
#define PS_MULTIPART_ABOVE (UINT64_C(4) << 30)

/* One delivery, from try to try. */
struct ps_delivery {
    const struct ps_delivery_options *options;
    bool presigned;
    struct ps_s3_address address;              /* of s3:// */
    struct ps_credentials_source *credentials; /* likewise */
    struct ps_http *http;
    uint64_t deadline_us; /* of ps_boottime_us */
    bool clock_moved;     /* the service's clock is used, which is ahead by: */
    int64_t clock_offset_s;
    unsigned repeats; /* requests that had to be made again */
    void (*tell)(void *context, const char *line);
    void *context;
};

struct ps_call {
    const char *method;
    const char *name;          /* of the object, behind the prefix */
    const char *presigned_url; /* NULL: s3 */
    const struct ps_sigv4_pair *query;
    size_t query_count;
    const char *const *headers; /* all but Host, date, hash and token; ends with NULL */
    int body_fd;                /* -1: `body` */
    uint64_t body_at, body_len;
    struct ps_span body;
    const uint8_t *body_sha256;
    const char *done_root; /* the document without which a 200 says nothing; NULL: the status says it all */
    bool ambiguous;        /* in: an earlier request may have done it; out: this one may */
};

enum ps_call_end { PS_CALL_DONE, PS_CALL_EXISTS, PS_CALL_FAILED };

/* False with *err: no credentials, CA file, ... The caller calls ps_delivery_close in any case. */
PS_MUST_CHECK bool ps_delivery_open(struct ps_delivery *d, const struct ps_delivery_options *options, const char *dest,
                                    void (*tell)(void *context, const char *line), void *context, struct ps_error *err);
void ps_delivery_close(struct ps_delivery *d);
/* *answer and *document are those of the last try; the caller calls ps_http_answer_done. PS_CALL_FAILED with *err. */
enum ps_call_end ps_call_run(struct ps_delivery *d, struct ps_call *call, struct ps_http_answer *answer,
                             struct ps_s3_answer *document, struct ps_error *err);

#endif
