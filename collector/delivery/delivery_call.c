/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/delivery_call.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "collector/host/clock.h"
#include "formats/digest.h"
#include "formats/printable.h"

enum { CONNECT_MS = 5000, STALL_MS = 20000, ANSWER_MAX = 64 << 10 };

bool ps_delivery_open(struct ps_delivery *d, const struct ps_delivery_options *o, const char *dest,
                      void (*tell)(void *context, const char *line), void *context, struct ps_error *err)
{
    struct ps_s3_environment environment = ps_s3_environment();
    struct ps_http_options http = {.ca_file = o->ca_file, .proxy = o->proxy};
    uint64_t deadline_ms = o->deadline_ms > 0 ? o->deadline_ms : PS_DELIVERY_DEADLINE_MS;

    *d = (struct ps_delivery){.options = o, .tell = tell, .context = context};
    d->presigned = strncmp(dest, "s3://", 5) != 0;
    d->deadline_us = ps_boottime_us() + deadline_ms * 1000;
    if (!ps_delivery_plan(o, dest, err))
        return false;
    if (!d->presigned && !ps_s3_address_read(dest, o, &environment, &d->address, err))
        return false;
    if (!d->presigned && (d->credentials = ps_credentials_source_new(o->credentials, err)) == NULL)
        return false;
    d->http = ps_http_new(&http, err);
    return d->http != NULL;
}

void ps_delivery_close(struct ps_delivery *d)
{
    ps_credentials_source_free(d->credentials);
    ps_http_free(d->http);
    d->credentials = NULL;
    d->http = NULL;
}

static uint32_t left_ms(const struct ps_delivery *d)
{
    uint64_t now = ps_boottime_us();
    uint64_t left = now < d->deadline_us ? (d->deadline_us - now) / 1000 : 0;

    return left < UINT32_MAX ? (uint32_t) left : UINT32_MAX;
}

/* Where it goes, without what a presigned URL holds behind its question mark. */
static void add_place(const struct ps_delivery *d, const struct ps_call *call, struct ps_buffer *out)
{
    if (call->presigned_url != NULL) {
        ps_printable_add(out, ps_span_of(call->presigned_url, strcspn(call->presigned_url, "?#")));
        return;
    }
    ps_buffer_addf(out, "s3://%s/", d->address.bucket);
    ps_printable_add(out, ps_span_text(d->address.prefix));
    ps_printable_add(out, ps_span_text(call->name));
}

/* ---- one try ---- */

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

static bool exchange(struct ps_delivery *d, const struct ps_call *call, const char *url, const char *const *headers,
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
        .total_ms = left_ms(d),
        .stall_ms = STALL_MS,
        .answer_max = ANSWER_MAX,
    };

    return ps_http_exchange(d->http, &request, answer, err);
}

static bool try_s3(struct ps_delivery *d, const struct ps_call *call, struct ps_http_answer *answer,
                   struct ps_error *err)
{
    struct ps_header_lines lines = {0};
    struct ps_buffer url = {0};
    const struct ps_credentials *c = ps_credentials_get(d->credentials, (int64_t) time(NULL) + d->clock_offset_s, err);

    if (c == NULL)
        return false;
    bool ok = prepare(d, call, c, &url, &lines);
    const char *const *all = ok ? ps_header_lines(&lines) : NULL;
    if (all != NULL)
        ok = exchange(d, call, (const char *) url.data, all + 1, answer, err);
    else
        ok = ps_fail(err, ENOMEM, "cannot put the request together");
    ps_header_lines_done(&lines);
    ps_buffer_done(&url);
    return ok;
}

/* ---- from try to try ---- */

static void tell(const struct ps_delivery *d, struct ps_buffer *line)
{
    ps_buffer_add_byte(line, '\0');
    if (d->tell != NULL && !line->failed)
        d->tell(d->context, (const char *) line->data);
}

static bool move_region(struct ps_delivery *d, const struct ps_http_answer *answer, const struct ps_s3_answer *document)
{
    struct ps_buffer line = {0};

    if (d->presigned || !ps_s3_address_move(&d->address, ps_s3_region_named(answer, document)))
        return false;
    ps_buffer_addf(&line, "the bucket is in %s: signed again for that region; --region %s saves a request",
                   d->address.region, d->address.region);
    tell(d, &line);
    ps_buffer_done(&line);
    return true;
}

static bool move_clock(struct ps_delivery *d, const struct ps_http_answer *answer, const struct ps_s3_answer *document)
{
    struct ps_buffer line = {0};
    int64_t server;

    if (d->presigned || !ps_s3_server_time(answer, document, &server))
        return false;
    d->clock_moved = true;
    d->clock_offset_s = server - (int64_t) time(NULL);
    ps_buffer_addf(&line,
                   "the service's clock is %lld s %s ours: signed again with its time; the offset is evidence, and "
                   "stands in the receipt",
                   (long long) (d->clock_offset_s < 0 ? -d->clock_offset_s : d->clock_offset_s),
                   d->clock_offset_s < 0 ? "behind" : "ahead of");
    tell(d, &line);
    ps_buffer_done(&line);
    return true;
}

static bool ask_for_credentials(struct ps_delivery *d, const struct ps_http_answer *answer,
                                const struct ps_s3_answer *document)
{
    struct ps_buffer line = {0};

    if (d->presigned)
        return false;
    ps_s3_add_answer(&line, answer, document);
    ps_buffer_add_text(&line, ": the credentials have ended, new ones are asked for");
    tell(d, &line);
    ps_buffer_done(&line);
    ps_credentials_refused(d->credentials);
    return true;
}

