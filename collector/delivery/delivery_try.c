/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/delivery_try.h"

#include <errno.h>
#include <time.h>

#include "formats/digest.h"

enum { CONNECT_MS = 5000, STALL_MS = 20000, ANSWER_MAX = 64 << 10 };

static bool add_signature(struct ps_delivery *d, const struct ps_call *call, const struct ps_credentials *c,
                          const char *path, struct ps_header_lines *lines)
{
    struct ps_sigv4_signer signer = {.access_key_id = c->access_key_id,
                                     .secret_access_key = c->secret_access_key,
                                     .region = d->address.region,
                                     .service = "s3"};
    char hash[2 * PS_SHA256_LEN + 1];
    struct ps_buffer authorization = {0};

    ps_sigv4_time((int64_t) time(NULL) + d->clock_offset_s, signer.time);
    ps_hex_text(ps_span_of(call->body_sha256, PS_SHA256_LEN), hash);
    ps_header_lines_add(lines, "x-amz-date", signer.time);
    ps_header_lines_add(lines, "x-amz-content-sha256", hash);
    if (c->session_token != NULL)
        ps_header_lines_add(lines, "x-amz-security-token", c->session_token);
    struct ps_sigv4_request request = {.method = call->method,
                                       .path = ps_span_text(path),
                                       .query = call->query,
                                       .query_count = call->query_count,
                                       .headers = ps_header_lines(lines),
                                       .payload_hash = hash};
    bool ok = request.headers != NULL && ps_sigv4_authorize(&request, &signer, &authorization);
    ps_buffer_add_byte(&authorization, '\0');
    if (ok && !authorization.failed)
        ps_header_lines_add_line(lines, (const char *) authorization.data);
    ok = ok && !authorization.failed;
    ps_buffer_done(&authorization);
    return ok;
}

/* The URL, with NUL, and the headers; the first line is Host, which the exchange adds by itself. */
static bool prepare(struct ps_delivery *d, const struct ps_call *call, const struct ps_credentials *c,
                    struct ps_buffer *url, struct ps_header_lines *lines)
{
    struct ps_buffer host = {0}, path = {0};

    ps_s3_address_host(&d->address, &host);
    ps_buffer_add_byte(&host, '\0');
    ps_s3_address_path(&d->address, call->name, &path);
    ps_buffer_add_byte(&path, '\0');
    bool ok = !host.failed && !path.failed;
    if (ok) {
        ps_buffer_add_text(url, d->address.https ? "https://" : "http://");
        ps_buffer_add_text(url, (const char *) host.data);
        ps_buffer_add_text(url, (const char *) path.data);
        if (call->query_count > 0)
            ps_buffer_add_byte(url, '?');
        ok = ps_sigv4_query(call->query, call->query_count, url);
        ps_buffer_add_byte(url, '\0');
        ps_header_lines_add(lines, "Host", (const char *) host.data);
        for (const char *const *line = call->headers; *line != NULL; line++)
            ps_header_lines_add_line(lines, *line);
        ok = ok && !url->failed && add_signature(d, call, c, (const char *) path.data, lines);
    }
    ps_buffer_done(&host);
    ps_buffer_done(&path);
    return ok;
}

bool ps_try_exchange(struct ps_delivery *d, const struct ps_call *call, const char *url, const char *const *headers,
                     struct ps_http_answer *answer, struct ps_error *err)
{
    struct ps_http_request request = {
        .method = call->method,
        .url = url,
        .headers = headers,
        .body_fd = call->body_fd,
        .body_at = call->body_at,
        .body_len = call->body_len,
        .body = call->body,
        .expect_continue = call->body_fd >= 0, /* refusals come before the evidence goes out */
        .connect_ms = CONNECT_MS,
        .total_ms = ps_delivery_left_ms(d),
        .stall_ms = STALL_MS,
        .answer_max = ANSWER_MAX,
    };

    return ps_http_exchange(d->http, &request, answer, err);
}

bool ps_try_s3(struct ps_delivery *d, const struct ps_call *call, struct ps_http_answer *answer, struct ps_error *err)
{
    struct ps_header_lines lines = {0};
    struct ps_buffer url = {0};
    const struct ps_credentials *c = ps_credentials_get(d->credentials, (int64_t) time(NULL) + d->clock_offset_s, err);

    if (c == NULL)
        return false;
    bool ok = prepare(d, call, c, &url, &lines);
    const char *const *all = ok ? ps_header_lines(&lines) : NULL;
    if (all != NULL)
        ok = ps_try_exchange(d, call, (const char *) url.data, all + 1, answer, err);
    else
        ok = ps_fail(err, ENOMEM, "cannot put the request together");
    ps_header_lines_done(&lines);
    ps_buffer_done(&url);
    return ok;
}
