/* SPDX-License-Identifier: Apache-2.0
 *
 * What passes through an exchange, byte by byte, and what ends it.
 */
#include <errno.h>
#include <signal.h>
#include <strings.h>
#include <unistd.h>

#include "collector/delivery/http_state.h"
#include "collector/host/clock.h"

static volatile sig_atomic_t stopped;

void ps_http_stop(void)
{
    stopped = 1;
}

static size_t give_body(char *to, size_t size, size_t count, void *context)
{
    struct ps_http_exchange *x = context;
    const struct ps_http_request *r = x->request;
    uint64_t left = (r->body_fd >= 0 ? r->body_len : r->body.len) - x->sent;
    size_t want = left < size * count ? (size_t) left : size * count;

    if (r->body_fd < 0) {
        if (want > 0)
            memcpy(to, r->body.data + x->sent, want);
        x->sent += want;
    } else if (want > 0) {
        ssize_t got;
        do
            got = pread(r->body_fd, to, want, (off_t) (r->body_at + x->sent));
        while (got < 0 && errno == EINTR);
        if (got <= 0) {
            x->ended = PS_HTTP_ENDED_BODY;
            x->sys_errno = got < 0 ? errno : 0;
            return CURL_READFUNC_ABORT;
        }
        want = (size_t) got;
        x->sent += want;
    }
    if (want == left)
        x->answer->may_have_acted = true;
    return want;
}

static int rewind_body(void *context, curl_off_t offset, int origin)
{
    struct ps_http_exchange *x = context;
    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_FAIL;
    x->sent = (uint64_t) offset;
    return CURL_SEEKFUNC_OK;
}

/* One header line. Only the last head counts; what comes behind it as a trailer is no header of the answer. */
static size_t take_head(char *line, size_t size, size_t count, void *context)
{
    struct ps_http_exchange *x = context;
    struct ps_buffer *head = &x->answer->head;
    size_t len = size * count;

    if (len > PS_HTTP_HEAD_LIMIT - x->head_bytes) {
        x->ended = PS_HTTP_ENDED_HEAD;
        return 0;
    }
    x->head_bytes += len;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0 && (x->head_done || head->len == 0)) {
        ps_buffer_clear(head, PS_HTTP_HEAD_LIMIT);
        x->head_done = false;
    }
    if (!x->head_done)
        ps_buffer_add(head, line, len);
    x->head_done = x->head_done || (len > 0 && (line[0] == '\r' || line[0] == '\n'));
    if (head->failed)
        x->ended = PS_HTTP_ENDED_NO_MEMORY;
    return head->failed ? 0 : len;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct ps_http_exchange *x = context;
    struct ps_buffer *body = &x->answer->body;
    size_t len = size * count, room = x->request->answer_max - body->len;

    ps_buffer_add(body, data, len < room ? len : room);
    if (body->failed)
        x->ended = PS_HTTP_ENDED_NO_MEMORY;
    else if (len > room)
        x->ended = PS_HTTP_ENDED_FULL;
    return x->ended == PS_HTTP_NOT_ENDED ? len : 0;
}

/* Called at least once a second. Connecting has its own limit. */
static int look(void *context, curl_off_t d_total, curl_off_t down, curl_off_t u_total, curl_off_t up)
{
    struct ps_http_exchange *x = context;
    uint64_t moved = (uint64_t) down + (uint64_t) up + x->head_bytes, now = ps_boottime_us();

    (void) d_total;
    (void) u_total;
    if (stopped) {
        x->ended = PS_HTTP_ENDED_STOPPED;
        return 1;
    }
    if (x->moved_us == 0)
        return 0;
    if (moved != x->moved) {
        x->moved = moved;
        x->moved_us = now;
    }
    if (x->request->stall_ms == 0 || now - x->moved_us < x->request->stall_ms * UINT64_C(1000))
        return 0;
    x->ended = PS_HTTP_ENDED_STALLED;
    return 1;
}

/* Connected, and TLS stands: from here on bytes are expected. */
static int connected(void *context, char *address, char *own, int port, int own_port)
{
    struct ps_http_exchange *x = context;
    (void) address;
    (void) own;
    (void) port;
    (void) own_port;
    x->moved_us = ps_boottime_us();
    return CURL_PREREQFUNC_OK;
}

void ps_http_flow_set(CURL *c, struct ps_http_exchange *x)
{
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(c, CURLOPT_READDATA, x);
    curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, rewind_body);
    curl_easy_setopt(c, CURLOPT_SEEKDATA, x);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, x);
    curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, connected);
    curl_easy_setopt(c, CURLOPT_PREREQDATA, x);
}

void ps_http_answer_done(struct ps_http_answer *answer)
{
    ps_buffer_done(&answer->head);
    ps_buffer_done(&answer->body);
}

struct ps_span ps_http_header(const struct ps_http_answer *answer, const char *name)
{
    struct ps_cursor head = ps_cursor_over(ps_buffer_span(&answer->head));
    struct ps_span line, found = {0};
    size_t len = strlen(name);

    while (ps_take_line(&head, &line)) {
        if (line.len <= len || line.data[len] != ':' || strncasecmp((const char *) line.data, name, len) != 0)
            continue;
        found = ps_span_of(line.data + len + 1, line.len - len - 1);
        while (found.len > 0 && (found.data[0] == ' ' || found.data[0] == '\t'))
            found = ps_span_of(found.data + 1, found.len - 1);
        while (found.len > 0 && strchr(" \t\r", found.data[found.len - 1]) != NULL)
            found.len--;
    }
    return found;
}
