/* SPDX-License-Identifier: Apache-2.0
 *
 * Before an incident: would a delivery work? One small object goes the way that a bundle would go, with the same
 * headers, so that key, lock, tags, owner and policies are proved and not guessed.
 */
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "collector/delivery/presigned_url.h"
#include "collector/delivery/s3_put.h"
#include "formats/printable.h"
#include "formats/timestamp.h"

static void say(const struct ps_delivery *d, struct ps_buffer *line)
{
    ps_buffer_add_byte(line, '\0');
    if (d->tell != NULL && !line->failed)
        d->tell(d->context, (const char *) line->data);
    ps_buffer_done(line);
}

static void say_destination(const struct ps_delivery *d)
{
    const struct ps_s3_address *a = &d->address;
    struct ps_buffer line = {0};

    ps_buffer_addf(&line, "destination: s3://%s/", a->bucket);
    ps_printable_add(&line, ps_span_text(a->prefix));
    ps_buffer_addf(&line, " at %s://", a->https ? "https" : "http");
    ps_s3_address_host(a, &line);
    if (a->endpoint_by != NULL)
        ps_buffer_addf(&line, " (%s)", a->endpoint_by);
    ps_buffer_addf(&line, ", region %s (%s), %s", a->region, a->region_by,
                   a->path_style ? "bucket in the path" : "bucket in the host name");
    say(d, &line);
    if (!a->https) {
        ps_buffer_addf(&line, "careful: %s names http://, so evidence would go in clear", a->endpoint_by);
        say(d, &line);
    }
}

static bool say_credentials(struct ps_delivery *d, struct ps_error *err)
{
    const struct ps_credentials *c = ps_credentials_get(d->credentials, (int64_t) time(NULL), err);
    char when[PS_TIMESTAMP_SIZE];
    struct ps_buffer line = {0};

    if (c == NULL)
        return false;
    ps_buffer_addf(&line, "credentials: found (%s), access key id ", ps_credentials_provider_name(c->provider));
    ps_printable_add(&line, ps_span_text(c->access_key_id));
    if (c->expires > 0) {
        ps_timestamp(c->expires * 1000000, when);
        ps_buffer_addf(&line, ", valid until %s, then asked for anew", when);
    } else if (c->session_token != NULL) {
        ps_buffer_add_text(&line, ", a session whose end is not known");
    }
    say(d, &line);
    return true;
}

static void add_header(struct ps_buffer *line, const char *words, const struct ps_http_answer *answer,
                       const char *header)
{
    struct ps_span value = ps_http_header(answer, header);

    if (value.len == 0)
        return;
    ps_buffer_add_text(line, words);
    ps_printable_add_cut(line, value, 120);
}

static void say_put(const struct ps_delivery *d, const char *name, const struct ps_http_answer *answer)
{
    struct ps_buffer line = {0};

    ps_buffer_addf(&line, "put: done (%d): ", answer->status);
    ps_printable_add(&line, ps_span_text(d->address.prefix));
    ps_buffer_addf(&line, "%s, which stays there", name);
    add_header(&line, ", version ", answer, "x-amz-version-id");
    add_header(&line, ", encryption ", answer, "x-amz-server-side-encryption");
    add_header(&line, " with ", answer, "x-amz-server-side-encryption-aws-kms-key-id");
    say(d, &line);
    ps_buffer_add_text(&line, d->options->object_lock_mode != NULL || d->options->legal_hold
                                  ? "a bundle would be taken the same way: bucket, policies, key, tags and lock"
                                  : "a bundle would be taken the same way: bucket, policies, key and tags");
    say(d, &line);
}

static bool check_s3(struct ps_delivery *d, struct ps_error *err)
{
    static const char text[] = "procsnap looked whether a bundle would be taken here.\n";
    struct ps_body_digest digest = {.size = sizeof text - 1};
    struct ps_object_origin origin = {0};
    struct ps_http_answer answer = {0};
    char name[40];

    say_destination(d);
    if (!say_credentials(d, err))
        return false;
    snprintf(name, sizeof name, "procsnap-check-%08x%08x", (unsigned) randombytes_random(),
             (unsigned) randombytes_random());
    ps_body_hash_of(ps_span_text(text), &digest.whole);
    struct ps_object object = {.name = name,
                               .content_type = "text/plain",
                               .origin = &origin,
                               .fd = -1,
                               .text = ps_span_text(text),
                               .digest = &digest};
    bool ok = ps_object_put(d, &object, &answer, err) != PS_NOT_DELIVERED;
    if (ok)
        say_put(d, name, &answer);
    ps_http_answer_done(&answer);
    return ok;
}

/* A put would use the URL up: what can be known without. */
static bool check_presigned(struct ps_delivery *d, const char *dest, struct ps_error *err)
{
    struct ps_span place = ps_presigned_place(dest);
    struct ps_buffer line = {0};
    char when[PS_TIMESTAMP_SIZE];
    int64_t ends;

    ps_buffer_add_text(&line, "destination: presigned ");
    ps_printable_add(&line, place);
    say(d, &line);
    if (!ps_presigned_signs(dest, "if-none-match")) {
        ps_buffer_add_text(&line, "careful: nothing keeps this URL from overwriting; presign with if-none-match: * and "
                                  "add --put-header 'If-None-Match: *'");
        say(d, &line);
    }
    if (ps_presigned_ends(dest, &ends)) {
        ps_timestamp(ends * 1000000, when);
        if (ends <= (int64_t) time(NULL))
            return ps_fail(err, 0, "the presigned URL ended at %s, by the clock of this machine; presign a new one",
                           when);
        ps_buffer_addf(&line, "it holds until %s, or until the session of its signer ends", when);
        say(d, &line);
    }
    ps_buffer_add_text(&line, "not tried: a put would use the URL up");
    say(d, &line);
    return true;
}

bool ps_delivery_check(const struct ps_delivery_options *options, const char *dest,
                       void (*tell)(void *context, const char *line), void *context, struct ps_error *err)
{
    struct ps_delivery d;

    bool ok = ps_delivery_open(&d, options, dest, tell, context, err) &&
              (d.presigned ? check_presigned(&d, dest, err) : check_s3(&d, err));
    ps_delivery_close(&d);
    return ok;
}
