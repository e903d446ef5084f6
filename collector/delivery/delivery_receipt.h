/* SPDX-License-Identifier: Apache-2.0
 *
 * The receipt of a delivery: one line of JSON, for whoever keeps the proof of where evidence went. What the service
 * answered stands in it as it came; no secret does.
 */
#ifndef PS_DELIVERY_RECEIPT_H
#define PS_DELIVERY_RECEIPT_H

#include "collector/delivery/delivery_call.h"
#include "collector/delivery/s3_put.h"

struct ps_receipt {
    const char *dest;
    const struct ps_parcel *parcel;
    const struct ps_object_origin *origin;
    const struct ps_body_digest *digest;
    const struct ps_delivery *delivery;
    bool certain;
    int64_t delivered_us;                          /* since the epoch, by our clock */
    const struct ps_http_answer *answer;           /* to the bundle */
    const struct ps_http_answer *signature_answer; /* NULL: the signature was not sent */
};

void ps_receipt_add(struct ps_buffer *out, const struct ps_receipt *receipt);

#endif
