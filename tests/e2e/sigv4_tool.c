/* SPDX-License-Identifier: Apache-2.0
 *
 * Signs what sigv4.py describes, a request for each line of standard input; a line of standard output for each:
 *
 *   HOW METHOD PATH HASH TIME REGION SERVICE ID SECRET QUERIES (NAME VALUE)... HEADERS LINE...
 *
 * Words are hex, numbers decimal. HOW: s, and behind it n: the path is normalised, d: encoded once more, w: it is the one
 * of the wire already. The answer is, in hex, the canonical request, a blank, and the Authorization line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/delivery/sigv4.h"
#include "formats/digest.h"

enum { WORDS_MAX = 256 };

static char texts[1 << 20]; /* of one line */
static size_t texts_len;

static uint64_t number_of(struct ps_span word)
{
    struct ps_cursor in = ps_cursor_over(word);
    uint64_t value;
    if (!ps_take_u64(&in, &value) || !ps_cursor_done(&in))
        exit(2);
    return value;
}

/* With NUL. */
static char *text_of(struct ps_span word)
{
    char *text = texts + texts_len;
    texts_len += word.len / 2 + 1;
    if (texts_len > sizeof texts || !ps_hex_decode(word, (uint8_t *) text, word.len / 2))
        exit(2);
    text[word.len / 2] = '\0';
    return text;
}

static void print_hex(struct ps_buffer *bytes)
{
    struct ps_buffer hex = {0};
    ps_hex_add(&hex, ps_buffer_span(bytes));
    printf("%.*s", (int) hex.len, (const char *) hex.data);
    ps_buffer_done(&hex);
}

static size_t split(char *line, struct ps_span *out)
{
    struct ps_cursor in = ps_cursor_over(ps_span_of(line, strcspn(line, "\n")));
    size_t count = 0;
    while (!ps_cursor_done(&in) && count < WORDS_MAX) {
        if (!ps_take_until(&in, ' ', &out[count])) {
            out[count] = ps_cursor_rest(&in);
            ps_skip_rest(&in);
        }
        count++;
    }
    return count;
}

static void sign_one(const struct ps_span *word)
{
    struct ps_sigv4_pair query[PS_SIGV4_QUERY_MAX];
    const char *headers[PS_SIGV4_HEADERS_MAX + 1] = {NULL};
    struct ps_buffer path = {0}, canonical = {0}, out = {0};
    const char *how = (const char *) word[0].data;
    size_t how_len = word[0].len;
    struct ps_span raw = ps_span_text(text_of(word[2]));
    if (memchr(how, 'w', how_len) != NULL)
        ps_buffer_add_span(&path, raw);
    else
        ps_uri_encode(&path, raw, true);
    struct ps_sigv4_request r = {.method = text_of(word[1]),
                                 .path = ps_buffer_span(&path),
                                 .query = query,
                                 .query_count = number_of(word[9]),
                                 .headers = headers,
                                 .payload_hash = text_of(word[3]),
                                 .normalize_path = memchr(how, 'n', how_len) != NULL,
                                 .double_encode = memchr(how, 'd', how_len) != NULL};
    struct ps_sigv4_signer s = {.region = text_of(word[5]),
                                .service = text_of(word[6]),
                                .access_key_id = text_of(word[7]),
                                .secret_access_key = text_of(word[8])};
    snprintf(s.time, sizeof s.time, "%s", text_of(word[4]));
    word += 10;
    for (size_t i = 0; i < r.query_count; i++, word += 2)
        query[i] = (struct ps_sigv4_pair){ps_span_text(text_of(word[0])), ps_span_text(text_of(word[1]))};
    size_t header_count = number_of(*word++);
    for (size_t i = 0; i < header_count && i < PS_SIGV4_HEADERS_MAX; i++)
        headers[i] = text_of(word[i]);
    if (!ps_sigv4_canonical(&r, &canonical) || !ps_sigv4_authorize(&r, &s, &out))
        exit(2);
    print_hex(&canonical);
    putchar(' ');
    print_hex(&out);
    putchar('\n');
    ps_buffer_done(&path);
    ps_buffer_done(&canonical);
    ps_buffer_done(&out);
    texts_len = 0;
}

int main(void)
{
    static char line[1 << 20];
    struct ps_span words[WORDS_MAX];
    while (fgets(line, sizeof line, stdin) != NULL && split(line, words) > 10)
        sign_one(words);
    return 0;
}
