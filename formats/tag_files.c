/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tag_files.h"

#include "formats/json.h"
#include "formats/timestamp.h"

/* A BagIt value is a line: what would end or hide it is shown as a blank, and what is not UTF-8 as question marks. The
 * exact text of the case fields is in data/meta.json. */
static void add_value(struct ps_buffer *out, struct ps_span value)
{
    bool utf8 = ps_json_lossless(value);
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        if (byte < 0x20 || byte == 0x7f)
            byte = ' ';
        else if (byte >= 0x80 && !utf8)
            byte = '?';
        ps_buffer_add_byte(out, byte);
    }
}

static void add_field(struct ps_buffer *out, const char *label, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    ps_buffer_add_text(out, label);
    ps_buffer_add_text(out, ": ");
    add_value(out, ps_span_text(value));
    ps_buffer_add_byte(out, '\n');
}

void ps_tag_bag_info(const struct ps_tagged *about, const struct ps_seal_facts *facts, struct ps_buffer *out)
{
    char date[PS_TIMESTAMP_SIZE];
    ps_timestamp_date(facts->time * 1000000, date);
    add_field(out, "Bag-Software-Agent", facts->software_agent);
    add_field(out, "Bagging-Date", date);
    ps_buffer_add_text(out, "Payload-Oxum: ");
    ps_buffer_add_u64(out, about->payload_bytes);
    ps_buffer_add_byte(out, '.');
    ps_buffer_add_u64(out, about->payload_members);
    ps_buffer_add_byte(out, '\n');
    add_field(out, "Internal-Sender-Identifier", about->bundle);
    add_field(out, "Bag-Group-Identifier", facts->chain_id);
    add_field(out, "External-Identifier", facts->case_id);
    add_field(out, "External-Description", facts->purpose);
    add_field(out, "Contact-Name", facts->examiner);
    add_field(out, "Evidence-Identifier", facts->evidence_id);
    add_field(out, "Authority", facts->authority);
    add_field(out, "Case-Officer", facts->case_officer);
    for (size_t i = 0; about->to != NULL && i < about->to->count; i++) {
        char recipient[PS_AGE_RECIPIENT_TEXT + 1];
        ps_age_recipient_text(&about->to->list[i], recipient);
        add_field(out, PS_TAG_ENCRYPTED_TO, recipient);
    }
}

/* A text, or null when it was not stated. */
static void add_text(struct ps_json *j, const char *name, const char *text)
{
    if (text != NULL)
        ps_json_bytes(j, name, ps_span_text(text));
    else
        ps_json_null(j, name);
}

static void add_key(struct ps_json *j, const char *name, const struct ps_public_key *key)
{
    char text[PS_PUBLIC_KEY_TEXT + 1];
    if (key != NULL)
        ps_public_key_text(key, text);
    ps_json_text(j, name, key != NULL ? text : NULL);
}

void ps_tag_chain(const struct ps_tagged *about, const struct ps_seal_facts *facts, struct ps_buffer *out)
{
    char root[2 * PS_SHA256_LEN + 1];
    if (facts->prev_root != NULL)
        ps_hex_text(ps_span_of(facts->prev_root, PS_SHA256_LEN), root);

    struct ps_json j = ps_json_into(out);
    ps_json_object(&j, NULL);
    ps_json_u64(&j, "v", 1);
    ps_json_text(&j, "chain_id", facts->chain_id);
    ps_json_u64(&j, "seq", about->seq);
    ps_json_text(&j, "prev_root", facts->prev_root != NULL ? root : NULL);
    add_key(&j, "pk", ps_signing_key_public(facts->key));
    add_key(&j, "next_pk", facts->next_key);
    if (facts->interval_s > 0)
        ps_json_u64(&j, "interval_s", facts->interval_s);
    else
        ps_json_null(&j, "interval_s");
    add_text(&j, "boot_id", facts->boot_id);
    ps_json_u64(&j, "started_boottime_us", facts->started_boottime_us);
    ps_json_u64(&j, "finished_boottime_us", facts->finished_boottime_us);
    ps_json_text(&j, "reason", facts->reason);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

void ps_tag_custody(const struct ps_tagged *about, const struct ps_seal_facts *facts, struct ps_buffer *out)
{
    char time[PS_TIMESTAMP_SIZE];
    ps_timestamp(facts->time * 1000000, time);
    struct ps_json j = ps_json_into(out);
    ps_json_object(&j, NULL);
    ps_json_text(&j, "time", time);
    add_text(&j, "who", facts->examiner);
    ps_json_text(&j, "action", "acquired");
    ps_json_text(&j, "bundle", about->bundle);
    ps_json_null(&j, "prev_line_sha256");
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

/* minisign allows no control characters (C0, DEL, C1) in a comment, and the whole of it at most 8 KiB. */
static bool can_be_said(struct ps_span text)
{
    if (text.len == 0 || text.len > 4096 || !ps_json_lossless(text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && text.data[i + 1] < 0xa0))
            return false;
    }
    return true;
}

void ps_tag_trusted_comment(const struct ps_tagged *about, const struct ps_seal_facts *facts, const char *file,
                            struct ps_buffer *out)
{
    ps_buffer_add_text(out, "timestamp:");
    ps_buffer_add_i64(out, facts->time);
    ps_buffer_add_text(out, "\tfile:");
    /* A name that cannot stand in a comment is replaced: it is a hint for people, and must not prevent the seal. */
    if (can_be_said(ps_span_text(file)))
        ps_buffer_add_text(out, file);
    else
        ps_buffer_add_byte(out, '-');
    ps_buffer_addf(out, "\thashed\tbundle:%s\tchain:%s\tseq:", about->bundle, facts->chain_id);
    ps_buffer_add_u64(out, about->seq);
    ps_buffer_add_text(out, "\tprev:");
    if (facts->prev_root != NULL)
        ps_hex_add(out, ps_span_of(facts->prev_root, 8));
    else
        ps_buffer_add_byte(out, '-');
}
