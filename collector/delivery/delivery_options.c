/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/delivery_options.h"

#include <string.h>
#include <strings.h>

#include "collector/delivery/body_digest.h"
#include "collector/delivery/http_date.h"
#include "collector/delivery/s3_address.h"
#include "collector/options.h"

typedef bool take_option(struct ps_delivery_options *o, const char *value, struct ps_error *err);

/* What goes into a header: visible ASCII and blanks. */
static bool is_header_text(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            return false;
    return true;
}

/* RFC 9110 section 5.6.2. */
static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && strchr("!#$%&'*+-.^_`|~", c) == NULL)
            return false;
    }
    return len > 0;
}

static bool is_one_word(const char *text)
{
    return text[0] != '\0' && is_header_text(text) && strchr(text, ' ') == NULL;
}

static bool take_region(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    o->region = value;
    return ps_region_plausible(ps_span_text(value)) ||
           ps_fail(err, 0, "--region %s: not the name of a region; write it like eu-west-1", value);
}

static bool take_endpoint_url(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    o->endpoint_url = value;
    return strncmp(value, "https://", 8) == 0 || strncmp(value, "http://", 7) == 0 ||
           ps_fail(err, 0, "--endpoint-url: not a URL; write it as https://HOST or https://HOST:PORT");
}

static bool take_path_style(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    (void) value, (void) err;
    return o->path_style = true;
}

static bool take_fips(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    (void) value, (void) err;
    return o->fips = true;
}

static bool take_dualstack(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    (void) value, (void) err;
    return o->dualstack = true;
}

static bool take_credentials(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    static const enum ps_credentials_kind kinds[] = {PS_CREDENTIALS_ENV, PS_CREDENTIALS_CONTAINER, PS_CREDENTIALS_IMDS};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(value, ps_credentials_provider_name(kinds[i])) == 0) {
            o->credentials = kinds[i];
            return true;
        }
    }
    return ps_fail(err, 0,
                   "--credentials %s: choose env (AWS_ACCESS_KEY_ID and its kin), container (the task role) or imds "
                   "(the role of the instance)",
                   value);
}

static bool take_ca_file(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    o->ca_file = value;
    return value[0] != '\0' || ps_fail(err, 0, "--ca-file is empty; name a PEM file, or leave the option out");
}

static bool take_proxy(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    o->proxy = value;
    return (strncmp(value, "http://", 7) == 0 && is_one_word(value)) ||
           ps_fail(err, 0, "--proxy: write it as http://HOST:PORT; no other kind is known");
}

static bool take_sse_kms_key(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    o->sse_kms_key = value;
    return is_one_word(value) || ps_fail(err, 0, "--sse-kms-key: not a key; write its id, its ARN, or alias/NAME");
}

static bool take_bucket_key(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    (void) value, (void) err;
    return o->bucket_key = true;
}

static bool take_lock_mode(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    o->object_lock_mode = value;
    return strcmp(value, "COMPLIANCE") == 0 || strcmp(value, "GOVERNANCE") == 0 ||
           ps_fail(err, 0, "--object-lock-mode %s: choose COMPLIANCE (nobody can end it) or GOVERNANCE", value);
}

static bool take_lock_until(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    int64_t when;

    o->object_lock_until = value;
    return ps_utc_time(ps_span_text(value), &when) ||
           ps_fail(err, 0, "--object-lock-until %s: not a moment; write it in UTC as 2027-11-22T00:00:00Z", value);
}

static bool take_legal_hold(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    (void) value, (void) err;
    return o->legal_hold = true;
}

/* S3's limits for a tag; which letters it may hold is for S3 to say. */
static bool take_tag(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    size_t name = strcspn(value, "=");

    if (name == 0 || name > 128 || value[name] == '\0' || strlen(value + name + 1) > 256 || !is_header_text(value))
        return ps_fail(err, 0, "--tag %s: write NAME=VALUE, at most 128 and 256 plain characters", value);
    for (size_t i = 0; i < o->tag_count; i++)
        if (strncmp(o->tags[i], value, name + 1) == 0)
            return ps_fail(err, 0, "--tag %s: there is a tag of that name already; name each once", value);
    if (o->tag_count == PS_DELIVERY_TAGS_MAX)
        return ps_fail(err, 0, "--tag: S3 takes at most %d tags; leave some out", PS_DELIVERY_TAGS_MAX);
    o->tags[o->tag_count++] = value;
    return true;
}

static bool take_metadata(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    static const char *const ours[] = {"bundle-id",         "root",    "pk", "seq", "bundle-sha256",
                                       "collector-version", "task-arn"};
    size_t name = strcspn(value, "=");

    if (!is_token(value, name) || name > 128 || value[name] == '\0' || !is_header_text(value))
        return ps_fail(err, 0, "--metadata %s: write NAME=VALUE in plain ASCII, NAME without blanks", value);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strlen(ours[i]) == name && strncasecmp(ours[i], value, name) == 0)
            return ps_fail(err, 0, "--metadata %s: that name is set by procsnap itself; choose another one", value);
    for (size_t i = 0; i < o->metadata_count; i++)
        if (strncasecmp(o->metadata[i], value, name + 1) == 0)
            return ps_fail(err, 0, "--metadata %s: that name is there already; name each once", value);
    if (o->metadata_count == PS_DELIVERY_METADATA_MAX)
        return ps_fail(err, 0, "--metadata: more than %d; leave some out", PS_DELIVERY_METADATA_MAX);
    o->metadata[o->metadata_count++] = value;
    return true;
}

