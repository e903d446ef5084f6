/* SPDX-License-Identifier: Apache-2.0
 *
 * One try of a call: private to delivery_call.c and delivery_try.c.
 */
#ifndef PS_DELIVERY_TRY_H
#define PS_DELIVERY_TRY_H

#include "collector/delivery/delivery_call.h"

/* Until the deadline; 0: it has come. */
uint32_t ps_delivery_left_ms(const struct ps_delivery *d);
/* Signs and sends. Like ps_http_exchange; false with *err, and *answer as it was, when there are no credentials. */
PS_MUST_CHECK bool ps_try_s3(struct ps_delivery *d, const struct ps_call *call, struct ps_http_answer *answer,
                             struct ps_error *err);
/* Sends as it is. */
PS_MUST_CHECK bool ps_try_exchange(struct ps_delivery *d, const struct ps_call *call, const char *url,
                                   const char *const *headers, struct ps_http_answer *answer, struct ps_error *err);

#endif
