/* SPDX-License-Identifier: Apache-2.0
 *
 * The endpoints that hand out credentials: the container's (ECS, EKS) and the instance's (IMDSv2). What they answer,
 * and the path that they are asked for, are secrets: neither is repeated in an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/delivery/credentials_state.h"
#include "collector/host/clock.h"

enum { ANSWER_MAX = 64 << 10, TRIES = 3, CONNECT_MS = 1000, CONTAINER_MS = 2000, REMOTE_MS = 10000, IMDS_MS = 1000 };

#define CONTAINER_HOST "http://169.254.170.2"
#define IMDS_HOST      "http://169.254.169.254"
#define IMDS_ROLE      "/latest/meta-data/iam/security-credentials/"

static void forget(struct ps_http_answer *answer)
{
    if (answer->body.data != NULL)
        sodium_memzero(answer->body.data, answer->body.room);
    ps_http_answer_done(answer);
}

/* "Name: value" in locked memory; NULL for no memory. */
static char *secret_header(const char *name, struct ps_span value)
{
    size_t len = strlen(name);
    char *line = sodium_malloc(len + value.len + 1);
    if (line == NULL)
        return NULL;
    memcpy(line, name, len);
    memcpy(line + len, value.data, value.len);
    line[len + value.len] = '\0';
    return line;
}

/* Whom we ask, and what to look at when it refuses, or when nobody is there. */
struct endpoint {
    const char *who, *refused, *silent;
};

static const struct endpoint of_task = {
    "the container's credentials (169.254.170.2)",
    "does AWS_CONTAINER_CREDENTIALS_RELATIVE_URI come from this very task, and has the task a task role?",
    "nobody answers there; is this a container of an ECS task, in its own network?",
};
static const struct endpoint of_variable = {
    "the container's credentials (AWS_CONTAINER_CREDENTIALS_FULL_URI)",
    "is the token (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, AWS_CONTAINER_AUTHORIZATION_TOKEN) of this container?",
    "nobody answers there; is the address in the variable right?",
};
static const struct endpoint of_instance = {
    "the instance's credentials (IMDSv2, 169.254.169.254)",
    "has the instance a role, and does it give out its metadata?",
    "nobody answers there; Fargate has none, and a hop limit of 1 keeps containers out",
};

/* Answered in full with status 200? Else *err. */
static bool once(struct ps_http *http, const struct ps_http_request *request, struct ps_http_answer *answer,
                 const struct endpoint *e, struct ps_error *err)
{
    char code[64];

    if (!ps_http_exchange(http, request, answer, err)) {
        if (answer->trouble == PS_HTTP_NO_CONNECT)
            return ps_fail(err, 0, "%s: %s", e->who, e->silent);
        return ps_fail_in(err, e->who);
    }
    if (answer->status == 200)
        return answer->cut ? ps_fail(err, 0, "%s: the answer is longer than 64 KiB", e->who) : true;
    ps_credentials_read_code(ps_buffer_span(&answer->body), code);
    return ps_fail(err, 0, "%s: the answer is %d%s%s; %s", e->who, answer->status, code[0] != '\0' ? " " : "", code,
                   answer->status == 429 || answer->status >= 500 ? "try again in a moment" : e->refused);
}

static bool worth_another(const struct ps_http_answer *answer)
{
    if (answer->trouble == PS_HTTP_ANSWERED)
        return answer->status == 429 || answer->status >= 500;
    return answer->trouble == PS_HTTP_TIMED_OUT || answer->trouble == PS_HTTP_BROKEN ||
           answer->trouble == PS_HTTP_NO_CONNECT;
}

/* With pauses, within `limit_ms` in all. The answer is the caller's to forget when this is true. */
static bool patiently(struct ps_http *http, struct ps_http_request *request, uint32_t limit_ms,
                      struct ps_http_answer *answer, const struct endpoint *e, struct ps_error *err)
{
    static const long pauses_ms[TRIES] = {0, 200, 500};
    uint64_t until = ps_boottime_us() + limit_ms * UINT64_C(1000);

