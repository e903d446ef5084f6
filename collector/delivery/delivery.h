/* SPDX-License-Identifier: Apache-2.0
 *
 * Brings one finished bundle and the signature beside it to S3 or to presigned URLs: credentials, signing, retries with
 * full jitter until a deadline, and a receipt. Nothing that is there already is overwritten (If-None-Match: *). Runs in
 * the process of the caller.
 */
#ifndef PS_DELIVERY_H
#define PS_DELIVERY_H

#include "collector/delivery/credentials.h"

enum { PS_DELIVERY_TAGS_MAX = 10, PS_DELIVERY_METADATA_MAX = 16, PS_PUT_HEADERS_MAX = 16 };
/* The longest receipt. */
enum { PS_RECEIPT_MAX = 64 << 10 };

/* As the command line said it; texts are borrowed. */
struct ps_delivery_options {
    const char *region, *endpoint_url, *ca_file, *proxy, *sse_kms_key, *object_lock_mode, *object_lock_until,
        *expected_owner, *signature_url;
    const char *tags[PS_DELIVERY_TAGS_MAX], *metadata[PS_DELIVERY_METADATA_MAX], *put_headers[PS_PUT_HEADERS_MAX];
    size_t tag_count, metadata_count, put_header_count;
    bool path_style, fips, dualstack, bucket_key, legal_hold;
    enum ps_credentials_kind credentials;
    uint32_t deadline_ms;     /* for all tries of one bundle; 0: 120000 */
    uint64_t multipart_above; /* bytes; 0: 4 GiB */
};

/* A finished bundle: an open file (or memfd) and its signature's text. */
struct ps_parcel {
    int fd;
    const char *name; /* base name: last component of the key */
    struct ps_span minisig;
    const char *head_line; /* without newline: bundle, seq, root and pk of the receipt; NULL: not known (.age) */
    const char *task_arn;  /* goes into the metadata; NULL: not known */
    bool tried_before;     /* an earlier run may have sent it: what is there is most likely ours */
};

enum ps_delivered {
    PS_DELIVERED,          /* both objects are there */
    PS_DELIVERED_PROBABLY, /* the key exists after a try whose answer was lost: most likely it is ours */
    PS_NOT_DELIVERED,
};

/* A destination that is reached over the network: s3://... or https://... (http:// only for a test endpoint). */
bool ps_delivery_is_remote(const char *dest);
/* Is `dest` well formed with these options? No network. False with *err (exit status 2). */
PS_MUST_CHECK bool ps_delivery_plan(const struct ps_delivery_options *options, const char *dest, struct ps_error *err);
/* Delivers. Appends one JSON line, the receipt, to *receipt for anything but PS_NOT_DELIVERED. `tell` (may be NULL)
 * gets one line of plain words for each try that did not do it. *err says why not, or what is uncertain. */
enum ps_delivered ps_delivery_run(const struct ps_delivery_options *options, const char *dest,
                                  const struct ps_parcel *parcel, void (*tell)(void *context, const char *line),
                                  void *context, struct ps_buffer *receipt, struct ps_error *err);
/* Would a delivery work? Says what was looked at, line by line, in plain words; puts one small object
 * (PREFIX/procsnap-check-<random>) to find out. True when it would. */
bool ps_delivery_check(const struct ps_delivery_options *options, const char *dest,
                       void (*tell)(void *context, const char *line), void *context, struct ps_error *err);

#endif
