/* SPDX-License-Identifier: Apache-2.0
 *
 * What an endpoint of credentials may be called, and what of its answers is believed.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "collector/delivery/credentials_state.h"

Test(credentials, addresses_that_a_token_may_be_sent_to)
{
    static const char *const good[] = {
        "https://anything.example/x", "http://169.254.170.2/v2", "http://169.254.170.23/v1",
        "http://[fd00:ec2::23]/v1",   "http://[::1]:8080/",      "http://127.0.0.1:51679/c?x=y",
        "http://127.255.1.2/",
    };
    static const char *const bad[] = {
        "",
        "http://",
        "http:///",
        "http://localhost/",
        "http://169.254.169.254/",
        "http://169.254.170.2",
        "http://169.254.170.2.example/",
        "http://169.254.170.20/",
        "http://127.0.0.1.example/",
        "http://127.0.0.1@example/",
        "http://127.0.0.1:80@example/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://128.0.0.1/",
        "http://[::1]example/",
        "http://[::1",
        "http://[::2]/",
        "HTTP://127.0.0.1/",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_expect(ps_credentials_uri_allowed(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(ps_credentials_uri_allowed(bad[i]), "%s", bad[i]);
}

Test(credentials, what_can_be_in_a_header)
{
    cr_expect(ps_credentials_sendable(ps_span_text("IQoJ+/=~!")));
    cr_expect_not(ps_credentials_sendable(ps_span_text("")));
    cr_expect_not(ps_credentials_sendable(ps_span_text("a b")));
    cr_expect_not(ps_credentials_sendable(ps_span_text("a\r\n")));
    cr_expect_not(ps_credentials_sendable(ps_span_text("\x7f")));
    cr_expect_not(ps_credentials_sendable(ps_span_text("\xc3\xa4")));
}

Test(credentials, an_answer_is_read_whole_or_not_at_all)
{
    struct ps_credentials_texts texts;
    const char *why = "";

    cr_assert(sodium_init() >= 0);
    cr_assert(
        ps_credentials_read(ps_span_text("{\"RoleArn\":\"arn:x\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s/+\","
                                         "\"Token\":\"t==\",\"Expiration\":\"2026-11-21T22:00:00Z\",\"New\":[1.5]}"),
                            &texts, &why));
    cr_expect_str_eq(texts.access_key_id, "ASIA");
    cr_expect_str_eq(texts.secret_access_key, "s/+");
    cr_expect_str_eq(texts.session_token, "t==");
    cr_expect_eq(texts.expires, 1795298400);
    ps_credentials_texts_done(&texts);
    cr_expect_null(texts.session_token);

    static const char *const none[] = {
        "",
        "null",
        "{}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":null}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"soon\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Code\":\"Failed\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"} x",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Token\":\"u\"}",
        "{\"AccessKeyId\":\"A\\u000aB\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}",
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        cr_expect_not(ps_credentials_read(ps_span_text(none[i]), &texts, &why), "%s", none[i]);
        cr_expect(texts.access_key_id == NULL && texts.secret_access_key == NULL && texts.session_token == NULL, "%s",
                  none[i]);
        cr_expect(why[0] != '\0', "%s", none[i]);
    }
}

Test(credentials, only_a_plain_word_of_an_error_is_repeated)
{
    char code[64];
    ps_credentials_read_code(ps_span_text("{\"code\":\"InvalidIdInRequest\",\"message\":\"x\"}"), code);
    cr_expect_str_eq(code, "InvalidIdInRequest");
    ps_credentials_read_code(ps_span_text("{\"Code\":\"Failed\"}"), code);
    cr_expect_str_eq(code, "Failed");
    static const char *const none[] = {
        "",
        "[]",
        "{\"code\":7}",
        "{\"code\":\"\"}",
        "{\"code\":\"a b\"}",
        "{\"code\":\"\\u001b\"}",
        "{\"code\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ps_credentials_read_code(ps_span_text(none[i]), code);
        cr_expect_str_eq(code, "", "%s", none[i]);
    }
}
