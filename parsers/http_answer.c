/* SPDX-License-Identifier: Apache-2.0
 *
 * What the task metadata endpoint of ECS answered to `GET ${ECS_CONTAINER_METADATA_URI_V4}` and `.../task`.
 *
 *   HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}
 *
 * Anybody could have answered: nothing is believed of lengths. The body is JSON, read where records are made.
 */
#include "parsers/http_answer.h"

#include <string.h>

#define FIELD(name, type) PS_FIELD(struct ps_http_answer, name, type)

static const struct ps_field fields[] = {
    FIELD(status, PS_U64),         FIELD(reason, PS_BYTES),           FIELD(date, PS_BYTES),
    FIELD(server, PS_BYTES),       FIELD(content_type, PS_BYTES),     FIELD(content_encoding, PS_BYTES),
    FIELD(location, PS_BYTES),     FIELD(transfer_encoding, PS_BYTES), FIELD(content_length, PS_U64),
    FIELD(body, PS_BYTES),
};

enum { STATUS, REASON, DATE, SERVER, CONTENT_TYPE, CONTENT_ENCODING, LOCATION, TRANSFER_ENCODING, CONTENT_LENGTH, BODY };

/* By field, as headers are named; letter case does not count. */
static const char *const headers[] = {
    [DATE] = "date", [SERVER] = "server", [CONTENT_TYPE] = "content-type", [CONTENT_ENCODING] = "content-encoding",
    [LOCATION] = "location", [TRANSFER_ENCODING] = "transfer-encoding", [CONTENT_LENGTH] = "content-length",
};

/* A line that ends in LF, given without it and without a CR before it. */
static bool take_http_line(struct ps_cursor *c, struct ps_span *line)
{
    if (!ps_take_until(c, '\n', line))
        return false;
    if (line->len > 0 && line->data[line->len - 1] == '\r')
        line->len--;
    return true;
}

static bool is_word(struct ps_span s, const char *lower)
{
    if (s.len != strlen(lower))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.data[i];
        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != lower[i])
            return false;
    }
    return true;
}

