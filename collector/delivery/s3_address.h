/* SPDX-License-Identifier: Apache-2.0
 *
 * Where in S3: bucket and prefix of s3://BUCKET/PREFIX/, and the host, path and region that lead there. No network:
 * what a service answers about its region comes in through ps_s3_address_move.
 */
#ifndef PS_S3_ADDRESS_H
#define PS_S3_ADDRESS_H

#include "collector/delivery/delivery.h"

enum { PS_BUCKET_MAX = 63, PS_PREFIX_MAX = 800, PS_REGION_MAX = 32, PS_ENDPOINT_MAX = 300 };

/* Of the variables that the AWS SDKs know; NULL: not set. */
struct ps_s3_environment {
    const char *endpoint_url_s3, *endpoint_url, *use_fips, *use_dualstack, *region, *default_region;
};

struct ps_s3_address {
    char bucket[PS_BUCKET_MAX + 1];
    char prefix[PS_PREFIX_MAX + 1]; /* "", or ends in a slash */
    char region[PS_REGION_MAX + 1];
    const char *region_by;   /* static text: who named the region */
    const char *endpoint_by; /* static text: who named the endpoint; NULL: it is AWS's own */
    bool https, path_style, fips, dualstack;
    char endpoint[PS_ENDPOINT_MAX];      /* host and port of a named endpoint */
    char endpoint_path[PS_ENDPOINT_MAX]; /* "", or begins with a slash and does not end in one */
};

struct ps_s3_environment ps_s3_environment(void);
/* False with *err: the command line (or such a variable) is wrong, and how to write it. */
PS_MUST_CHECK bool ps_s3_address_read(const char *dest, const struct ps_delivery_options *options,
                                      const struct ps_s3_environment *environment, struct ps_s3_address *out,
                                      struct ps_error *err);
/* The service said that the bucket is in that region. False when that is no region to go to: not a name of one, the one
 * that was asked, in another partition, or without FIPS endpoint where that is wanted. */
PS_MUST_CHECK bool ps_s3_address_move(struct ps_s3_address *a, struct ps_span region);
/* Appends the host (and port, where it is not the usual one): for the URL and the Host header. */
void ps_s3_address_host(const struct ps_s3_address *a, struct ps_buffer *out);
/* Appends the encoded path of the object PREFIX + name. */
void ps_s3_address_path(const struct ps_s3_address *a, const char *name, struct ps_buffer *out);
/* Is it written like a region's name? */
bool ps_region_plausible(struct ps_span region);

#endif
