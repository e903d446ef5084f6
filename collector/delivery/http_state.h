/* SPDX-License-Identifier: Apache-2.0
 *
 * One exchange while it goes on: http.c sets it up, http_flow.c sees its bytes, http_trouble.c says why it failed.
 */
#ifndef PS_HTTP_STATE_H
#define PS_HTTP_STATE_H

#include <curl/curl.h>

#include "collector/delivery/http.h"

enum { PS_HTTP_HEAD_LIMIT = 64 << 10, PS_HTTP_HOST_ROOM = 128 };

/* Why one of our callbacks ended the transfer. */
enum ps_http_ended {
    PS_HTTP_NOT_ENDED,
    PS_HTTP_ENDED_FULL, /* answer_max bytes are there */
    PS_HTTP_ENDED_HEAD, /* head without end */
    PS_HTTP_ENDED_STALLED,
    PS_HTTP_ENDED_STOPPED,
    PS_HTTP_ENDED_NO_MEMORY,
    PS_HTTP_ENDED_BODY, /* our body cannot be read; sys_errno, 0: the file is shorter than body_len */
};

struct ps_http_exchange {
    const struct ps_http_request *request;
    struct ps_http_answer *answer;
    char host[PS_HTTP_HOST_ROOM]; /* host and port, all that an error may say of a URL, which can hold a signature */
    bool secure, proxied;
    char said[CURL_ERROR_SIZE]; /* by curl: to be searched, not repeated */
    enum ps_http_ended ended;
    int sys_errno;
    uint64_t sent;     /* bytes of the body that were taken */
    size_t head_bytes; /* of all heads, those of 1xx answers and trailers included */
    bool head_done;
    uint64_t moved;    /* bytes in both directions, when last looked at */
    uint64_t moved_us; /* when that changed; 0: not connected yet */
};

/* False with *err, when the URL or a header cannot be sent as it is. Fills host and secure. */
PS_MUST_CHECK bool ps_http_read_request(struct ps_http_exchange *x, struct ps_error *err);
/* Installs the callbacks. */
void ps_http_flow_set(CURL *curl, struct ps_http_exchange *x);
/* What curl's code and our own end mean. Anything but PS_HTTP_ANSWERED comes with *err. */
enum ps_http_trouble ps_http_trouble_of(const struct ps_http_exchange *x, CURL *curl, CURLcode code,
                                        struct ps_error *err);

#endif