static struct ps_span trimmed(struct ps_span s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = ps_span_of(s.data + 1, s.len - 1);
    while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool read_status(struct ps_span line, struct ps_http_answer *out)
{
    struct ps_cursor c = ps_cursor_over(line);
    uint8_t minor = 0;
    if (!ps_take_text(&c, "HTTP/1.") || !ps_take_any(&c, &minor) || !ps_take_byte(&c, ' ') ||
        !ps_take_number(&c, fields, STATUS, out) || out->status < 100 || out->status > 999)
        return false;
    if (ps_take_byte(&c, ' '))
        ps_put_span(fields, REASON, out, ps_cursor_rest(&c));
    return true;
}

/* The first header of a name holds. */
static const char *read_header(struct ps_span line, struct ps_http_answer *out)
{
    struct ps_cursor c = ps_cursor_over(line);
    struct ps_span name;
    if (!ps_take_until(&c, ':', &name))
        return "a line of the head without a colon";
    for (size_t i = DATE; i < sizeof headers / sizeof headers[0]; i++) {
        if (out->present >> i & 1 || !is_word(name, headers[i]))
            continue;
        struct ps_span value = trimmed(ps_cursor_rest(&c));
        struct ps_cursor number = ps_cursor_over(value);
        if (i != CONTENT_LENGTH) {
            ps_put_span(fields, i, out, value);
            continue;
        }
        if (!ps_take_u64(&number, &out->content_length) || !ps_cursor_done(&number))
            return "a Content-Length that is no number";
        ps_set_present(out, i);
    }
    return NULL;
}

/* What the parser knows when it has read as far as it can: *why, where something is wrong at *at. */
struct reading {
    enum ps_http_state state;
    const char *why;
    size_t at;
};

static struct reading read_head(struct ps_cursor *c, struct ps_http_answer *out)
{
    struct reading r = {.state = PS_HTTP_MORE, .why = "the head does not end"};
    static const char begin[] = "HTTP/1.";
    struct ps_span line;
    size_t seen = c->in.len < sizeof begin - 1 ? c->in.len : sizeof begin - 1;
    if (memcmp(c->in.len > 0 ? c->in.data : (const uint8_t *) begin, begin, seen) != 0)
        return (struct reading){PS_HTTP_NONE, "it does not begin as HTTP/1.x", 0};
    if (!take_http_line(c, &line))
        return c->in.len > PS_HTTP_HEAD_MAX ? (struct reading){PS_HTTP_NONE, "a head that is too long", 0} : r;
    if (!read_status(line, out))
        return (struct reading){PS_HTTP_NONE, "no status line of HTTP/1.x", 0};
    for (r.at = c->at; take_http_line(c, &line); r.at = c->at) {
        if (c->at > PS_HTTP_HEAD_MAX)
            return (struct reading){PS_HTTP_NONE, "a head that is too long", r.at};
        if (line.len == 0)
            return (struct reading){.state = PS_HTTP_WHOLE};
        const char *why = read_header(line, out);
        if (why != NULL)
            return (struct reading){PS_HTTP_NONE, why, r.at};
    }
    if (c->in.len > PS_HTTP_HEAD_MAX)
        r.state = PS_HTTP_NONE;
    return r;
}

bool ps_http_in_chunks(const struct ps_http_answer *answer)
{
    return is_word(answer->transfer_encoding, "chunked");
}

/* "1a;name=value" CRLF, so many bytes, CRLF; the last one has size 0, header lines and an empty line behind it. */
enum ps_step ps_http_chunk(struct ps_cursor *body, struct ps_span *chunk)
{
    struct ps_cursor c = *body;
    struct ps_span line;
    uint64_t size = 0;
    if (!take_http_line(&c, &line))
        return PS_STEP_BAD;
    struct ps_cursor head = ps_cursor_over(line);
    if (!ps_take_hex(&head, &size) || (!ps_cursor_done(&head) && !ps_take_byte(&head, ';')))
        return PS_STEP_BAD;
    while (size == 0) {
        if (!take_http_line(&c, &line))
            return PS_STEP_BAD;
        *body = c;
        if (line.len == 0)
            return PS_STEP_END;
    }
    struct ps_span end;
    if (size > ps_cursor_left(&c) || !ps_take_bytes(&c, (size_t) size, chunk) || !take_http_line(&c, &end) ||
        end.len > 0)
        return PS_STEP_BAD;
    *body = c;
    return PS_STEP_RECORD;
}

/* `begin`: where the body begins in the input, for the places of flaws. */
static struct reading read_body(const struct ps_http_answer *answer, size_t begin, size_t *chunks)
{
    struct ps_cursor c = ps_cursor_over(answer->body);
    struct ps_span chunk;
    bool has_length = answer->present >> CONTENT_LENGTH & 1;
    if (ps_http_in_chunks(answer)) {
        c.at = *chunks < answer->body.len ? *chunks : answer->body.len;
        enum ps_step step;
        while ((step = ps_http_chunk(&c, &chunk)) == PS_STEP_RECORD)
            *chunks = c.at;
        if (step == PS_STEP_BAD)
            return (struct reading){PS_HTTP_MORE, "the chunks of the body do not end as they should", begin + c.at};
    } else if (!has_length) {
        return (struct reading){PS_HTTP_OPEN, "nothing tells how long the body should be", begin};
    } else if (answer->body.len < answer->content_length) {
        return (struct reading){PS_HTTP_MORE, "less than its Content-Length", begin};
    } else {
        c.at = (size_t) answer->content_length;
    }
    if (!ps_cursor_done(&c))
        return (struct reading){PS_HTTP_WHOLE, "bytes behind the end of the answer", begin + c.at};
    return (struct reading){.state = PS_HTTP_WHOLE};
}

static struct reading read_answer(struct ps_span bytes, size_t *chunks, struct ps_http_answer *out)
{
    struct ps_cursor c = ps_cursor_over(bytes);
    struct reading r = read_head(&c, out);
    if (r.state != PS_HTTP_WHOLE)
        return r;
    ps_put_span(fields, BODY, out, ps_cursor_rest(&c));
    return read_body(out, c.at, chunks);
}

enum ps_http_state ps_http_answer_read(struct ps_span bytes, size_t *chunks, struct ps_http_answer *out)
{
    *out = (struct ps_http_answer){0};
    return read_answer(bytes, chunks, out).state;
}

/* The record comes first; where something is wrong, the cursor then stands at the last byte, and the next step says
 * what. */
static enum ps_step http_answer_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    struct ps_http_answer *answer = record;
    size_t chunks = 0;
    if (ps_cursor_done(in))
        return PS_STEP_END;
    bool first = in->at == 0;
    struct reading r = read_answer(in->in, &chunks, answer);
    ps_skip_rest(in);
    if (!first || answer->present == 0 || (r.why != NULL && in->in.len == 1))
        return ps_bad(issue, r.at, r.why != NULL ? r.why : "bytes behind the end of the answer");
    if (r.why != NULL)
        in->at = in->in.len - 1;
    return PS_STEP_RECORD;
}

#define ANSWER(kind_)                                                                                                  \
    {                                                                                                                  \
        .kind = kind_, .record_size = sizeof(struct ps_http_answer), .fields = fields,                                 \
        .field_count = sizeof fields / sizeof fields[0], .single = true, .next = http_answer_next                      \
    }

const struct ps_parser ps_parser_ecs_container = ANSWER("ecs_container");
const struct ps_parser ps_parser_ecs_task = ANSWER("ecs_task");
