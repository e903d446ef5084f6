/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/delivery_receipt.h"

#include "collector/delivery/presigned_url.h"
#include "formats/json.h"
#include "formats/timestamp.h"

/* S3's own values are shorter (a version id has at most 1024 bytes), and have no NUL in them, which no reader of JSON
 * takes either; of others the beginning is kept, and it is said that there was more. */
enum { VALUE_MAX = 256, VERSION_ID_MAX = 1024 };

static void add_header(struct ps_json *j, const char *name, const struct ps_http_answer *answer, const char *header,
                       size_t most, bool *cut)
{
    struct ps_span value = ps_http_header(answer, header);
    size_t len = 0;

    while (len < value.len && len < most && value.data[len] != '\0')
        len++;
    *cut |= len < value.len;
    if (len > 0)
        ps_json_bytes(j, name, ps_span_of(value.data, len));
    else
        ps_json_null(j, name);
}

static void add_answer(struct ps_json *j, const char *name, const struct ps_http_answer *answer)
{
    if (answer == NULL) {
        ps_json_null(j, name);
        return;
    }
    bool cut = false;
    ps_json_object(j, name);
    ps_json_i64(j, "status", answer->status);
    add_header(j, "request_id", answer, "x-amz-request-id", VALUE_MAX, &cut);
    add_header(j, "id_2", answer, "x-amz-id-2", VALUE_MAX, &cut);
    add_header(j, "etag", answer, "ETag", VALUE_MAX, &cut);
    add_header(j, "version_id", answer, "x-amz-version-id", VERSION_ID_MAX, &cut);
    add_header(j, "checksum_sha256", answer, "x-amz-checksum-sha256", VALUE_MAX, &cut);
    if (cut)
        ps_json_bool(j, "cut", true);
    ps_json_object_end(j);
}

static void add_head(struct ps_json *j, const struct ps_receipt *r)
{
    const struct ps_object_origin *from = r->origin;
    char text[2 * PS_SHA256_LEN + 1];

    if (!from->has_head) {
        static const char *const names[] = {"bundle", "seq", "root", "pk", "head_line"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            ps_json_null(j, names[i]);
        return;
    }
    ps_json_text(j, "bundle", from->head.bundle);
    ps_json_u64(j, "seq", from->head.seq);
    ps_hex_text(ps_span_of(from->head.root, PS_SHA256_LEN), text);
    ps_json_text(j, "root", text);
    ps_public_key_text(&from->head.pk, text);
    ps_json_text(j, "pk", text);
    ps_json_text(j, "head_line", r->parcel->head_line);
}

static void add_destination(struct ps_json *j, const struct ps_receipt *r)
{
    struct ps_buffer text = {0};

    if (r->delivery->presigned)
        ps_buffer_add_span(&text, ps_presigned_place(r->dest));
    else
        ps_buffer_addf(&text, "s3://%s/%s%s", r->delivery->address.bucket, r->delivery->address.prefix,
                       r->parcel->name);
    ps_json_bytes(j, "destination", ps_buffer_span(&text));
    j->out->failed |= text.failed;
    ps_buffer_done(&text);
}

void ps_receipt_add(struct ps_buffer *out, const struct ps_receipt *r)
{
    struct ps_json j = ps_json_into(out);
    char text[2 * PS_SHA256_LEN + 1], when[PS_TIMESTAMP_SIZE];

    ps_json_object(&j, NULL);
    ps_json_u64(&j, "v", 1);
    ps_json_text(&j, "kind", "procsnap-receipt");
    add_head(&j, r);
    ps_json_bytes(&j, "file", ps_span_text(r->parcel->name));
    ps_json_u64(&j, "size", r->digest->size);
    ps_hex_text(ps_span_of(r->digest->whole.sha256, PS_SHA256_LEN), text);
    ps_json_text(&j, "sha256", text);
    add_destination(&j, r);
    ps_timestamp(r->delivered_us, when);
    ps_json_text(&j, "delivered", when);
    ps_json_u64(&j, "tries", 1 + r->delivery->repeats);
    if (r->delivery->clock_moved)
        ps_json_i64(&j, "clock_offset_s", r->delivery->clock_offset_s);
    else
        ps_json_null(&j, "clock_offset_s");
    ps_json_bool(&j, "certain", r->certain);
    add_answer(&j, "answer", r->answer);
    add_answer(&j, "signature_answer", r->signature_answer);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}
