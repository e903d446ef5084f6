/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/receipt.h"

#include <string.h>

#include "formats/json_value.h"

static bool take_hash(const cJSON *tree, const char *name, uint8_t out[PS_SHA256_LEN])
{
    const char *text = ps_json_string(ps_json_get(tree, name));
    return text != NULL && ps_hex_decode(ps_span_text(text), out, PS_SHA256_LEN);
}

static bool take_key(const cJSON *tree, struct ps_public_key *out)
{
    const char *text = ps_json_string(ps_json_get(tree, "pk"));
    struct ps_error ignored;
    return text != NULL && strlen(text) == PS_PUBLIC_KEY_TEXT && ps_public_key_read(ps_span_text(text), out, &ignored);
}

static bool take_bundle(const cJSON *tree, char out[PS_BUNDLE_ID_LEN + 1])
{
    const char *text = ps_json_string(ps_json_get(tree, "bundle"));
    int64_t time;
    if (text == NULL || !ps_bundle_id_read(ps_span_text(text), &time))
        return false;
    memcpy(out, text, PS_BUNDLE_ID_LEN + 1);
    return true;
}

/* Absent is fine, something else than a number is not. */
static bool take_number(const cJSON *tree, const char *name, bool *has, uint64_t *out)
{
    const cJSON *value = ps_json_get(tree, name);
    *has = value != NULL && !cJSON_IsNull(value);
    return !*has || ps_json_number(value, out);
}

static bool take_head(const cJSON *tree, struct ps_receipt_seen *out)
{
    const cJSON *value = ps_json_get(tree, "head_line");
    const char *text = ps_json_string(value);
    out->has_head = value != NULL && !cJSON_IsNull(value);
    return !out->has_head || (text != NULL && ps_head_line_read(ps_span_text(text), &out->head));
}

/* "name value", with a comma before all but the first. What does not fit is left out: nothing depends on it. */
static void add_claim(struct ps_receipt_seen *r, const char *name, const cJSON *value)
{
    const char *text = ps_json_string(value);
    size_t len = strlen(name), room = sizeof r->claims - r->claims_len, more = text != NULL ? strlen(text) : 0;
    if (text == NULL || more == 0 || len + more + 3 > room)
        return;
    char *at = r->claims + r->claims_len;
    if (r->claims_len > 0)
        *at++ = ',', *at++ = ' ';
    memcpy(at, name, len);
    at += len;
    *at++ = ' ';
    memcpy(at, text, more);
    r->claims_len = (size_t) (at + more - r->claims);
}

