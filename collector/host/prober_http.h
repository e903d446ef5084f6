/* SPDX-License-Identifier: Apache-2.0
 *
 * The smallest HTTP/1.1 client: one GET of a literal IPv4 address that leaves this machine nowhere but to its own
 * link. No name is looked up, no proxy asked, no redirect followed.
 */
#ifndef PS_PROBER_HTTP_H
#define PS_PROBER_HTTP_H

#include <netinet/in.h>

#include "collector/host/prober_state.h"

enum { PS_HTTP_PATH_MAX = 512, PS_HTTP_ANSWER_MAX = 1 << 20 };

struct ps_http_url {
    struct sockaddr_in address; /* 127.0.0.0/8 or 169.254.0.0/16 */
    char host[32];              /* "169.254.170.2", "127.0.0.1:51678" */
    char path[PS_HTTP_PATH_MAX];
};

/* "http://169.254.170.2/v4/..."; false for anything else: names, other addresses, IPv6, user names, blanks. */
PS_MUST_CHECK bool ps_http_url_read(const char *text, struct ps_http_url *out);

/* What came, head and body, at most PS_HTTP_ANSWER_MAX bytes; lives until the next call. Connecting takes a second at
 * most, and nothing goes on behind `until_us`. A try that found nobody, or somebody who was too busy, is repeated after
 * 0.2 and 0.5 seconds. */
struct ps_probe_end ps_http_get(struct ps_prober *p, const struct ps_http_url *url, const char *below,
                                uint64_t until_us, struct ps_span *answer);

#endif
