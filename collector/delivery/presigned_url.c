/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/presigned_url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "collector/delivery/http_date.h"

struct ps_span ps_presigned_place(const char *url)
{
    return ps_span_of(url, strcspn(url, "?#"));
}

/* The value of a pair of the query as it is written; false when there is none of that name. */
static bool query_value(const char *url, const char *name, struct ps_span *out)
{
    struct ps_span place = ps_presigned_place(url);
    struct ps_cursor in = ps_cursor_over(ps_span_text(url[place.len] == '?' ? url + place.len + 1 : ""));
    struct ps_span pair;

    while (!ps_cursor_done(&in)) {
        if (!ps_take_until(&in, '&', &pair)) {
            pair = ps_cursor_rest(&in);
            ps_skip_rest(&in);
        }
        struct ps_cursor one = ps_cursor_over(pair);
        if (ps_take_text(&one, name) && ps_take_byte(&one, '=')) {
            *out = ps_cursor_rest(&one);
            return true;
        }
    }
    return false;
}

/* The next name of X-Amz-SignedHeaders: between semicolons, which are %3B in a query. */
static bool next_name(struct ps_cursor *in, struct ps_span *out)
{
    size_t begin = in->at;
    uint8_t c;

    if (ps_cursor_done(in))
        return false;
    while (ps_peek_byte(in, &c) && c != ';' && c != '%' && ps_take_any(in, &c))
        continue;
    *out = ps_cursor_passed(in, begin);
    if (!ps_take_byte(in, ';') && !ps_take_text(in, "%3B") && !ps_take_text(in, "%3b"))
        ps_skip_rest(in);
    return true;
}

bool ps_presigned_signs(const char *url, const char *name)
{
    struct ps_span list, one;

    if (!query_value(url, "X-Amz-SignedHeaders", &list))
        return false;
    struct ps_cursor in = ps_cursor_over(list);
    while (next_name(&in, &one))
        if (one.len == strlen(name) && strncasecmp((const char *) one.data, name, one.len) == 0)
            return true;
    return false;
}

static bool is_given(const struct ps_delivery_options *o, struct ps_span name)
{
    for (size_t i = 0; i < o->put_header_count; i++)
        if (strcspn(o->put_headers[i], ":") == name.len &&
            strncasecmp(o->put_headers[i], (const char *) name.data, name.len) == 0)
            return true;
    return false;
}

/* Both ways: S3 refuses a header that is missing, and an x-amz- header that is one too many. */
static bool check_headers(const char *what, const char *url, const struct ps_delivery_options *o, struct ps_error *err)
{
    struct ps_span list, one;

    if (!query_value(url, "X-Amz-SignedHeaders", &list))
        return true;
    struct ps_cursor in = ps_cursor_over(list);
    while (next_name(&in, &one))
        if (!ps_span_is(one, "host") && !ps_span_is(one, "content-length") && !is_given(o, one))
            return ps_fail(err, 0,
                           "%s was signed for the header %.*s; add --put-header '%.*s: VALUE' with the value "
                           "that was signed",
                           what, (int) (one.len < 80 ? one.len : 80), (const char *) one.data,
                           (int) (one.len < 80 ? one.len : 80), (const char *) one.data);
    for (size_t i = 0; i < o->put_header_count; i++) {
        char name[80];
        size_t len = strcspn(o->put_headers[i], ":");
        snprintf(name, sizeof name, "%.*s", (int) len, o->put_headers[i]);
        if (strncasecmp(name, "x-amz-", 6) == 0 && !ps_presigned_signs(url, name))
            return ps_fail(err, 0,
                           "%s was not signed for the header %s, and S3 would refuse it; leave it out, or "
                           "presign with it",
                           what, name);
    }
    return true;
}

/* Nothing leaves the machine: evidence may go in clear. */
static bool is_loopback(struct ps_span authority)
{
    return ps_span_starts(authority, "127.") || ps_span_starts(authority, "[::1]") ||
           ps_span_is(authority, "localhost") || ps_span_starts(authority, "localhost:");
}

/* By what AWS puts into the query, in version 4 and 2; other services sign in other words. */
static bool is_cut(const char *url)
{
    struct ps_span ignored;

    return (strstr(url, "?X-Amz-") != NULL && !query_value(url, "X-Amz-Signature", &ignored)) ||
           (strstr(url, "?AWSAccessKeyId=") != NULL && !query_value(url, "Signature", &ignored));
}

bool ps_presigned_check(const char *what, const char *url, const struct ps_delivery_options *o, struct ps_error *err)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(url));
    struct ps_span authority;

    bool https = ps_take_text(&in, "https://");
    if (!https && !ps_take_text(&in, "http://"))
        return ps_fail(err, 0, "%s is no https:// URL; paste the whole presigned URL, in quotes", what);
    for (const char *c = url; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || *c == '#')
            return ps_fail(err, 0,
                           "%s holds a blank, a # or a byte that URLs do not hold; paste it as it was made, in "
                           "quotes",
                           what);
    if (!ps_take_until(&in, '/', &authority) || authority.len == 0 ||
        memchr(authority.data, '@', authority.len) != NULL)
        return ps_fail(err, 0, "%s has no host and path; paste the whole presigned URL, in quotes", what);
    if (!https && !is_loopback(authority))
        return ps_fail(err, 0, "%s is http://: evidence would go in clear; presign an https:// URL", what);
    if (ps_cursor_done(&in) || strchr(url, '?') == NULL || is_cut(url))
        return ps_fail(err, 0,
                       "%s is not presigned, or was cut: its query holds no signature; paste the whole URL, in quotes, "
                       "because a shell cuts it at the first &",
                       what);
    return check_headers(what, url, o, err);
}

bool ps_presigned_ends(const char *url, int64_t *epoch_s)
{
    struct ps_span date, span;
    char text[24];
    uint64_t seconds;
    int64_t begin;

    if (!query_value(url, "X-Amz-Date", &date) || date.len != 16 || !query_value(url, "X-Amz-Expires", &span))
        return false;
    const char *d = (const char *) date.data; /* 20130524T000000Z */
    snprintf(text, sizeof text, "%.4s-%.2s-%.5s:%.2s:%.3s", d, d + 4, d + 6, d + 11, d + 13);
    struct ps_cursor in = ps_cursor_over(span);
    if (!ps_utc_time(ps_span_text(text), &begin) || !ps_take_u64(&in, &seconds) || seconds > UINT32_MAX)
        return false;
    *epoch_s = begin + (int64_t) seconds;
    return true;
}
