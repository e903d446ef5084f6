/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/prober_http.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "parsers/http_answer.h"

enum { CONNECT_US = 1000000, TRIES = 3 };

static bool take_octet(struct ps_cursor *c, uint32_t *address)
{
    uint64_t octet = 0;
    size_t start = c->at;
    if (!ps_take_u64(c, &octet) || octet > 255 || c->at - start > 3)
        return false;
    *address = *address << 8 | (uint32_t) octet;
    return true;
}

static bool take_address(struct ps_cursor *c, struct sockaddr_in *out)
{
    uint32_t address = 0;
    uint64_t port = 80;
    for (int i = 0; i < 4; i++) {
        if ((i > 0 && !ps_take_byte(c, '.')) || !take_octet(c, &address))
            return false;
    }
    if (ps_take_byte(c, ':') && (!ps_take_u64(c, &port) || port == 0 || port > UINT16_MAX))
        return false;
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
    out->sin_addr.s_addr = htonl(address);
    return address >> 24 == 127 || address >> 16 == (169 << 8 | 254);
}

bool ps_http_url_read(const char *text, struct ps_http_url *out)
{
    struct ps_cursor c = ps_cursor_over(ps_span_text(text));
    if (!ps_take_text(&c, "http://"))
        return false;
    size_t start = c.at;
    if (!take_address(&c, &out->address))
        return false;
    struct ps_span host = ps_cursor_passed(&c, start), path = ps_cursor_rest(&c);
    /* Room is left for what comes below it. */
    if (host.len >= sizeof out->host || path.len == 0 || path.data[0] != '/' || path.len >= sizeof out->path - 16)
        return false;
    for (size_t i = 0; i < path.len; i++) {
        if (path.data[i] <= ' ' || path.data[i] >= 0x7f)
            return false;
    }
    snprintf(out->host, sizeof out->host, "%.*s", (int) host.len, (const char *) host.data);
    snprintf(out->path, sizeof out->path, "%.*s", (int) path.len, (const char *) path.data);
    return true;
}

/* A connected descriptor, or -1 with *error. */
static int dial(struct ps_prober *p, const struct ps_http_url *url, uint64_t until_us, int *error)
{
    uint64_t limit = ps_boottime_us() + CONNECT_US;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *error = fd < 0 ? errno : 0;
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *) &url->address, sizeof url->address) != 0) {
        *error = errno;
        if (*error == EINPROGRESS) {
            socklen_t size = sizeof *error;
            *error = ps_prober_wait(p, fd, POLLOUT, limit < until_us ? limit : until_us);
            if (*error == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, error, &size) != 0)
                *error = errno;
        }
    }
    if (*error == 0)
        return fd;
    close(fd);
    return -1;
}

static int ask(struct ps_prober *p, int fd, const struct ps_http_url *url, const char *below, uint64_t until_us)
{
    char request[PS_HTTP_PATH_MAX + 160];
    int len = snprintf(request, sizeof request,
                       "GET %s%s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\nUser-Agent: procsnap\r\n"
                       "Connection: close\r\n\r\n",
                       url->path, below, url->host);
    for (size_t at = 0; at < (size_t) len;) {
        int error = ps_prober_wait(p, fd, POLLOUT, until_us);
        if (error)
            return error;
        ssize_t put = sendto(fd, request + at, (size_t) len - at, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
        if (put < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        at += put > 0 ? (size_t) put : 0;
    }
    return 0;
}

struct answer {
    uint8_t bytes[PS_HTTP_ANSWER_MAX];
    size_t len, chunks;
    struct ps_http_answer head;
    enum ps_http_state state;
};

/* Reads until the answer is whole, or nothing more comes. 0, an errno, or EOVERFLOW when there is no more room. */
static int hear(struct ps_prober *p, int fd, uint64_t until_us, struct answer *a)
{
    for (;;) {
        if (a->len == sizeof a->bytes)
            return EOVERFLOW;
        int error = ps_prober_wait(p, fd, POLLIN, until_us);
        if (error)
            return error;
        ssize_t got = recvfrom(fd, a->bytes + a->len, sizeof a->bytes - a->len, MSG_DONTWAIT, NULL, NULL);
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        if (got == 0)
            return a->state == PS_HTTP_OPEN ? 0 : EPROTO;
        a->len += got > 0 ? (size_t) got : 0;
        a->state = ps_http_answer_read(ps_span_of(a->bytes, a->len), &a->chunks, &a->head);
        if (a->state == PS_HTTP_WHOLE || a->state == PS_HTTP_NONE)
            return a->state == PS_HTTP_NONE ? EPROTO : 0;
    }
}

static struct ps_probe_end end_of(const struct answer *a, int error)
{
    if (error == ECANCELED)
        return (struct ps_probe_end){.outcome = a->len > 0 ? PS_PARTIAL : PS_SKIPPED};
    if (error == ETIMEDOUT)
        return (struct ps_probe_end){PS_TIMED_OUT, ETIMEDOUT};
    if (error == EOVERFLOW)
        return (struct ps_probe_end){.outcome = PS_TRUNCATED};
    if (error)
        return (struct ps_probe_end){a->len > 0 && a->state != PS_HTTP_NONE ? PS_PARTIAL : PS_FAILED, error};
    if (a->head.status == 200)
        return (struct ps_probe_end){.outcome = PS_COMPLETE};
    if (a->head.status == 401 || a->head.status == 403)
        return (struct ps_probe_end){PS_DENIED, EACCES};
    if (a->head.status == 404)
        return (struct ps_probe_end){PS_ABSENT, ENOENT};
    return (struct ps_probe_end){PS_FAILED, EPROTO};
}

static bool worth_another(const struct answer *a, int error)
{
    if (error)
        return a->len == 0 && error != ETIMEDOUT && error != ECANCELED;
    return a->head.status == 429 || a->head.status >= 500;
}

struct ps_probe_end ps_http_get(struct ps_prober *p, const struct ps_http_url *url, const char *below,
                                uint64_t until_us, struct ps_span *answer)
{
    static struct answer a;
    static const uint64_t pauses_us[TRIES] = {0, 200000, 500000};
    int error = 0;
    for (int i = 0; i < TRIES; i++) {
        uint64_t now = ps_boottime_us();
        if (i > 0 && (now + pauses_us[i] >= until_us || ps_prober_wait(p, -1, 0, now + pauses_us[i]) == ECANCELED))
            break;
        a.len = a.chunks = 0;
        a.state = PS_HTTP_MORE;
        int fd = dial(p, url, until_us, &error);
        if (fd >= 0) {
            error = ask(p, fd, url, below, until_us);
            error = error ? error : hear(p, fd, until_us, &a);
            close(fd);
        }
        if (!worth_another(&a, error))
            break;
    }
    *answer = ps_span_of(a.bytes, a.len);
    return end_of(&a, error);
}
