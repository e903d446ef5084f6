/* SPDX-License-Identifier: Apache-2.0
 *
 * Moments as servers and people write them, in UTC, from 1970 to 9999.
 */
#ifndef PS_HTTP_DATE_H
#define PS_HTTP_DATE_H

#include "parsers/cursor.h"

/* "Fri, 24 May 2013 00:00:00 GMT", the one form that RFC 9110 section 5.6.7 lets senders use. */
PS_MUST_CHECK bool ps_http_date(struct ps_span text, int64_t *epoch_s);
/* "2013-05-24T00:00:00Z", also with a fraction, which does not count. */
PS_MUST_CHECK bool ps_utc_time(struct ps_span text, int64_t *epoch_s);

#endif