static bool take_expected_owner(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    o->expected_owner = value;
    return (strlen(value) == 12 && strspn(value, "0123456789") == 12) ||
           ps_fail(err, 0, "--expected-owner %s: write the 12 digits of the account that owns the bucket", value);
}

/* What the exchange itself settles cannot be said twice. */
static bool take_put_header(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    static const char *const settled[] = {"host", "content-length", "transfer-encoding", "connection", "expect"};
    size_t name = strcspn(value, ":");

    if (!is_token(value, name) || value[name] == '\0' || !is_header_text(value))
        return ps_fail(err, 0, "--put-header: write 'NAME: VALUE' in plain ASCII, as the URL was signed for");
    for (size_t i = 0; i < sizeof settled / sizeof settled[0]; i++)
        if (strlen(settled[i]) == name && strncasecmp(settled[i], value, name) == 0)
            return ps_fail(err, 0, "--put-header %s is sent anyhow; leave it out", settled[i]);
    if (o->put_header_count == PS_PUT_HEADERS_MAX)
        return ps_fail(err, 0, "--put-header: more than %d; leave some out", PS_PUT_HEADERS_MAX);
    o->put_headers[o->put_header_count++] = value;
    return true;
}

static bool take_signature_url(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    o->signature_url = value;
    return value[0] != '\0' || ps_fail(err, 0, "--signature-url is empty; paste the presigned URL, in quotes");
}

static bool take_deadline(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    return ps_options_time("delivery-deadline", value, UINT64_C(24) * 3600 * 1000, &o->deadline_ms, err);
}

/* Bytes, or MiB and GiB. */
static bool take_multipart_above(struct ps_delivery_options *o, const char *value, struct ps_error *err)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(value));
    uint64_t number;
    unsigned shift = 0;

    bool ok = ps_take_u64(&in, &number);
    if (ok && ps_take_text(&in, "MiB"))
        shift = 20;
    else if (ok && ps_take_text(&in, "GiB"))
        shift = 30;
    ok = ok && ps_cursor_done(&in) && number <= PS_PART_MOST >> shift && number << shift >= PS_PART_LEAST;
    if (!ok)
        return ps_fail(err, 0, "--multipart-above %s: write a size from 5MiB to 5GiB", value);
    o->multipart_above = number << shift;
    return true;
}

/* clang-format off */
static const struct {
    struct ps_flag flag;
    take_option *take;
} options[] = {
    {{"region", "NAME", "of the bucket (default AWS_REGION, AWS_DEFAULT_REGION, else\n"
                        "what S3 answers)", 0}, take_region},
    {{"endpoint-url", "URL", "another endpoint than AWS's (default AWS_ENDPOINT_URL_S3,\n"
                             "AWS_ENDPOINT_URL)", 0}, take_endpoint_url},
    {{"path-style", NULL, "the bucket in the path, not in the host name", 0}, take_path_style},
    {{"fips", NULL, "the FIPS endpoint (default AWS_USE_FIPS_ENDPOINT)", 0}, take_fips},
    {{"dualstack", NULL, "the endpoint with IPv6 (default AWS_USE_DUALSTACK_ENDPOINT)", 0}, take_dualstack},
    {{"credentials", "env|container|imds", "take them from here alone (default env, then container)", 0},
     take_credentials},
    {{"ca-file", "FILE", "trust these certificates (PEM), not the built-in roots", 0}, take_ca_file},
    {{"proxy", "URL", "http://HOST:PORT (default none; no variable is read)", 0}, take_proxy},
    {{"sse-kms-key", "KEY", "encrypt with this KMS key: id, ARN or alias/NAME (default:\n"
                            "as the bucket says)", 0}, take_sse_kms_key},
    {{"bucket-key", NULL, "with --sse-kms-key: fewer calls to KMS", 0}, take_bucket_key},
    {{"object-lock-mode", "MODE", "COMPLIANCE or GOVERNANCE (default: as the bucket says)", 0}, take_lock_mode},
    {{"object-lock-until", "TIME", "until when, as 2027-11-22T00:00:00Z", 0}, take_lock_until},
    {{"legal-hold", NULL, "lock until somebody takes the hold away", 0}, take_legal_hold},
    {{"tag", "NAME=VALUE", "a tag of the objects; up to 10", 0}, take_tag},
    {{"metadata", "NAME=VALUE", "metadata of the objects; up to 16", 0}, take_metadata},
    {{"expected-owner", "ACCOUNT", "refuse a bucket of any other account (12 digits)", 0}, take_expected_owner},
    {{"put-header", "'NAME: VALUE'", "a header that the presigned URL was signed for; repeat it\n"
                                     "for each", 0}, take_put_header},
    {{"signature-url", "URL", "presigned, for the signature beside the bundle", 0}, take_signature_url},
    {{"delivery-deadline", "TIME", "for all tries of one bundle (default 120s)", 0}, take_deadline},
    {{"multipart-above", "SIZE", "send larger bundles in parts (default 4GiB)", 0}, take_multipart_above},
};
/* clang-format on */

enum { OPTION_COUNT = sizeof options / sizeof options[0] };
_Static_assert((int) OPTION_COUNT == (int) PS_DELIVERY_OPTION_COUNT, "as many options as delivery_options.h says");

static bool take(void *into, size_t which, const char *value, struct ps_error *err)
{
    return options[which].take(into, value, err);
}

struct ps_option_group ps_delivery_option_group(struct ps_delivery_options *into)
{
    static struct ps_flag flags[OPTION_COUNT];

    for (size_t i = 0; i < OPTION_COUNT; i++)
        flags[i] = options[i].flag;
    return (struct ps_option_group){.flags = flags, .count = OPTION_COUNT, .take = take, .into = into};
}
