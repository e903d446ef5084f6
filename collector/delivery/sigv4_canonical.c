/* SPDX-License-Identifier: Apache-2.0
 *
 * A request in the one form that both sides hash.
 */
#include "collector/delivery/sigv4.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t) (c + ('a' - 'A')) : c;
}

void ps_uri_encode(struct ps_buffer *out, struct ps_span bytes, bool keep_slashes)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];
        uint8_t letter = lower(c);
        if ((letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
            c == '~' || (c == '/' && keep_slashes)) {
            ps_buffer_add_byte(out, c);
        } else {
            ps_buffer_add_byte(out, '%');
            ps_buffer_add_byte(out, (uint8_t) digits[c >> 4]);
            ps_buffer_add_byte(out, (uint8_t) digits[c & 15]);
        }
    }
}

/* No further than `floor`, where the path begins. */
static void drop_segment(struct ps_buffer *out, size_t floor)
{
    while (out->len > floor && out->data[out->len - 1] != '/')
        out->len--;
    if (out->len > floor)
        out->len--;
}

/* RFC 3986 section 5.2.4, and no empty segment but a last one. */
static void add_normalized(struct ps_buffer *out, struct ps_span path)
{
    struct ps_cursor in = ps_cursor_over(path);
    struct ps_span segment;
    size_t floor = out->len;
    bool folder = true;

    while (!ps_cursor_done(&in)) {
        folder = ps_take_until(&in, '/', &segment);
        if (!folder) {
            segment = ps_cursor_rest(&in);
            ps_skip_rest(&in);
        }
        if (ps_span_is(segment, "..")) {
            drop_segment(out, floor);
            folder = true;
        } else if (segment.len == 0 || ps_span_is(segment, ".")) {
            folder = true;
        } else {
            ps_buffer_add_byte(out, '/');
            ps_buffer_add_span(out, segment);
        }
    }
    if (folder || out->len == floor)
        ps_buffer_add_byte(out, '/');
}

static void add_path(const struct ps_sigv4_request *r, struct ps_buffer *out)
{
    struct ps_buffer path = {0};

    if (r->normalize_path)
        add_normalized(&path, r->path);
    else
        ps_buffer_add_span(&path, r->path);
    if (r->double_encode)
        ps_uri_encode(out, ps_buffer_span(&path), true);
    else
        ps_buffer_add_span(out, ps_buffer_span(&path));
    out->failed |= path.failed;
    ps_buffer_done(&path);
}

static int order_of(struct ps_span a, struct ps_span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* A pair, encoded: [at, at + name_len) of a buffer and the value behind it. */
struct encoded_pair {
    size_t at, name_len, value_len;
};

static int pair_order(const struct ps_buffer *text, const struct encoded_pair *a, const struct encoded_pair *b)
{
    int order = order_of(ps_span_of(text->data + a->at, a->name_len), ps_span_of(text->data + b->at, b->name_len));

    return order != 0 ? order
                      : order_of(ps_span_of(text->data + a->at + a->name_len, a->value_len),
                                 ps_span_of(text->data + b->at + b->name_len, b->value_len));
}

static void add_sorted(const struct ps_buffer *text, struct encoded_pair *pairs, size_t count, struct ps_buffer *out)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && pair_order(text, &pairs[k], &pairs[k - 1]) < 0; k--) {
            struct encoded_pair swap = pairs[k];
            pairs[k] = pairs[k - 1];
            pairs[k - 1] = swap;
        }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            ps_buffer_add_byte(out, '&');
        ps_buffer_add(out, text->data + pairs[i].at, pairs[i].name_len);
        ps_buffer_add_byte(out, '=');
        ps_buffer_add(out, text->data + pairs[i].at + pairs[i].name_len, pairs[i].value_len);
    }
}

