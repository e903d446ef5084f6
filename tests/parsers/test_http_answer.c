/* SPDX-License-Identifier: Apache-2.0
 *
 * An answer as it comes in, byte by byte: when is it whole.
 */
#include "parsers/http_answer.h"

#include <criterion/criterion.h>

#include <string.h>

#include "formats/record_json.h"

#define HEAD "HTTP/1.1 200 OK\r\nDate: today\r\n"

/* The length at which the answer is first what `want` says, or 0. */
static size_t first(const char *text, enum ps_http_state want)
{
    struct ps_http_answer answer;
    size_t chunks = 0;
    struct ps_span all = ps_span_text(text);
    for (size_t len = 0; len <= all.len; len++)
        if (ps_http_answer_read(ps_span_of(all.data, len), &chunks, &answer) == want)
            return len;
    return 0;
}

Test(http_answer, whole_when_so_much_has_come_as_it_tells_of)
{
    static const char with_length[] = HEAD "Content-Length: 2\r\n\r\n{}";
    static const char in_chunks[] = HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
    cr_assert_eq(first(with_length, PS_HTTP_WHOLE), sizeof with_length - 1);
    cr_assert_eq(first(in_chunks, PS_HTTP_WHOLE), sizeof in_chunks - 1);
    cr_assert_eq(first(HEAD "\r\n{}", PS_HTTP_OPEN), sizeof HEAD "\r\n" - 1);
    cr_assert_eq(first("HTTP/2 200\r\n\r\n", PS_HTTP_NONE), sizeof "HTTP/2" - 1);
    cr_assert_eq(first("SSH", PS_HTTP_NONE), 1);
}

Test(http_answer, bytes_behind_the_end_are_told)
{
    struct ps_buffer lines = {0};
    size_t issues = ps_parse_lines(&lines, &ps_parser_ecs_task, ps_span_text(HEAD "Content-Length: 1\r\n\r\n{}"));
    cr_assert_eq(issues, 1);
    ps_buffer_add_byte(&lines, 0);
    cr_assert(strstr((const char *) lines.data, "bytes behind the end of the answer"));
    ps_buffer_done(&lines);
}

Test(http_answer, chunks_that_were_read_are_not_read_again)
{
    struct ps_http_answer answer;
    struct ps_buffer text = {0};
    size_t chunks = 0;
    ps_buffer_add_text(&text, HEAD "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 1; i <= 20000; i++) {
        ps_buffer_add_text(&text, "1\r\nx\r\n");
        cr_assert_eq(ps_http_answer_read(ps_buffer_span(&text), &chunks, &answer), PS_HTTP_MORE);
        cr_assert_eq(chunks, 6 * i);
    }
    ps_buffer_done(&text);
}
