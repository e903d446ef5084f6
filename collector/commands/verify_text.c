/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/verify_text.h"

#include <string.h>

#include "formats/json.h"
#include "formats/printable.h"
#include "formats/quantity.h"
#include "formats/timestamp.h"

static const char *const ranks[] = {
    [PS_FINDING_NOTE] = "note",         [PS_FINDING_LOCKED] = "encrypted",
    [PS_FINDING_INCOMPLETE] = "incomplete", [PS_FINDING_CONTENT] = "malformed",
    [PS_FINDING_TAMPERED] = "tampered", [PS_FINDING_STRUCTURE] = "malformed",   [PS_FINDING_FILE] = "tampered",
};

/* What to do with each verdict. */
static const char *const next_steps[] = {
    [PS_VERIFY_OK] = "Look into it: procsnap show ",
    [PS_VERIFY_UNPINNED] =
        "The signature is valid, but any key could have made it. Take pk= from the EVIDENCE line, and pin it:\n"
        "  procsnap verify --key PK ",
    [PS_VERIFY_INCOMPLETE] =
        "The seal is missing: what is there can be read, and proves nothing. Copy the file again, or collect\n"
        "again. To look into it: procsnap show ",
    [PS_VERIFY_TAMPERED] =
        "This is not what was sealed, or not what you meant: compare with the EVIDENCE line that you kept. Keep it\n"
        "as it is, fetch another copy, and do not build on ",
    [PS_VERIFY_MALFORMED] =
        "What is malformed is not by the rules of the format, and no tool should be trusted with it. Fetch another\n"
        "copy of ",
    [PS_VERIFY_ENCRYPTED] = "Nothing in it was looked at. Name the identity file of one of its recipients:\n"
                            "  procsnap verify --identity FILE ",
};

static void add_text(struct ps_buffer *out, const char *text)
{
    ps_printable_add(out, ps_span_text(text));
}

static void add_line(struct ps_buffer *out, const char *label, const char *text)
{
    ps_buffer_addf(out, "  %-13s ", label);
    add_text(out, text);
    ps_buffer_add_byte(out, '\n');
}

void ps_verify_first_line(const struct ps_verify_report *r, struct ps_buffer *out)
{
    ps_buffer_add_text(out, ps_verify_name(r->verdict));
    ps_buffer_add_text(out, "  ");
    if (r->verdict == PS_VERIFY_ENCRYPTED)
        ps_quantity_count(out, r->stanzas, "X25519 recipient, whom the file does not name",
                          "X25519 recipients, whom the file does not name");
    else
        add_text(out, r->bundle != NULL ? r->bundle : "(no bundle id)");
    if (r->sealed_early != NULL) {
        ps_buffer_add_text(out, "  sealed early: ");
        add_text(out, r->sealed_early);
        ps_buffer_add_text(out, ", ");
        ps_buffer_add_u64(out, r->captures - (r->skipped < r->captures ? r->skipped : r->captures));
        ps_buffer_add_text(out, " of ");
        ps_quantity_count(out, r->captures, "capture", "captures");
    }
}

static void add_signer(const struct ps_verify_report *r, struct ps_buffer *out)
{
    char id[2 * PS_KEY_ID_LEN + 1], pk[PS_PUBLIC_KEY_TEXT + 1], when[PS_TIMESTAMP_SIZE];

    if (r->verdict == PS_VERIFY_ENCRYPTED && r->outer_signed)
        ps_buffer_addf(out, "  %-13s signed by the key that you pinned: no byte of it has changed since\n",
                       "whole file");
    if (!r->has_chain)
        return;
    ps_key_id_text(r->head.pk.id, id);
    ps_public_key_text(&r->head.pk, pk);
    ps_buffer_addf(out, "  %-13s key %s, %s\n", r->inner_signed ? "signed by" : "names", id,
                   r->pinned      ? "the one that you pinned"
                   : r->other_key ? "not the one that you pinned"
                                  : "which nobody vouches for: no --key was given");
    ps_buffer_addf(out, "  %-13s %s\n", "public key", pk);
    if (r->signed_at > 0 && r->signed_at < INT64_MAX / 1000000) {
        ps_timestamp(r->signed_at * 1000000, when);
        ps_buffer_addf(out, "  %-13s %s, says the machine's clock\n", "signed", when);
    }
    ps_buffer_addf(out, "  %-13s %s\n", "whole file",
                   r->outer_signed ? "signed by the same key" : "no good signature beside it");
}

static void add_recipient(struct ps_buffer *out, const char *label, const struct ps_age_recipient *recipient,
                          const char *what)
{
    char text[PS_AGE_RECIPIENT_TEXT + 1];

    ps_age_recipient_text(recipient, text);
    ps_buffer_addf(out, "  %-13s %s%s\n", label, text, what);
}

