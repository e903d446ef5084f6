/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of an HTTP exchange that need no server: headers of an answer, and the embedded certificate authorities.
 */
#include <criterion/criterion.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "collector/delivery/http.h"
#include "collector/delivery/trust_roots.h"

static struct ps_http_answer answer_with(const char *head)
{
    struct ps_http_answer answer = {0};
    ps_buffer_add_text(&answer.head, head);
    return answer;
}

static void expect_header(const char *head, const char *name, const char *want)
{
    struct ps_http_answer answer = answer_with(head);
    struct ps_span got = ps_http_header(&answer, name);
    cr_expect(ps_span_is(got, want), "%s of %s: %.*s", name, head, (int) got.len, (const char *) got.data);
    ps_http_answer_done(&answer);
}

Test(http, headers_by_name)
{
    static const char head[] =
        "HTTP/1.1 200 OK\r\nETag: \"a:b\"\r\nx-amz-request-id:\t 4Q \t\r\nX-Twice: 1\r\nx-twice: 2\r\n"
        "Empty:\r\nX-Long-Name: no\r\n folded: no\r\nlast: x";
    expect_header(head, "etag", "\"a:b\"");
    expect_header(head, "X-Amz-Request-Id", "4Q");
    expect_header(head, "x-twice", "2");
    expect_header(head, "empty", "");
    expect_header(head, "x-long", "");
    expect_header(head, "HTTP/1.1 200 OK", "");
    expect_header(head, "folded", "");
    expect_header(head, "last", "x");
    expect_header("", "x", "");
    expect_header("x", "x", "");
}

Test(http, a_wrong_request_is_refused_before_anything_is_sent)
{
    static const char *const headers[] = {"X: y\nZ: w", NULL};
    struct ps_http_options options = {0};
    struct ps_http_answer answer;
    struct ps_error err = {0};
    struct ps_http *http = ps_http_new(&options, &err);
    struct ps_http_request request = {.method = "GET", .url = "http://127.0.0.1:1/", .headers = headers, .body_fd = -1};

    cr_assert_not_null(http);
    cr_expect_not(ps_http_exchange(http, &request, &answer, &err));
    cr_expect_eq(answer.trouble, PS_HTTP_BAD_URL);
    cr_expect_eq(answer.status, 0);
    ps_http_answer_done(&answer);
    ps_http_free(http);
    ps_http_free(NULL);
}

/* Those that S3 stands on, in every region. */
Test(http, the_embedded_authorities)
{
    struct ps_error err = {0};
    X509_STORE *store = ps_trust_roots(NULL, &err);
    size_t amazon = 0;

    cr_assert_not_null(store, "%s", err.text);
    STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
    cr_expect_eq(sk_X509_OBJECT_num(all), (int) ps_packed_roots.count);
    for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
        char name[256];
        X509_NAME_oneline(X509_get_subject_name(X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i))), name,
                          sizeof name);
        amazon += strstr(name, "CN=Amazon Root CA ") != NULL;
    }
    cr_expect_eq(amazon, 4);
    X509_STORE_free(store);
}
