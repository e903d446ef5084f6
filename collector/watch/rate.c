/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/rate.h"

bool ps_rate_take(struct ps_rate *r, uint64_t now_us)
{
    uint64_t *oldest = r->most > 0 ? &r->times[r->taken % r->most] : 0;
    if (!oldest || (r->taken >= r->most && now_us - *oldest < r->window_us)) {
        r->refused++;
        return false;
    }
    *oldest = now_us;
    r->taken++;
    return true;
}
