/* SPDX-License-Identifier: Apache-2.0
 *
 * What a hostile service answers: a head, an empty line, a document. Nothing of it may reach a terminal or a receipt as
 * it is, name a host, or make a request be sent that nobody asked for.
 *
 * The first two bytes are the status; the first newline pair ends the head.
 */
#include <stdlib.h>

#include "collector/delivery/delivery_receipt.h"
#include "collector/delivery/presigned_url.h"
#include "formats/json_check.h"

static void must(bool kept)
{
    if (!kept)
        abort();
}

static void is_harmless(struct ps_span text)
{
    for (size_t i = 0; i < text.len; i++)
        must(text.data[i] >= 0x20 && text.data[i] != 0x7f);
}

static void fuzz_words(const struct ps_http_answer *answer, const struct ps_s3_answer *document)
{
    struct ps_delivery_options o = {0};
    struct ps_buffer out = {0};
    ps_s3_add_answer(&out, answer, document);
    ps_s3_add_cause(&out, &o, answer->status & 1, answer, document);
    is_harmless(ps_buffer_span(&out));
    ps_buffer_done(&out);
}

static void fuzz_region(const struct ps_http_answer *answer, const struct ps_s3_answer *document)
{
    struct ps_s3_address a = {.bucket = "evidence", .region = "us-east-1", .https = true};
    struct ps_buffer host = {0};
    if (ps_s3_address_move(&a, ps_s3_region_named(answer, document))) {
        ps_s3_address_host(&a, &host);
        must(ps_span_starts(ps_buffer_span(&host), "evidence.s3."));
        must(ps_span_ends(ps_buffer_span(&host), ".amazonaws.com"));
        for (size_t i = 0; i < host.len; i++)
            must(host.data[i] == '.' || host.data[i] == '-' || (host.data[i] >= '0' && host.data[i] <= '9') ||
                 (host.data[i] >= 'a' && host.data[i] <= 'z'));
    }
    ps_buffer_done(&host);
}

static void fuzz_receipt(const struct ps_http_answer *answer)
{
    struct ps_delivery d = {.address = {.bucket = "evidence"}};
    struct ps_parcel parcel = {.name = "x"};
    struct ps_object_origin origin = {0};
    struct ps_body_digest digest = {0};
    struct ps_json_check check = {0};
    struct ps_json_flaw flaw;
    struct ps_buffer out = {0};
    struct ps_receipt r = {.dest = "s3://evidence/", .parcel = &parcel, .origin = &origin, .digest = &digest,
                           .delivery = &d, .answer = answer, .signature_answer = answer};
    ps_receipt_add(&out, &r);
    must(!out.failed && out.len <= PS_RECEIPT_MAX && out.data[out.len - 1] == '\n' && memchr(out.data, '\n', out.len) == out.data + out.len - 1);
    must(ps_json_check(&check, ps_span_of(out.data, out.len - 1), &flaw));
    ps_json_check_done(&check);
    ps_buffer_done(&out);
}

static void fuzz_list(const struct ps_http_answer *answer)
{
    uint8_t sha256[PS_SHA256_LEN] = {0};
    struct ps_s3_answer document;
    struct ps_buffer out = {0};
    if (ps_multipart_list_add(&out, 0, ps_http_header(answer, "ETag"), sha256)) {
        ps_s3_answer_read(ps_buffer_span(&out), &document);
        must(document.whole && document.etag[0] != '\0');
    }
    ps_buffer_done(&out);
}

static void fuzz_url(struct ps_span text)
{
    char url[2048];
    struct ps_delivery_options o = {0};
    struct ps_error err;
    int64_t ends;
    if (text.len >= sizeof url)
        return;
    memcpy(url, text.data, text.len);
    url[text.len] = '\0';
    if (ps_presigned_check("DEST", url, &o, &err))
        is_harmless(ps_span_text(url));
    (void) !ps_presigned_ends(url, &ends);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ps_http_answer answer = {.trouble = PS_HTTP_ANSWERED};
    struct ps_s3_answer document;
    size_t end = 2;
    if (len < 4)
        return 0;
    answer.status = data[0] << 8 | data[1];
    while (end + 1 < len && !(data[end] == '\n' && data[end + 1] == '\n'))
        end++;
    ps_buffer_add(&answer.head, data + 2, end - 2);
    ps_s3_answer_read(ps_span_of(data + end, len - end), &document);
    must(document.whole == (document.root[0] != '\0'));
    (void) ps_s3_meaning(&answer, &document);
    fuzz_words(&answer, &document);
    fuzz_region(&answer, &document);
    fuzz_receipt(&answer);
    fuzz_list(&answer);
    fuzz_url(ps_span_of(data + 2, len - 2));
    ps_http_answer_done(&answer);
    return 0;
}