static void take_claims(const cJSON *tree, struct ps_receipt_seen *out)
{
    static const char *const names[] = {"delivered", "destination", "received", "caller", "session_id",
                                        "binary_sha256"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add_claim(out, names[i], ps_json_get(tree, names[i]));
    const cJSON *answer = ps_json_get(tree, "answer");
    for (const cJSON *item = cJSON_IsObject(answer) ? answer->child : NULL; item != NULL; item = item->next)
        add_claim(out, item->string, item);
}

static const char *read_tree(const cJSON *tree, struct ps_receipt_seen *out)
{
    const char *kind = ps_json_string(ps_json_get(tree, "kind"));
    uint64_t version = 0;
    if (kind == NULL || strcmp(kind, "procsnap-receipt") != 0)
        return "no receipt of procsnap: its kind is another one";
    if (!ps_json_number(ps_json_get(tree, "v"), &version) || version != 1)
        return "a version that this procsnap does not know";
    if (!take_hash(tree, "sha256", out->sha256))
        return "no SHA-256 of the bundle file in 64 hex digits";
    out->has_names = !cJSON_IsNull(ps_json_get(tree, "bundle")) || !cJSON_IsNull(ps_json_get(tree, "root"));
    if (out->has_names && !take_bundle(tree, out->bundle))
        return "no bundle id";
    if (out->has_names && (!take_hash(tree, "root", out->root) || !take_key(tree, &out->pk)))
        return "no root in 64 hex digits, or no public key";
    if (!take_number(tree, "seq", &out->has_seq, &out->seq) || !take_number(tree, "size", &out->has_size, &out->size))
        return "seq or size is no number";
    if (!take_head(tree, out))
        return "its head line is none";
    take_claims(tree, out);
    return NULL;
}

const char *ps_receipt_read(struct ps_span text, struct ps_receipt_seen *out)
{
    /* Another machine's answer may hold numbers with a fraction; ours are whole all the same. */
    struct ps_json_check check = {.fractions = true};
    struct ps_json_flaw flaw = {.why = NULL};
    *out = (struct ps_receipt_seen){0};
    cJSON *tree = ps_json_parse(&check, text, &flaw);
    const char *why = tree != NULL ? read_tree(tree, out) : flaw.why;
    cJSON_Delete(tree);
    ps_json_check_done(&check);
    return why;
}

static bool is_of(const struct ps_receipt_seen *r, const char *bundle, const uint8_t *sha256)
{
    if (r->has_names)
        return strcmp(r->bundle, bundle) == 0;
    return sha256 != NULL && memcmp(r->sha256, sha256, PS_SHA256_LEN) == 0;
}

/* A bundle may go to two places: what it is stays the same. */
static bool agree(const struct ps_receipt_seen *a, const struct ps_receipt_seen *b)
{
    bool named = a->has_names && b->has_names;
    return memcmp(a->sha256, b->sha256, PS_SHA256_LEN) == 0 &&
           (!named || (memcmp(a->root, b->root, PS_SHA256_LEN) == 0 && ps_public_key_equal(&a->pk, &b->pk)));
}

const char *ps_receipt_find(struct ps_span text, const char *bundle, const uint8_t *sha256, struct ps_receipt_seen *out)
{
    struct ps_cursor in = ps_cursor_over(text);
    struct ps_receipt_seen one;
    struct ps_span line;
    size_t found = 0;
    const char *why = ps_receipt_read(text, out);
    if (why == NULL || why == ps_no_memory || !ps_take_line(&in, &line) || ps_cursor_done(&in))
        return why;
    for (bool more = true; more; more = ps_take_line(&in, &line)) {
        const char *flaw = ps_receipt_read(line, &one);
        if (flaw != NULL)
            return flaw == ps_no_memory ? flaw : why;
        if (!is_of(&one, bundle, sha256))
            continue;
        if (found++ == 0)
            *out = one;
        else if (!agree(out, &one))
            out->flaw = "it holds two receipts of this bundle, and they contradict each other";
    }
    if (found == 0)
        out->flaw = "it holds receipts, and none of this bundle";
    return NULL;
}

/* The line that somebody saw is the receipt's second voice: it must not say anything else than its fields do. */
static bool head_agrees(const struct ps_receipt_seen *r, const struct ps_verify_report *report)
{
    const struct ps_head *h = &r->head, *sealed = &report->head;
    return strcmp(h->bundle, sealed->bundle) == 0 && h->seq == sealed->seq && h->has_prev == sealed->has_prev &&
           memcmp(h->root, sealed->root, PS_SHA256_LEN) == 0 && ps_public_key_equal(&h->pk, &sealed->pk) &&
           (!h->has_prev || memcmp(h->prev, sealed->prev, PS_SHA256_LEN) == 0);
}

const char *ps_receipt_contradiction(const struct ps_receipt_seen *receipt, const struct ps_verify_report *report,
                                     const uint8_t *sha256, uint64_t size)
{
    const struct ps_head *sealed = &report->head;
    if (receipt->flaw != NULL)
        return receipt->flaw;
    if (!report->has_chain || !report->has_root)
        return "the bundle has no root or no key to compare it with";
    if (!receipt->has_names && sha256 == NULL)
        return "it names the file alone, and there is none to compare it with";
    if (receipt->has_names && strcmp(receipt->bundle, sealed->bundle) != 0)
        return "it is the receipt of another bundle";
    if (receipt->has_names && memcmp(receipt->root, sealed->root, PS_SHA256_LEN) != 0)
        return "it names another root: another bundle of the same name was received";
    if (receipt->has_names && !ps_public_key_equal(&receipt->pk, &sealed->pk))
        return "it names another key";
    if (receipt->has_seq && receipt->seq != sealed->seq)
        return "it names another sequence number";
    if (sha256 != NULL && memcmp(receipt->sha256, sha256, PS_SHA256_LEN) != 0)
        return "it names another SHA-256 of the file: these are not the bytes that were received";
    if (sha256 != NULL && receipt->has_size && receipt->size != size)
        return "it names another size of the file";
    if (receipt->has_head && !head_agrees(receipt, report))
        return "the head line in it is that of another bundle";
    return NULL;
}
