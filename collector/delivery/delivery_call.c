/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/delivery_call.h"

#include <sodium.h>
#include <time.h>

#include "collector/delivery/delivery_try.h"
#include "collector/host/clock.h"
#include "formats/printable.h"

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

uint32_t ps_delivery_left_ms(const struct ps_delivery *d)
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
    uint32_t left = ps_delivery_left_ms(d);

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
        answered = ps_try_exchange(d, call, call->presigned_url, call->headers, answer, err);
    else
        answered = ps_try_s3(d, call, answer, err);
    if (answered && !answer->cut)
        ps_s3_answer_read(ps_buffer_span(&answer->body), document);
    enum ps_s3_meaning meaning = ps_s3_meaning(answer, document);
    bool unclear = meaning == PS_S3_DONE && call->done_root != NULL && strcmp(document->root, call->done_root) != 0;
    return unclear ? PS_S3_LATER : meaning;
}

enum ps_call_end ps_call_run(struct ps_delivery *d, struct ps_call *call, struct ps_http_answer *answer,
                             struct ps_s3_answer *document, struct ps_error *err)
{
    unsigned failed = 0, mended = 0;
    struct ps_error why = {0}; /* of one try; what came right in the end leaves *err alone */

    for (;;) {
        if (ps_delivery_left_ms(d) == 0)
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
