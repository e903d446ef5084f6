/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/s3_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "collector/delivery/s3_endpoint.h"
#include "collector/delivery/sigv4.h"
#include "formats/json.h"

struct ps_s3_environment ps_s3_environment(void)
{
    return (struct ps_s3_environment){
        .endpoint_url_s3 = getenv("AWS_ENDPOINT_URL_S3"),
        .endpoint_url = getenv("AWS_ENDPOINT_URL"),
        .use_fips = getenv("AWS_USE_FIPS_ENDPOINT"),
        .use_dualstack = getenv("AWS_USE_DUALSTACK_ENDPOINT"),
        .region = getenv("AWS_REGION"),
        .default_region = getenv("AWS_DEFAULT_REGION"),
    };
}

static bool is_lower_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* "us-east-1", "us-gov-west-1", and what services that are not AWS's call theirs: "garage", "us-east-005". */
bool ps_region_plausible(struct ps_span region)
{
    if (region.len == 0 || region.len > PS_REGION_MAX || !is_lower_or_digit(region.data[0]) ||
        !is_lower_or_digit(region.data[region.len - 1]))
        return false;
    for (size_t i = 0; i < region.len; i++)
        if (!is_lower_or_digit(region.data[i]) && region.data[i] != '-')
            return false;
    return true;
}

static bool looks_like_ip(struct ps_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((name.data[i] < '0' || name.data[i] > '9') && name.data[i] != '.')
            return false;
    return true;
}

/* What AWS documents under "General purpose bucket naming rules". NULL, or what is wrong. */
static const char *bucket_flaw(struct ps_span name)
{
    if (name.len < 3 || name.len > PS_BUCKET_MAX)
        return "a bucket's name has 3 to 63 characters";
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        if (c == ':')
            return "an ARN is no bucket; write the alias of the access point instead";
        if (!is_lower_or_digit(c) && c != '-' && c != '.')
            return "a bucket's name holds lower-case letters, digits, hyphens and dots only";
        if (c == '.' && i > 0 && name.data[i - 1] == '.')
            return "a bucket's name holds no two dots in a row";
    }
    if (!is_lower_or_digit(name.data[0]) || !is_lower_or_digit(name.data[name.len - 1]))
        return "a bucket's name begins and ends with a letter or a digit";
    return looks_like_ip(name) ? "a bucket's name is no IP address" : NULL;
}

static bool is_plain(struct ps_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return ps_json_lossless(text);
}

static bool read_dest(const char *dest, struct ps_s3_address *out, struct ps_error *err)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(dest));
    struct ps_span bucket;

    if (!ps_take_text(&in, "s3://"))
        return ps_fail(err, 0, "DEST %s: not of the form s3://BUCKET/PREFIX/", dest);
    bool slash = ps_take_until(&in, '/', &bucket);
    if (!slash)
        bucket = ps_cursor_rest(&in);
    const char *flaw = bucket_flaw(bucket);
    if (flaw != NULL)
        return ps_fail(err, 0, "DEST %s: %s; the form is s3://BUCKET/PREFIX/", dest, flaw);
    if (!slash)
        return ps_fail(err, 0, "DEST %s: write %s/, or %s/PREFIX/", dest, dest, dest);
    struct ps_span prefix = ps_cursor_rest(&in);
    if (prefix.len > 0 && prefix.data[prefix.len - 1] != '/')
        return ps_fail(err, 0,
                       "DEST %s: a prefix ends in a slash, and what comes behind it is the bundle's own name; write "
                       "%s/",
                       dest, dest);
    if (prefix.len > PS_PREFIX_MAX)
        return ps_fail(err, 0, "DEST: the prefix is longer than %d bytes; choose a shorter one", PS_PREFIX_MAX);
    if (!is_plain(prefix))
        return ps_fail(err, 0, "DEST %s: the prefix is not plain UTF-8 text; type it again", dest);
    snprintf(out->bucket, sizeof out->bucket, "%.*s", (int) bucket.len, (const char *) bucket.data);
    snprintf(out->prefix, sizeof out->prefix, "%.*s", (int) prefix.len, (const char *) prefix.data);
    return true;
}

static bool choose_endpoint(const struct ps_delivery_options *o, const struct ps_s3_environment *env,
                            struct ps_s3_address *out, struct ps_error *err)
{
    out->https = true;
    if (o->endpoint_url != NULL)
        return ps_s3_endpoint_read(o->endpoint_url, "--endpoint-url", out, err);
    if (env->endpoint_url_s3 != NULL && env->endpoint_url_s3[0] != '\0')
        return ps_s3_endpoint_read(env->endpoint_url_s3, "AWS_ENDPOINT_URL_S3", out, err);
    if (env->endpoint_url != NULL && env->endpoint_url[0] != '\0')
        return ps_s3_endpoint_read(env->endpoint_url, "AWS_ENDPOINT_URL", out, err);
    return true;
}