static void add_recipients(const struct ps_verify_report *r, struct ps_buffer *out)
{
    const struct ps_age_recipients *to = &r->encrypted_to;

    for (size_t i = 0; i < to->count; i++)
        add_recipient(out, i == 0 ? "encrypted to" : "", &to->list[i],
                      r->opened && memcmp(&to->list[i], &r->opened_by, sizeof r->opened_by) == 0
                          ? ", whose identity opened it"
                          : "");
    if (r->opened && !ps_age_recipients_have(to, &r->opened_by))
        add_recipient(out, "opened by", &r->opened_by, ", whom the seal does not name");
}

static void add_case(const struct ps_verify_report *r, struct ps_buffer *out)
{
    const struct {
        const char *name, *value;
    } stated[] = {{"case", r->case_id},   {"examiner", r->examiner},   {"evidence id", r->evidence_id},
                  {"reason", r->purpose}, {"authority", r->authority}, {"case officer", r->case_officer}};

    bool any = false;

    for (size_t i = 0; i < sizeof stated / sizeof stated[0]; i++)
        if (stated[i].value != NULL)
            add_line(out, stated[i].name, stated[i].value);
    for (size_t i = 0; i < sizeof stated / sizeof stated[0]; i++) {
        if (stated[i].value != NULL)
            continue;
        if (any)
            ps_buffer_addf(out, ", %s", stated[i].name);
        else
            ps_buffer_addf(out, "  %-13s %s", "not stated", stated[i].name);
        any = true;
    }
    if (any)
        ps_buffer_add_byte(out, '\n');
}

static void add_captures(const struct ps_verify_report *r, struct ps_buffer *out)
{
    bool any = false;

    ps_buffer_addf(out, "  %-13s ", "captures");
    ps_buffer_add_u64(out, r->captures);
    for (unsigned i = PS_COMPLETE + 1; i < PS_OUTCOMES; i++) {
        if (r->outcomes[i] == 0)
            continue;
        ps_buffer_add_text(out, any ? ", " : ", of them ");
        ps_buffer_add_u64(out, r->outcomes[i]);
        ps_buffer_addf(out, " %s", ps_outcome_name((enum ps_outcome) i));
        any = true;
    }
    ps_buffer_add_text(out, r->matched ? "; each byte of the packs belongs to one\n" : "\n");
}

static void add_content(const struct ps_verify_report *r, struct ps_buffer *out)
{
    char when[PS_TIMESTAMP_SIZE];

    if (r->has_meta) {
        ps_timestamp((int64_t) r->realtime_us, when);
        ps_buffer_addf(out, "  %-13s %s, by procsnap ", "collected", when);
        add_text(out, r->tool_version != NULL ? r->tool_version : "of unknown version");
        ps_buffer_add_byte(out, '\n');
        add_case(r, out);
    }
    ps_buffer_addf(out, "  %-13s ", "holds");
    ps_quantity_count(out, r->members, "member", "members");
    ps_buffer_add_text(out, ", ");
    ps_quantity_bytes(out, r->payload_bytes);
    ps_buffer_add_text(out, " of payload, ");
    ps_quantity_count(out, r->record_lines, "record", "records");
    ps_buffer_add_byte(out, '\n');
    add_captures(r, out);
    if (!r->rederived)
        return;
    ps_buffer_addf(out, "  %-13s ", "derived again");
    ps_quantity_count(out, r->parts, "part of the records", "parts of the records");
    ps_buffer_add_text(out, r->parts_differ == 0 ? ", all identical" : ", ");
    if (r->parts_differ > 0) {
        ps_buffer_add_u64(out, r->parts_differ);
        ps_buffer_add_text(out, r->parser_changed ? " differ: PARSER-CHANGED" : " differ");
    }
    ps_buffer_add_byte(out, '\n');
}

static void add_findings(const struct ps_verify_report *r, struct ps_buffer *out)
{
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct ps_finding *f = &r->findings[i];
        ps_buffer_addf(out, "%s: ", ranks[f->rank]);
        if (f->about_len > 0) {
            ps_printable_add(out, ps_span_of(f->about, f->about_len));
            if (f->line > 0) {
                ps_buffer_add_text(out, ", line ");
                ps_buffer_add_u64(out, f->line);
            }
            ps_buffer_add_text(out, ": ");
        }
        ps_buffer_add_text(out, f->what);
        ps_buffer_add_byte(out, '\n');
    }
    if (r->findings_dropped > 0) {
        ps_buffer_add_text(out, "and ");
        ps_buffer_add_u64(out, r->findings_dropped);
        ps_buffer_add_text(out, " more findings\n");
    }
}

