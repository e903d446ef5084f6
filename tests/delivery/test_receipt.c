/* SPDX-License-Identifier: Apache-2.0
 *
 * Receipts are kept for years and read by others: whatever a service answers, one is a line of JSON.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "collector/delivery/delivery_receipt.h"
#include "formats/json_check.h"

/* The receipt of an answer with that head, as text. */
static const char *receipt_of(const char *head, size_t len)
{
    static char text[PS_RECEIPT_MAX + 1];
    struct ps_delivery d = {.address = {.bucket = "evidence"}};
    struct ps_http_answer answer = {.trouble = PS_HTTP_ANSWERED, .status = 200};
    struct ps_parcel parcel = {.name = "x"};
    struct ps_object_origin origin = {0};
    struct ps_body_digest digest = {0};
    struct ps_receipt r = {.dest = "s3://evidence/", .parcel = &parcel, .origin = &origin, .digest = &digest,
                           .delivery = &d, .certain = true, .answer = &answer};
    struct ps_json_check check = {0};
    struct ps_json_flaw flaw;
    struct ps_buffer out = {0};

    ps_buffer_add(&answer.head, head, len);
    ps_receipt_add(&out, &r);
    cr_assert(not(out.failed));
    cr_assert(out.len > 1 && out.len <= PS_RECEIPT_MAX);
    cr_expect(ps_json_check(&check, ps_span_of(out.data, out.len - 1), &flaw), "%.*s", (int) out.len, (char *) out.data);
    memcpy(text, out.data, out.len);
    text[out.len] = '\0';
    ps_json_check_done(&check);
    ps_buffer_done(&out);
    ps_http_answer_done(&answer);
    return text;
}

Test(receipt, holds_what_the_service_said)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nx-amz-request-id: 4442587FB7D0A2F9\r\nETag: \"6805f2cf\"\r\n";
    const char *text = receipt_of(head, sizeof head - 1);
    cr_expect(strstr(text, "\"request_id\":\"4442587FB7D0A2F9\"") != NULL, "%s", text);
    cr_expect(strstr(text, "\"etag\":\"\\\"6805f2cf\\\"\"") != NULL, "%s", text);
    cr_expect(strstr(text, "\"cut\"") == NULL, "%s", text);
}

Test(receipt, a_value_ends_at_its_first_nul)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nx-amz-request-id: 4442\0hidden\r\nx-amz-id-2: \0\r\n";
    const char *text = receipt_of(head, sizeof head - 1);
    cr_expect(strstr(text, "\"request_id\":\"4442\"") != NULL, "%s", text);
    cr_expect(strstr(text, "\"id_2\":null") != NULL, "%s", text);
    cr_expect(strstr(text, "\"cut\":true") != NULL, "%s", text);
}