static bool set_region(struct ps_s3_address *out, struct ps_span region, const char *by, struct ps_error *err)
{
    if (!ps_region_plausible(region))
        return ps_fail(err, 0, "%s %.*s: not the name of a region; write it like eu-west-1", by,
                       (int) (region.len < 100 ? region.len : 100), (const char *) region.data);
    snprintf(out->region, sizeof out->region, "%.*s", (int) region.len, (const char *) region.data);
    out->region_by = by;
    return true;
}

static bool choose_region(const struct ps_delivery_options *o, const struct ps_s3_environment *env,
                          struct ps_s3_address *out, struct ps_error *err)
{
    struct ps_span vpc = ps_s3_endpoint_region(out);

    if (o->region != NULL)
        return set_region(out, ps_span_text(o->region), "--region", err);
    if (vpc.len > 0)
        return set_region(out, vpc, "the VPC endpoint's name", err);
    if (env->region != NULL && env->region[0] != '\0')
        return set_region(out, ps_span_text(env->region), "AWS_REGION", err);
    if (env->default_region != NULL && env->default_region[0] != '\0')
        return set_region(out, ps_span_text(env->default_region), "AWS_DEFAULT_REGION", err);
    return set_region(out, ps_span_text("us-east-1"), "default", err);
}

static bool is_china(const char *region)
{
    return strncmp(region, "cn-", 3) == 0;
}

/* The United States with GovCloud, and Canada. */
static bool has_fips(const char *region)
{
    return strncmp(region, "us-", 3) == 0 || strncmp(region, "ca-", 3) == 0;
}

static bool is_true(const char *value)
{
    return value != NULL && strcasecmp(value, "true") == 0;
}

static bool choose_variant(const struct ps_delivery_options *o, const struct ps_s3_environment *env,
                           struct ps_s3_address *out, struct ps_error *err)
{
    out->fips = o->fips || is_true(env->use_fips);
    out->dualstack = o->dualstack || is_true(env->use_dualstack);
    if (out->endpoint_by != NULL && (out->fips || out->dualstack))
        return ps_fail(err, 0,
                       "%s names the endpoint, and %s asks for another one; leave one of them out (for FIPS with a "
                       "named endpoint, name the FIPS endpoint)",
                       out->endpoint_by,
                       out->fips ? (o->fips ? "--fips" : "AWS_USE_FIPS_ENDPOINT")
                                 : (o->dualstack ? "--dualstack" : "AWS_USE_DUALSTACK_ENDPOINT"));
    if (out->fips && !has_fips(out->region))
        return ps_fail(err, 0,
                       "S3 has no FIPS endpoint in %s, only in the United States and Canada; choose a bucket there, or "
                       "do without FIPS",
                       out->region);
    /* The certificate's wildcard covers one label. */
    out->path_style = o->path_style || out->endpoint_by != NULL || strchr(out->bucket, '.') != NULL;
    return true;
}

bool ps_s3_address_read(const char *dest, const struct ps_delivery_options *o, const struct ps_s3_environment *env,
                        struct ps_s3_address *out, struct ps_error *err)
{
    struct ps_s3_address a = {0};

    if (!read_dest(dest, &a, err) || !choose_endpoint(o, env, &a, err) || !choose_region(o, env, &a, err) ||
        !choose_variant(o, env, &a, err))
        return false;
    *out = a;
    return true;
}

bool ps_s3_address_move(struct ps_s3_address *a, struct ps_span region)
{
    char name[PS_REGION_MAX + 1];

    if (!ps_region_plausible(region) || ps_span_is(region, a->region))
        return false;
    snprintf(name, sizeof name, "%.*s", (int) region.len, (const char *) region.data);
    if (a->endpoint_by == NULL && (is_china(name) != is_china(a->region) || (a->fips && !has_fips(name))))
        return false;
    memcpy(a->region, name, sizeof name);
    a->region_by = "the service";
    return true;
}

void ps_s3_address_host(const struct ps_s3_address *a, struct ps_buffer *out)
{
    if (!a->path_style)
        ps_buffer_addf(out, "%s.", a->bucket);
    if (a->endpoint_by != NULL) {
        ps_buffer_add_text(out, a->endpoint);
        return;
    }
    ps_buffer_addf(out, "s3%s.%s%s.amazonaws.com%s", a->fips ? "-fips" : "", a->dualstack ? "dualstack." : "",
                   a->region, is_china(a->region) ? ".cn" : "");
}

void ps_s3_address_path(const struct ps_s3_address *a, const char *name, struct ps_buffer *out)
{
    ps_buffer_add_text(out, a->endpoint_path);
    ps_buffer_add_byte(out, '/');
    if (a->path_style)
        ps_buffer_addf(out, "%s/", a->bucket);
    ps_uri_encode(out, ps_span_text(a->prefix), true);
    ps_uri_encode(out, ps_span_text(name), true);
}