    for (int i = 0;; i++) {
        uint64_t now = ps_boottime_us();
        request->total_ms = now < until ? (uint32_t) ((until - now) / 1000) + 1 : 1;
        if (once(http, request, answer, e, err))
            return true;
        bool again = i + 1 < TRIES && worth_another(answer);
        forget(answer);
        uint64_t pause_us = again ? (uint64_t) pauses_ms[i + 1] * 1000 : 0;
        if (!again || ps_boottime_us() + pause_us >= until)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = (long) pause_us * 1000}, NULL);
    }
}

/* Whole, in *out, locked; read anew each time, since it is replaced while we run. */
static bool read_token_file(const char *path, char **out, struct ps_error *err)
{
    char *text = sodium_malloc(PS_CREDENTIAL_MAX + 1);
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t got = fd < 0 || text == NULL ? -1 : 1;
    int why = text == NULL ? ENOMEM : fd < 0 ? errno : 0;
    size_t len = 0;

    while (why == 0 && got > 0 && len <= PS_CREDENTIAL_MAX) {
        got = read(fd, text + len, PS_CREDENTIAL_MAX + 1 - len);
        why = got < 0 && errno != EINTR ? errno : 0;
        len += got > 0 ? (size_t) got : 0;
        got = got < 0 ? 1 : got;
    }
    if (fd >= 0)
        (void) close(fd);
    struct ps_span token = ps_span_of(text, len);
    if (why == 0 && len <= PS_CREDENTIAL_MAX && memchr(text, '\0', len) == NULL)
        *out = ps_secret_copy(token);
    sodium_free(text);
    if (why != 0)
        return ps_fail(err, why, "cannot read %s (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)", path);
    if (*out == NULL)
        return ps_fail(err, 0, "%s (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) is no token: too long, or not text", path);
    return true;
}