/* Full jitter: anything up to half a second, one, two, four. Zero when there is no time left for that. */
static uint32_t pause_ms(const struct ps_delivery *d, unsigned failed)
{
    uint32_t most = UINT32_C(500) << (failed - 1);
    uint32_t left = left_ms(d);

    most = most < 20000 ? most : 20000;
    uint32_t pause = 1 + randombytes_uniform(most);
    return pause < left ? pause : 0;
}

/* A signal that ends the delivery ends the pause too, and then the next exchange says so. */
static void sleep_ms(uint32_t ms)
{
    struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000};

    (void) nanosleep(&span, NULL);
}

static void add_reason(struct ps_buffer *out, const struct ps_http_answer *answer, const struct ps_s3_answer *document,
                       const struct ps_error *err)
{
    if (answer->trouble == PS_HTTP_ANSWERED && answer->status != 0)
        ps_s3_add_answer(out, answer, document);
    else
        ps_printable_add_text(out, ps_span_text(err->text));
}

static void fail_with(struct ps_delivery *d, const struct ps_call *call, const struct ps_http_answer *answer,
                      const struct ps_s3_answer *document, struct ps_error *err)
{
    struct ps_buffer text = {0};

    add_place(d, call, &text);
    ps_buffer_add_text(&text, ": ");
    add_reason(&text, answer, document, err);
    if (answer->trouble == PS_HTTP_ANSWERED && answer->status != 0) {
        ps_buffer_add_text(&text, ": ");
        ps_s3_add_cause(&text, d->options, d->presigned, answer, document);
    }
    ps_buffer_add_byte(&text, '\0');
    if (!text.failed)
        ps_fail(err, 0, "%s", (const char *) text.data);
    ps_buffer_done(&text);
}

static enum ps_call_end fail_late(const struct ps_delivery *d, const struct ps_call *call, struct ps_error *err)
{
    struct ps_buffer place = {0};

    add_place(d, call, &place);
    ps_buffer_add_byte(&place, '\0');
    ps_fail(err, 0, "%s: the deadline came before the next request; raise --delivery-deadline",
            place.failed ? "delivery" : (const char *) place.data);
    ps_buffer_done(&place);
    return PS_CALL_FAILED;
}

/* False when there is no time left, or this was the last try. */
static bool wait_for_next(struct ps_delivery *d, unsigned failed, const struct ps_http_answer *answer,
                          const struct ps_s3_answer *document, const struct ps_error *err)
{
    struct ps_buffer line = {0};
    uint32_t pause = failed < PS_DELIVERY_TRIES ? pause_ms(d, failed) : 0;

    ps_buffer_addf(&line, "try %u of %d: ", failed, PS_DELIVERY_TRIES);
    add_reason(&line, answer, document, err);
    if (pause > 0)
        ps_buffer_addf(&line, "; again in %u.%u s", (unsigned) (pause / 1000), (unsigned) (pause % 1000 / 100));
    tell(d, &line);
    ps_buffer_done(&line);
    if (pause > 0)
        sleep_ms(pause);
    return pause > 0;
}

/* Signs anew at once, when that may help; each kind once. */
static bool mend(struct ps_delivery *d, enum ps_s3_meaning meaning, unsigned *mended,
                 const struct ps_http_answer *answer, const struct ps_s3_answer *document)
{
    unsigned kind = 1u << meaning;

    if (*mended & kind)
        return false;
    *mended |= kind;
    if (meaning == PS_S3_REGION)
        return move_region(d, answer, document);
    if (meaning == PS_S3_CLOCK)
        return move_clock(d, answer, document);
    return meaning == PS_S3_CREDENTIALS && ask_for_credentials(d, answer, document);
}

static enum ps_s3_meaning try_once(struct ps_delivery *d, struct ps_call *call, struct ps_http_answer *answer,
                                   struct ps_s3_answer *document, struct ps_error *err)
{
    bool answered;

    ps_http_answer_done(answer);
    *answer = (struct ps_http_answer){.trouble = PS_HTTP_OURS};
    *document = (struct ps_s3_answer){0};
    if (call->presigned_url != NULL)
        answered = exchange(d, call, call->presigned_url, call->headers, answer, err);
    else
        answered = try_s3(d, call, answer, err);
    if (answered && !answer->cut)
        ps_s3_answer_read(ps_buffer_span(&answer->body), document);
    return ps_s3_meaning(answer, document);
}

enum ps_call_end ps_call_run(struct ps_delivery *d, struct ps_call *call, struct ps_http_answer *answer,
                             struct ps_s3_answer *document, struct ps_error *err)
{
    unsigned failed = 0, mended = 0;
    struct ps_error why = {0}; /* of one try; what came right in the end leaves *err alone */

    for (;;) {
        if (left_ms(d) == 0)
            return fail_late(d, call, err);
        enum ps_s3_meaning meaning = try_once(d, call, answer, document, &why);
        if (meaning == PS_S3_DONE)
            return PS_CALL_DONE;
        if (meaning == PS_S3_EXISTS)
            return PS_CALL_EXISTS;
        call->ambiguous |= ps_s3_ambiguous(answer);
        /* A bucket that is a minute old answers 307 and no other region. */
        bool later = meaning == PS_S3_LATER || (meaning == PS_S3_REGION && answer->status == 307);
        if (!mend(d, meaning, &mended, answer, document) &&
            !(later && wait_for_next(d, ++failed, answer, document, &why))) {
            *err = why;
            fail_with(d, call, answer, document, err);
            return PS_CALL_FAILED;
        }
        d->repeats++;
    }
}
