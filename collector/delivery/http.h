/* SPDX-License-Identifier: Apache-2.0
 *
 * One HTTP exchange: a request out, an answer in. TLS with the embedded roots, no redirect followed, no proxy but the
 * one that was named, no configuration of the machine but its resolver. In procsnap only: core has no network.
 */
#ifndef PS_HTTP_H
#define PS_HTTP_H

#include "formats/buffer.h"
#include "formats/error.h"

struct ps_http; /* what exchanges share: whom to trust, the proxy. Each has a connection of its own */

/* Texts are borrowed for as long as the ps_http lives. */
struct ps_http_options {
    const char *ca_file; /* PEM, instead of the embedded roots; NULL: those */
    const char *proxy;   /* http://HOST:PORT, NULL: none */
};

struct ps_http_request {
    const char *method;         /* "GET", "PUT", "POST", "HEAD" */
    const char *url;            /* encoded already, and sent as it is */
    const char *const *headers; /* "Name: value", no empty value, ends with NULL; without Host, Content-Length, Expect */
    int body_fd;                /* read by pread from body_at; -1: none, or `body` */
    uint64_t body_at, body_len;
    struct ps_span body;        /* a short body, when body_fd is -1 */
    bool expect_continue;       /* wait up to a second for 100-continue; a final answer before the body is obeyed */
    uint32_t connect_ms;        /* for connecting and TLS */
    uint32_t total_ms;          /* for everything */
    uint32_t stall_ms;          /* without a byte in either direction; 0: none */
    size_t answer_max;          /* bytes of the answer's body that are kept */
};

/* Where it ended when there is no answer. */
enum ps_http_trouble {
    PS_HTTP_ANSWERED,
    PS_HTTP_BAD_URL,
    PS_HTTP_NO_NAME,    /* the host name has no address */
    PS_HTTP_NO_CONNECT, /* refused, unreachable, timed out while connecting */
    PS_HTTP_NO_TRUST,   /* TLS: certificate of a stranger, expired, other host; no TLS that both speak */
    PS_HTTP_TIMED_OUT,
    PS_HTTP_BROKEN,     /* reset, cut (the handshake too), or not HTTP */
    PS_HTTP_STOPPED,    /* ps_http_stop */
    PS_HTTP_OURS,       /* out of memory, the body's file cannot be read */
};

struct ps_http_answer {
    enum ps_http_trouble trouble;
    int status;            /* 0 without an answer */
    struct ps_buffer head; /* header lines of the final answer, as they came, at most 64 KiB */
    struct ps_buffer body; /* at most answer_max bytes */
    bool cut;              /* there was more body */
    bool may_have_acted;   /* the whole body went out, so the other side may have done what it was asked */
    char address[64];      /* that was connected to, "" */
};

/* NULL with *err. The caller frees. */
struct ps_http *ps_http_new(const struct ps_http_options *options, struct ps_error *err);
void ps_http_free(struct ps_http *http);
/* One exchange. *answer is filled in any case and is the caller's (ps_http_answer_done). True when there is an answer,
 * whatever its status; false with *err: what failed, with which host, and what can be done about it. */
PS_MUST_CHECK bool ps_http_exchange(struct ps_http *http, const struct ps_http_request *request,
                                    struct ps_http_answer *answer, struct ps_error *err);
void ps_http_answer_done(struct ps_http_answer *answer);
/* Value of a header of the answer without blanks around it, case of the name ignored; the last one when there are
 * several; empty span when absent. */
struct ps_span ps_http_header(const struct ps_http_answer *answer, const char *name);
/* Breaks off the exchange that is going on, and each one after it; safe in a signal handler. */
void ps_http_stop(void);

#endif