/* *line stays NULL when there is no token. */
static bool authorization(const struct ps_credentials_setting *s, char **line, struct ps_error *err)
{
    char *from_file = NULL;

    if (s->token_file != NULL && !read_token_file(s->token_file, &from_file, err))
        return false;
    const char *token = from_file != NULL ? from_file : s->token;
    bool ok = token == NULL || token[strcspn(token, "\r\n")] == '\0';
    if (!ok)
        ps_fail(err, 0, "the token in %s holds a line break; it must be one line without one",
                from_file != NULL ? s->token_file : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    else if (token != NULL) {
        *line = secret_header("Authorization: ", ps_span_text(token));
        ok = *line != NULL || ps_fail(err, ENOMEM, "cannot hold AWS credentials");
    }
    sodium_free(from_file);
    return ok;
}

/* The URL in locked memory, NULL with *err. */
static char *container_url(const struct ps_credentials_setting *s, struct ps_error *err)
{
    char *url = NULL;

    if (s->relative_uri != NULL &&
        (s->relative_uri[0] != '/' || !ps_credentials_sendable(ps_span_text(s->relative_uri)))) {
        ps_fail(err, 0, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path: it must begin with /");
        return NULL;
    }
    if (s->relative_uri == NULL && !ps_credentials_uri_allowed(s->full_uri)) {
        ps_fail(err, 0,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with https://, or with http:// and 127.0.0.1, [::1], "
                "169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
        return NULL;
    }
    url = s->relative_uri != NULL ? secret_header(CONTAINER_HOST, ps_span_text(s->relative_uri))
                                  : ps_secret_copy(ps_span_text(s->full_uri));
    if (url == NULL)
        ps_fail(err, ENOMEM, "cannot hold AWS credentials");
    return url;
}

static bool read_answer(struct ps_http_answer *answer, struct ps_credentials_texts *out, const struct endpoint *e,
                        struct ps_error *err)
{
    const char *why;
    bool ok = ps_credentials_read(ps_buffer_span(&answer->body), out, &why);
    forget(answer);
    return ok ? true : ps_fail(err, 0, "%s: the answer holds no credentials: %s", e->who, why);
}

static const struct ps_http_options direct = {0};

static bool ask_container(struct ps_http *http, const struct ps_credentials_setting *s, const char *url,
                          const char *token, struct ps_credentials_texts *out, struct ps_error *err)
{
    const char *const headers[] = {"Accept: application/json", token, NULL};
    struct ps_http_request request = {.method = "GET",
                                      .url = url,
                                      .headers = headers,
                                      .body_fd = -1,
                                      .connect_ms = CONNECT_MS,
                                      .answer_max = ANSWER_MAX};
    const struct endpoint *e = s->relative_uri != NULL ? &of_task : &of_variable;
    struct ps_http_answer answer;
    bool near = strncmp(url, "http://", 7) == 0;

    if (!near)
        request.connect_ms = REMOTE_MS / 2;
    return patiently(http, &request, near ? CONTAINER_MS : REMOTE_MS, &answer, e, err) &&
           read_answer(&answer, out, e, err);
}

bool ps_credentials_ask_container(const struct ps_credentials_setting *s, struct ps_credentials_texts *out,
                                  struct ps_error *err)
{
    char *token = NULL, *url = container_url(s, err);
    /* The relative address is the agent's of this machine, which asks for no token. */
    bool ok = url != NULL && (s->relative_uri != NULL || authorization(s, &token, err));
    struct ps_http *http = ok ? ps_http_new(&direct, err) : NULL;

    ok = http != NULL && ask_container(http, s, url, token, out, err);
    ps_http_free(http);
    sodium_free(token);
    sodium_free(url);
    return ok;
}

/* The name of the role, below the path that lists it: one line of what an IAM name may be. */
static bool role_url(struct ps_span list, char *url, size_t size)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
    struct ps_cursor c = ps_cursor_over(list);
    struct ps_span role;

    if (!ps_take_line(&c, &role) || role.len == 0 || role.len > 64)
        return false;
    for (size_t i = 0; i < role.len; i++) {
        if (role.data[i] == '\0' || strchr(allowed, role.data[i]) == NULL)
            return false;
    }
    snprintf(url, size, "%s%.*s", IMDS_HOST IMDS_ROLE, (int) role.len, (const char *) role.data);
    return true;
}

static bool ask_imds(struct ps_http *http, struct ps_http_answer *answer, char **token,
                     struct ps_credentials_texts *out, struct ps_error *err)
{
    const struct endpoint *e = &of_instance;
    const char *headers[] = {"X-aws-ec2-metadata-token-ttl-seconds: 21600", NULL};
    char url[sizeof IMDS_HOST IMDS_ROLE + 64];
    struct ps_http_request request = {.method = "PUT",
                                      .url = IMDS_HOST "/latest/api/token",
                                      .headers = headers,
                                      .body_fd = -1,
                                      .connect_ms = IMDS_MS,
                                      .total_ms = IMDS_MS,
                                      .answer_max = ANSWER_MAX};

    if (!once(http, &request, answer, e, err))
        return false;
    struct ps_span text = ps_buffer_span(&answer->body);
    *token = ps_credentials_sendable(text) ? secret_header("X-aws-ec2-metadata-token: ", text) : NULL;
    forget(answer);
    if (*token == NULL)
        return ps_fail(err, 0, "%s: the answer holds no session token", e->who);
    headers[0] = *token;
    request.method = "GET";
    request.url = IMDS_HOST IMDS_ROLE;
    if (!once(http, &request, answer, e, err))
        return false;
    bool named = role_url(ps_buffer_span(&answer->body), url, sizeof url);
    forget(answer);
    if (!named)
        return ps_fail(err, 0, "%s: no role is named; has the instance one?", e->who);
    request.url = url;
    return once(http, &request, answer, e, err) && read_answer(answer, out, e, err);
}

bool ps_credentials_ask_imds(const struct ps_credentials_setting *s, struct ps_credentials_texts *out,
                             struct ps_error *err)
{
    struct ps_http_answer answer = {0};
    char *token = NULL;

    if (s->no_imds)
        return ps_fail(err, 0,
                       "the instance's credentials were asked for (--credentials imds), and "
                       "AWS_EC2_METADATA_DISABLED forbids it; unset one of the two");
    struct ps_http *http = ps_http_new(&direct, err);
    bool ok = http != NULL && ask_imds(http, &answer, &token, out, err);
    forget(&answer);
    ps_http_free(http);
    sodium_free(token);
    return ok;
}
