/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/s3_endpoint.h"

#include <stdio.h>

static bool is_host_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/* "host", "host:port", "[address]:port": letters are lower-case already. */
static bool host_plausible(struct ps_span authority)
{
    struct ps_cursor in = ps_cursor_over(authority);
    struct ps_span address = {0};
    uint64_t port;
    size_t begin = in.at;

    if (ps_take_byte(&in, '[')) {
        if (!ps_take_until(&in, ']', &address) || address.len == 0)
            return false;
        for (size_t i = 0; i < address.len; i++)
            if (!is_host_byte(address.data[i]) && address.data[i] != ':')
                return false;
    } else {
        uint8_t c;
        while (ps_peek_byte(&in, &c) && is_host_byte(c) && ps_take_any(&in, &c))
            continue;
        if (in.at == begin)
            return false;
    }
    if (ps_take_byte(&in, ':') && (!ps_take_u64(&in, &port) || port == 0 || port > 65535))
        return false;
    return ps_cursor_done(&in);
}

static bool path_plausible(struct ps_span path)
{
    for (size_t i = 0; i < path.len; i++) {
        uint8_t c = path.data[i];
        if (!is_host_byte((uint8_t) (c >= 'A' && c <= 'Z' ? c + 32 : c)) && c != '/' && c != '~')
            return false;
    }
    return true;
}

/* The console shows a VPC endpoint as *.vpce-..., and for the star stands the word bucket. */
static bool check_vpc(const struct ps_s3_address *a, struct ps_error *err)
{
    if (strstr(a->endpoint, ".vpce.amazonaws.com") == NULL || strncmp(a->endpoint, "vpce-", 5) != 0)
        return true;
    return ps_fail(err, 0, "endpoint %s: S3 answers at a VPC endpoint below the name bucket; write https://bucket.%s",
                   a->endpoint, a->endpoint);
}

bool ps_s3_endpoint_read(const char *url, const char *by, struct ps_s3_address *out, struct ps_error *err)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(url));
    struct ps_span authority;

    out->endpoint_by = by;
    out->https = ps_take_text(&in, "https://");
    bool scheme = out->https || ps_take_text(&in, "http://");
    size_t begin = in.at;
    if (!ps_take_until(&in, '/', &authority)) {
        authority = ps_cursor_rest(&in);
        ps_skip_rest(&in);
    } else {
        in.at--;
    }
    struct ps_span path = ps_cursor_rest(&in);
    while (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    if (authority.len >= PS_ENDPOINT_MAX || path.len >= PS_ENDPOINT_MAX)
        return ps_fail(err, 0, "%s: a host or path that is too long", by);
    for (size_t i = 0; i < authority.len; i++) {
        char c = url[begin + i];
        out->endpoint[i] = (char) (c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    if (!scheme || !host_plausible(ps_span_text(out->endpoint)) || !path_plausible(path))
        return ps_fail(err, 0, "%s is not an endpoint; write it as https://HOST, https://HOST:PORT or with a path", by);
    snprintf(out->endpoint_path, sizeof out->endpoint_path, "%.*s", (int) path.len, (const char *) path.data);
    const char *usual = out->https ? ":443" : ":80";
    if (ps_span_ends(ps_span_text(out->endpoint), usual))
        out->endpoint[strlen(out->endpoint) - strlen(usual)] = '\0';
    return check_vpc(out, err);
}

/* bucket.vpce-1a2b3c4d-5e6f.s3.REGION.vpce.amazonaws.com */
struct ps_span ps_s3_endpoint_region(const struct ps_s3_address *a)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(a->endpoint));
    struct ps_span label, region = {0}, before = {0};

    while (ps_take_until(&in, '.', &label)) {
        if (ps_span_is(label, "vpce") && ps_span_starts(ps_cursor_rest(&in), "amazonaws.com"))
            region = before;
        before = label;
    }
    return region;
}
