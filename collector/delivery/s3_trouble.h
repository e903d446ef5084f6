/* SPDX-License-Identifier: Apache-2.0
 *
 * What an answer means for the request: is it done, does it help to ask again, and when not, what is the likely cause
 * in plain words. Pure.
 */
#ifndef PS_S3_TROUBLE_H
#define PS_S3_TROUBLE_H

#include "collector/delivery/delivery.h"
#include "collector/delivery/s3_answer.h"

enum ps_s3_meaning {
    PS_S3_DONE,
    PS_S3_EXISTS,      /* If-None-Match: something is there */
    PS_S3_LATER,       /* the same again after a while */
    PS_S3_REGION,      /* the bucket is in another region */
    PS_S3_CLOCK,       /* the clock is further off than signatures allow */
    PS_S3_CREDENTIALS, /* they have ended: ask for new ones */
    PS_S3_REFUSED,     /* the same again would get the same answer */
    PS_S3_OURS,        /* stopped, not trusted, or a failure of our own: *err of the exchange says all */
};

enum ps_s3_meaning ps_s3_meaning(const struct ps_http_answer *answer, const struct ps_s3_answer *document);
/* May the other side have done what it was asked, although this answer does not say so? */
bool ps_s3_ambiguous(const struct ps_http_answer *answer);
/* The region that the answer names, or an empty span. Raw bytes. */
struct ps_span ps_s3_region_named(const struct ps_http_answer *answer, const struct ps_s3_answer *document);
/* Seconds since the epoch as the other side has them, by Date or by what it says in its document. */
PS_MUST_CHECK bool ps_s3_server_time(const struct ps_http_answer *answer, const struct ps_s3_answer *document,
                                     int64_t *epoch_s);
/* Appends "403 AccessDenied (Access Denied)", escaped for terminals. */
void ps_s3_add_answer(struct ps_buffer *out, const struct ps_http_answer *answer, const struct ps_s3_answer *document);
/* Appends the likely cause and what to do about it, a clause or two. */
void ps_s3_add_cause(struct ps_buffer *out, const struct ps_delivery_options *options, bool presigned,
                     const struct ps_http_answer *answer, const struct ps_s3_answer *document);

#endif
