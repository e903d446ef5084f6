/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/s3_answer.h"

#include <string.h>

enum { DEPTH_MAX = 8 };

#define FIELD(name, member, cut)                                                                                       \
    {                                                                                                                  \
        name, offsetof(struct ps_s3_answer, member), sizeof(((struct ps_s3_answer *) 0)->member), cut                  \
    }

static const struct field {
    const char *name;
    size_t offset, size;
    bool cut; /* one for people, that may end in "..."; of another one every byte counts */
} fields[] = {
    FIELD("Code", code, false),
    FIELD("Message", message, true),
    FIELD("Region", region, false),
    FIELD("RequestId", request_id, false),
    FIELD("ServerTime", server_time, false),
    FIELD("ETag", etag, false),
    FIELD("UploadId", upload_id, false),
};

static void skip_blanks(struct ps_cursor *in)
{
    uint8_t c;

    while (ps_peek_byte(in, &c) && (c == ' ' || c == '\t' || c == '\r' || c == '\n') && ps_take_any(in, &c))
        continue;
}

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == ':';
}

static bool take_name(struct ps_cursor *in, struct ps_span *out)
{
    size_t begin = in->at;
    uint8_t c;

    while (ps_peek_byte(in, &c) && is_name_byte(c) && ps_take_any(in, &c))
        continue;
    *out = ps_cursor_passed(in, begin);
    return out->len > 0;
}

/* Behind the name: attributes, which nobody reads, and the bracket. */
static bool end_open_tag(struct ps_cursor *in, bool *empty)
{
    struct ps_span skipped;

    for (;;) {
        skip_blanks(in);
        *empty = ps_take_byte(in, '/');
        if (ps_take_byte(in, '>'))
            return true;
        if (*empty || !take_name(in, &skipped) || !ps_take_byte(in, '='))
            return false;
        uint8_t quote = ps_take_byte(in, '"') ? '"' : '\'';
        if (quote == '\'' && !ps_take_byte(in, quote))
            return false;
        if (!ps_take_until(in, quote, &skipped) || memchr(skipped.data, '<', skipped.len) != NULL)
            return false;
    }
}

/* One character behind an ampersand: S3 writes the five names, and numbers for control characters of a key. */
static bool take_reference(struct ps_cursor *in, uint8_t *out)
{
    static const struct {
        const char *text;
        uint8_t byte;
    } names[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
    uint64_t number;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (ps_take_text(in, names[i].text)) {
            *out = names[i].byte;
            return true;
        }
    }
    if (!ps_take_byte(in, '#'))
        return false;
    bool digits = ps_take_byte(in, 'x') ? ps_take_hex(in, &number) : ps_take_u64(in, &number);
    if (!digits || !ps_take_byte(in, ';') || number > 0x10ffff || number == 0)
        return false;
    *out = number >= 0x20 && number < 0x7f ? (uint8_t) number : '?';
    return true;
}

/* Text up to the next tag. `field` NULL: nobody wants it. */
static bool take_text(struct ps_cursor *in, const struct field *field, struct ps_s3_answer *out)
{
    char *to = field != NULL ? (char *) out + field->offset : NULL;
    size_t len = 0;
    uint8_t c;

    while (ps_peek_byte(in, &c) && c != '<' && ps_take_any(in, &c)) {
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c == '&' && !take_reference(in, &c)))
            return false;
        if (field == NULL)
            continue;
        if (len == field->size - 1 && !field->cut)
            return false;
        if (len < field->size - 1)
            to[len++] = (char) (c < 0x20 ? ' ' : c);
        else
            memcpy(to + len - 3, "...", 3);
    }
    return true;
}

static const struct field *field_of(struct ps_span name, const struct ps_s3_answer *out)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (ps_span_is(name, fields[i].name) && ((const char *) out)[fields[i].offset] == '\0')
            return &fields[i];
    return NULL;
}

struct reading {
    struct ps_cursor in;
    struct ps_span open[DEPTH_MAX]; /* names of the elements that are open */
    size_t depth;
    struct ps_s3_answer *out;
};

static bool open_element(struct reading *r)
{
    struct ps_span name;
    bool empty;

    if (!take_name(&r->in, &name) || !end_open_tag(&r->in, &empty) || r->depth == DEPTH_MAX)
        return false;
    if (r->depth == 0) {
        if (name.len >= sizeof r->out->root)
            return false;
        memcpy(r->out->root, name.data, name.len);
    }
    if (empty)
        return true;
    r->open[r->depth++] = name;
    /* Of an element that holds others only the text before the first is taken: blanks. */
    return take_text(&r->in, r->depth == 2 ? field_of(name, r->out) : NULL, r->out);
}

static bool close_element(struct reading *r)
{
    struct ps_span name;

    if (!take_name(&r->in, &name) || r->depth == 0 || !ps_span_equal(name, r->open[r->depth - 1]))
        return false;
    skip_blanks(&r->in);
    r->depth--;
    return ps_take_byte(&r->in, '>') && (r->depth == 0 || take_text(&r->in, NULL, r->out));
}

static bool read_document(struct reading *r)
{
    struct ps_span prolog;

    skip_blanks(&r->in); /* with which S3 keeps a connection alive */
    if (ps_take_text(&r->in, "<?xml") && !ps_take_until(&r->in, '>', &prolog))
        return false;
    skip_blanks(&r->in);
    do {
        if (!ps_take_byte(&r->in, '<'))
            return false;
        if (!(ps_take_byte(&r->in, '/') ? close_element(r) : open_element(r)))
            return false;
    } while (r->depth > 0);
    skip_blanks(&r->in);
    return ps_cursor_done(&r->in);
}

void ps_s3_answer_read(struct ps_span body, struct ps_s3_answer *out)
{
    struct reading r = {.in = ps_cursor_over(body), .out = out};

    *out = (struct ps_s3_answer){0};
    out->whole = read_document(&r);
    if (!out->whole)
        *out = (struct ps_s3_answer){0};
}