bool ps_sigv4_query(const struct ps_sigv4_pair *query, size_t count, struct ps_buffer *out)
{
    struct encoded_pair pairs[PS_SIGV4_QUERY_MAX];
    struct ps_buffer text = {0};

    if (count > PS_SIGV4_QUERY_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        pairs[i].at = text.len;
        ps_uri_encode(&text, query[i].name, false);
        pairs[i].name_len = text.len - pairs[i].at;
        ps_uri_encode(&text, query[i].value, false);
        pairs[i].value_len = text.len - pairs[i].at - pairs[i].name_len;
    }
    if (!text.failed)
        add_sorted(&text, pairs, count, out);
    bool ok = !text.failed && !out->failed;
    ps_buffer_done(&text);
    return ok;
}

struct header {
    struct ps_span name, value;
};

/* Letter case does not count. */
static int name_order(struct ps_span a, struct ps_span b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return lower(a.data[i]) < lower(b.data[i]) ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

/* Sorted by name; those of one name stay in their order. */
static bool read_headers(const char *const *lines, struct header *out, size_t *count)
{
    *count = 0;
    for (; *lines != NULL; lines++) {
        struct ps_cursor in = ps_cursor_over(ps_span_text(*lines));
        struct header h;
        if (*count == PS_SIGV4_HEADERS_MAX || !ps_take_until(&in, ':', &h.name) || h.name.len == 0)
            return false;
        h.value = ps_cursor_rest(&in);
        size_t at = (*count)++;
        for (; at > 0 && name_order(h.name, out[at - 1].name) < 0; at--)
            out[at] = out[at - 1];
        out[at] = h;
    }
    return true;
}

static void add_lower(struct ps_buffer *out, struct ps_span text)
{
    for (size_t i = 0; i < text.len; i++)
        ps_buffer_add_byte(out, lower(text.data[i]));
}

/* Without blanks around it, and each run of blanks as one. */
static void add_trimmed(struct ps_buffer *out, struct ps_span value)
{
    bool begun = false, blank = false;

    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            blank = begun;
            continue;
        }
        if (blank)
            ps_buffer_add_byte(out, ' ');
        ps_buffer_add_byte(out, c);
        begun = true;
        blank = false;
    }
}

static void add_headers(struct ps_buffer *out, const struct header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool more = i > 0 && name_order(headers[i].name, headers[i - 1].name) == 0;
        if (more) {
            ps_buffer_add_byte(out, ',');
        } else {
            if (i > 0)
                ps_buffer_add_byte(out, '\n');
            add_lower(out, headers[i].name);
            ps_buffer_add_byte(out, ':');
        }
        add_trimmed(out, headers[i].value);
    }
    ps_buffer_add_text(out, "\n\n");
}

static void add_names(struct ps_buffer *out, const struct header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && name_order(headers[i].name, headers[i - 1].name) == 0)
            continue;
        if (i > 0)
            ps_buffer_add_byte(out, ';');
        add_lower(out, headers[i].name);
    }
}

bool ps_sigv4_signed_headers(const char *const *lines, struct ps_buffer *out)
{
    struct header headers[PS_SIGV4_HEADERS_MAX];
    size_t count;

    if (!read_headers(lines, headers, &count))
        return false;
    add_names(out, headers, count);
    return !out->failed;
}

bool ps_sigv4_canonical(const struct ps_sigv4_request *r, struct ps_buffer *out)
{
    struct header headers[PS_SIGV4_HEADERS_MAX];
    size_t count;

    if (!read_headers(r->headers, headers, &count))
        return false;
    ps_buffer_add_text(out, r->method);
    ps_buffer_add_byte(out, '\n');
    add_path(r, out);
    ps_buffer_add_byte(out, '\n');
    if (!ps_sigv4_query(r->query, r->query_count, out))
        return false;
    ps_buffer_add_byte(out, '\n');
    add_headers(out, headers, count);
    add_names(out, headers, count);
    ps_buffer_add_byte(out, '\n');
    ps_buffer_add_text(out, r->payload_hash);
    return !out->failed;
}
