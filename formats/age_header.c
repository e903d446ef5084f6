/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/age_header.h"

#include "formats/base64.h"

/* A line of a body holds 48 bytes; a shorter one, and be it empty, is the last. */
enum { LINE = 64, LINE_BYTES = 48, BODY_KEPT = PS_AGE_BODY };

static const char cut_short[] = "the header of the encrypted file is cut short";
const char ps_age_header_malformed[] = "the header of the encrypted file is not one of age v1";

struct stanza {
    struct ps_span type, argument; /* the first argument behind the type; empty: none */
    size_t arguments;
    uint8_t body[BODY_KEPT + LINE_BYTES]; /* the beginning of it */
    size_t body_len;
};

/* Unpadded base64 of at most a line. */
static bool decode(struct ps_span text, uint8_t out[LINE_BYTES], size_t *len)
{
    char padded[LINE + 4];
    if (text.len > LINE || text.len % 4 == 1)
        return false;
    if (text.len > 0)
        memcpy(padded, text.data, text.len);
    memset(padded + text.len, '=', 3);
    *len = text.len * 3 / 4;
    return ps_base64_decode(ps_span_of(padded, (text.len + 3) / 4 * 4), out, *len);
}

/* Exactly 32 bytes. */
static bool decode_key(struct ps_span text, uint8_t out[PS_AGE_KEY_LEN])
{
    uint8_t bytes[LINE_BYTES];
    size_t len;
    if (!decode(text, bytes, &len) || len != PS_AGE_KEY_LEN)
        return false;
    memcpy(out, bytes, len);
    return true;
}

/* "-> type argument ...": visible characters, single blanks. */
static bool read_arguments(struct ps_span line, struct stanza *out)
{
    struct ps_cursor c = ps_cursor_over(line);
    struct ps_span word;
    if (!ps_take_text(&c, "-> "))
        return false;
    for (bool more = true; more; out->arguments++) {
        more = ps_take_until(&c, ' ', &word);
        if (!more)
            word = ps_cursor_rest(&c);
        for (size_t i = 0; i < word.len; i++)
            if (word.data[i] < 33 || word.data[i] > 126)
                return false;
        if (word.len == 0)
            return false;
        if (out->arguments < 2)
            *(out->arguments == 0 ? &out->type : &out->argument) = word;
    }
    return true;
}

static const char *read_body(struct ps_cursor *in, struct stanza *out, bool *cut)
{
    struct ps_span line;
    uint8_t bytes[LINE_BYTES];
    size_t len;
    do {
        *cut = !ps_take_until(in, '\n', &line);
        if (*cut)
            return cut_short;
        if (!decode(line, bytes, &len))
            return ps_age_header_malformed;
        if (out->body_len < BODY_KEPT)
            memcpy(out->body + out->body_len, bytes, len);
        out->body_len += len;
    } while (line.len == LINE);
    return NULL;
}

static const char *keep(const struct stanza *s, struct ps_age_header *out)
{
    if (++out->stanzas > PS_AGE_STANZAS_MAX)
        return "the encrypted file has more than 256 recipients";
    out->passphrase = out->passphrase || ps_span_is(s->type, "scrypt");
    if (out->passphrase && out->stanzas > 1)
        return ps_age_header_malformed;
    if (!ps_span_is(s->type, "X25519"))
        return NULL;
    struct ps_age_x25519 *x = &out->list[out->x25519++];
    if (s->arguments != 2 || !decode_key(s->argument, x->share) || s->body_len != PS_AGE_BODY)
        return ps_age_header_malformed;
    memcpy(x->body, s->body, PS_AGE_BODY);
    return NULL;
}

const char *ps_age_header_read(struct ps_span text, struct ps_age_header *out, bool *cut)
{
    struct ps_cursor in = ps_cursor_over(text);
    struct ps_span line;
    const char *why = NULL;
    *cut = false;
    out->stanzas = out->x25519 = 0;
    out->passphrase = false;
    if (!ps_take_text(&in, PS_AGE_VERSION)) {
        *cut = text.len < sizeof PS_AGE_VERSION - 1 && memcmp(text.data, PS_AGE_VERSION, text.len) == 0;
        return *cut ? cut_short : ps_age_header_malformed;
    }
    for (;;) {
        size_t at = in.at;
        *cut = !ps_take_until(&in, '\n', &line);
        if (*cut)
            return cut_short;
        if (ps_span_starts(line, "---")) {
            out->signed_len = at + 3;
            out->len = in.at;
            break;
        }
        struct stanza s = {.body_len = 0};
        if (!read_arguments(line, &s))
            return ps_age_header_malformed;
        if ((why = read_body(&in, &s, cut)) != NULL || (why = keep(&s, out)) != NULL)
            return why;
    }
    if (out->stanzas == 0 || line.len < 4 || line.data[3] != ' ' ||
        !decode_key(ps_span_of(line.data + 4, line.len - 4), out->mac))
        return ps_age_header_malformed;
    return NULL;
}
