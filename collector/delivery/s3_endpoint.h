/* SPDX-License-Identifier: Apache-2.0
 *
 * The URL of an endpoint that was named: private to s3_address.c and s3_endpoint.c.
 */
#ifndef PS_S3_ENDPOINT_H
#define PS_S3_ENDPOINT_H

#include "collector/delivery/s3_address.h"

/* Into endpoint, endpoint_path, endpoint_by and https of *out. `by`, static text, named it. False with *err. */
PS_MUST_CHECK bool ps_s3_endpoint_read(const char *url, const char *by, struct ps_s3_address *out,
                                       struct ps_error *err);
/* That which the name of a VPC endpoint holds, or an empty span. */
struct ps_span ps_s3_endpoint_region(const struct ps_s3_address *a);

#endif