void ps_verify_text(const struct ps_verify_report *r, const char *name, struct ps_buffer *out)
{
    char root[2 * PS_SHA256_LEN + 1];

    ps_verify_first_line(r, out);
    ps_buffer_add_byte(out, '\n');
    add_signer(r, out);
    if (r->has_root) {
        ps_hex_text(ps_span_of(r->head.root, sizeof r->head.root), root);
        ps_buffer_addf(out, "  %-13s %s\n", "root", root);
    }
    add_recipients(r, out);
    if (r->verdict != PS_VERIFY_ENCRYPTED)
        add_content(r, out);
    add_findings(r, out);
    ps_buffer_add_text(out, next_steps[r->verdict]);
    add_text(out, strcmp(name, "-") != 0 ? name : "BUNDLE");
    ps_buffer_add_byte(out, '\n');
}

static void json_text(struct ps_json *j, const char *name, const char *text)
{
    if (text != NULL)
        ps_json_bytes(j, name, ps_span_text(text));
    else
        ps_json_null(j, name);
}

static void json_seal(const struct ps_verify_report *r, struct ps_json *j)
{
    char root[2 * PS_SHA256_LEN + 1], pk[PS_PUBLIC_KEY_TEXT + 1], id[2 * PS_KEY_ID_LEN + 1];
    const struct ps_age_recipients opened_by = {{r->opened_by}, r->opened};

    ps_hex_text(ps_span_of(r->head.root, sizeof r->head.root), root);
    ps_public_key_text(&r->head.pk, pk);
    ps_key_id_text(r->head.pk.id, id);
    ps_json_text(j, "root", r->has_root ? root : NULL);
    ps_json_text(j, "pk", r->has_chain ? pk : NULL);
    ps_json_text(j, "key_id", r->has_chain ? id : NULL);
    ps_json_bool(j, "pinned", r->pinned);
    ps_json_bool(j, "inner_signed", r->inner_signed);
    ps_json_bool(j, "outer_signed", r->outer_signed);
    ps_json_i64(j, "signed_at", r->signed_at);
    json_text(j, "chain_id", r->chain_id);
    json_text(j, "chain_reason", r->reason);
    ps_json_bool(j, "encrypted", r->encrypted);
    ps_json_u64(j, "stanzas", r->stanzas);
    ps_age_recipients_json(&r->encrypted_to, j, "encrypted_to");
    ps_age_recipients_json(&opened_by, j, "opened_by");
}

static void json_content(const struct ps_verify_report *r, struct ps_json *j)
{
    ps_json_u64(j, "realtime_us", r->realtime_us);
    json_text(j, "tool_version", r->tool_version);
    json_text(j, "boot_id", r->boot_id);
    ps_json_object(j, "case");
    json_text(j, "id", r->case_id);
    json_text(j, "examiner", r->examiner);
    json_text(j, "evidence_id", r->evidence_id);
    json_text(j, "reason", r->purpose);
    json_text(j, "authority", r->authority);
    json_text(j, "case_officer", r->case_officer);
    ps_json_object_end(j);
    json_text(j, "sealed_early", r->sealed_early);
    ps_json_u64(j, "skipped", r->skipped);
    ps_json_u64(j, "members", r->members);
    ps_json_u64(j, "payload_bytes", r->payload_bytes);
    ps_json_u64(j, "captures", r->captures);
    ps_json_object(j, "outcomes");
    for (unsigned i = 0; i < PS_OUTCOMES; i++)
        ps_json_u64(j, ps_outcome_name((enum ps_outcome) i), r->outcomes[i]);
    ps_json_object_end(j);
    ps_json_bool(j, "matched", r->matched);
    ps_json_u64(j, "record_lines", r->record_lines);
    ps_json_bool(j, "rederived", r->rederived);
    ps_json_bool(j, "parser_changed", r->parser_changed);
    ps_json_u64(j, "parts", r->parts);
    ps_json_u64(j, "parts_differ", r->parts_differ);
}

void ps_verify_json(const struct ps_verify_report *r, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);

    ps_json_object(&j, NULL);
    ps_json_text(&j, "verdict", ps_verify_name(r->verdict));
    ps_json_i64(&j, "exit", ps_verify_exit(r->verdict));
    json_text(&j, "bundle", r->bundle);
    ps_json_u64(&j, "seq", r->seq);
    json_seal(r, &j);
    json_content(r, &j);
    ps_json_array(&j, "findings");
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct ps_finding *f = &r->findings[i];
        ps_json_object(&j, NULL);
        ps_json_text(&j, "rank", ranks[f->rank]);
        ps_json_text(&j, "what", f->what);
        if (f->about_len > 0)
            ps_json_bytes(&j, "about", ps_span_of(f->about, f->about_len));
        if (f->line > 0)
            ps_json_u64(&j, "line", f->line);
        ps_json_object_end(&j);
    }
    ps_json_array_end(&j);
    ps_json_u64(&j, "findings_dropped", r->findings_dropped);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}
