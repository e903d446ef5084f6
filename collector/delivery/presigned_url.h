/* SPDX-License-Identifier: Apache-2.0
 *
 * A presigned URL that somebody else made: the query says which headers it was signed for, and until when it holds.
 * What is behind its question mark is a secret while it holds, and is never printed.
 */
#ifndef PS_PRESIGNED_URL_H
#define PS_PRESIGNED_URL_H

#include "collector/delivery/delivery.h"

/* Can it be put to with these --put-header lines? `what`: the name of the operand or option, for *err. */
PS_MUST_CHECK bool ps_presigned_check(const char *what, const char *url, const struct ps_delivery_options *options,
                                      struct ps_error *err);
/* The URL without its query. */
struct ps_span ps_presigned_place(const char *url);
/* Seconds since the epoch at which it ends; false when it does not say. */
PS_MUST_CHECK bool ps_presigned_ends(const char *url, int64_t *epoch_s);
/* Is `name` among the headers that it was signed for? False too when it does not say. */
bool ps_presigned_signs(const char *url, const char *name);

#endif
