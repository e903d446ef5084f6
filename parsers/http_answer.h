/* SPDX-License-Identifier: Apache-2.0
 *
 * An answer of an HTTP/1.x server as it came over the wire, head and body (RFC 9112).
 */
#ifndef PS_HTTP_ANSWER_H
#define PS_HTTP_ANSWER_H

#include "parsers/parser.h"

/* A head longer than this is none that we go on with. */
enum { PS_HTTP_HEAD_MAX = 16 << 10 };

struct ps_http_answer {
    uint64_t present;
    uint64_t status;
    struct ps_span reason, date, server, content_type, content_encoding, transfer_encoding, location;
    uint64_t content_length;
    struct ps_span body; /* as it came: chunks with their sizes when transfer_encoding says so */
};

enum ps_http_state {
    PS_HTTP_MORE,  /* not all of it is there */
    PS_HTTP_WHOLE, /* the head, and as much body as it tells of */
    PS_HTTP_OPEN,  /* the head, which does not tell how long the body is: to the end of the connection */
    PS_HTTP_NONE,  /* no answer of HTTP/1.x */
};

/* Reads the head, and looks how far the body has come. *chunks: 0 at first; so much of a body in chunks is known to be
 * whole, so that nobody who sends single bytes makes us read them all again. *out is good for all but MORE and NONE. */
enum ps_http_state ps_http_answer_read(struct ps_span bytes, size_t *chunks, struct ps_http_answer *out);
/* The next chunk of a body: RECORD; END behind the last one and its trailer; BAD when it is none or not all there. */
enum ps_step ps_http_chunk(struct ps_cursor *body, struct ps_span *chunk);
bool ps_http_in_chunks(const struct ps_http_answer *answer);

extern const struct ps_parser ps_parser_ecs_container;
extern const struct ps_parser ps_parser_ecs_task;

#endif
