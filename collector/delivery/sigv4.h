/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS Signature Version 4, of a request's headers, as AWS documents it under "Signature Version 4 signing process".
 * Pure: the time and the secret are handed in, nothing is sent or read.
 *
 * S3 signs the path as it goes over the wire. Other services remove dot segments first, and encode what is on the wire
 * once more: the two switches.
 */
#ifndef PS_SIGV4_H
#define PS_SIGV4_H

#include "formats/buffer.h"

enum { PS_SIGV4_HEADERS_MAX = 64, PS_SIGV4_QUERY_MAX = 32, PS_SIGV4_TIME_SIZE = 17 };

/* One name=value of a query, not encoded. */
struct ps_sigv4_pair {
    struct ps_span name, value;
};

struct ps_sigv4_request {
    const char *method;
    struct ps_span path; /* as on the wire: ps_uri_encode made it; begins with a slash */
    const struct ps_sigv4_pair *query;
    size_t query_count;
    const char *const *headers; /* "Name: value", ends with NULL; all of them are signed, and Host is among them */
    const char *payload_hash;   /* 64 hex digits, or a word that S3 knows in its place */
    bool normalize_path, double_encode; /* both false for S3 */
};

struct ps_sigv4_signer {
    const char *access_key_id, *secret_access_key;
    const char *region, *service;
    char time[PS_SIGV4_TIME_SIZE]; /* "20130524T000000Z": ps_sigv4_time */
};

/* Seconds since the epoch, until the year 9999. */
void ps_sigv4_time(int64_t epoch_s, char out[PS_SIGV4_TIME_SIZE]);
/* Percent-encodes every byte but A-Z a-z 0-9 - . _ ~, and but slashes when they are to stay. */
void ps_uri_encode(struct ps_buffer *out, struct ps_span bytes, bool keep_slashes);
/* "a=b&c=d", encoded and sorted as it is signed; what goes over the wire behind the question mark. */
PS_MUST_CHECK bool ps_sigv4_query(const struct ps_sigv4_pair *query, size_t count, struct ps_buffer *out);
/* "host;range;x-amz-date": the names of the headers, as they are signed. */
PS_MUST_CHECK bool ps_sigv4_signed_headers(const char *const *headers, struct ps_buffer *out);
/* The text that is hashed: for tests, and to compare with what a service says it has made of a request. False: too
 * many headers or pairs, a header without colon, or memory is out. */
PS_MUST_CHECK bool ps_sigv4_canonical(const struct ps_sigv4_request *request, struct ps_buffer *out);
/* Appends "Authorization: AWS4-HMAC-SHA256 ...", without newline. False as above. */
PS_MUST_CHECK bool ps_sigv4_authorize(const struct ps_sigv4_request *request, const struct ps_sigv4_signer *signer,
                                      struct ps_buffer *out);

#endif
