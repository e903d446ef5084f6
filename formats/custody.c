/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/custody.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/json.h"
#include "formats/json_value.h"
#include "formats/minisign.h"
#include "formats/timestamp.h"

static bool can_be_said(const char *text)
{
    struct ps_span s = ps_span_text(text);
    return s.len > 0 && s.len <= PS_CUSTODY_TEXT_MAX && ps_json_lossless(s);
}

static void add_hash(struct ps_json *j, const char *name, const uint8_t *hash)
{
    char text[2 * PS_SHA256_LEN + 1];
    ps_hex_text(ps_span_of(hash, PS_SHA256_LEN), text);
    ps_json_text(j, name, text);
}

/* The line as it is signed: without the signature, with its LF. */
static void add_unsigned(const struct ps_custody_line *line, const struct ps_public_key *key, struct ps_buffer *out)
{
    char time[PS_TIMESTAMP_SIZE], pk[PS_PUBLIC_KEY_TEXT + 1];
    struct ps_json j = ps_json_into(out);
    ps_timestamp(line->time * 1000000, time);
    ps_public_key_text(key, pk);
    ps_json_object(&j, NULL);
    ps_json_text(&j, "time", time);
    ps_json_text(&j, "who", line->who);
    ps_json_text(&j, "action", line->action);
    ps_json_text(&j, "bundle", line->bundle);
    add_hash(&j, "bundle_sha256", line->sha256);
    add_hash(&j, "prev_line_sha256", line->prev);
    ps_json_text(&j, "pk", pk);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

/* Puts the signature behind the last field: takes off "}\n" and adds the field and "}\n". */
static void add_signature(struct ps_buffer *line, struct ps_buffer *minisig)
{
    struct ps_json j = ps_json_into(line);
    ps_buffer_add_byte(minisig, 0);
    if (line->failed || minisig->failed) {
        line->failed = true;
        return;
    }
    line->len -= 2;
    j.comma = true;
    ps_json_text(&j, "minisig", (const char *) minisig->data);
    ps_json_object_end(&j);
    ps_buffer_add_byte(line, '\n');
}

static void add_comment(const struct ps_custody_line *line, struct ps_buffer *out)
{
    ps_buffer_addf(out, "timestamp:%" PRId64 "\tfile:", line->time);
    ps_buffer_add_text(out, line->file);
    ps_buffer_addf(out, "\thashed\tbundle:%s\tline:%" PRIu64, line->bundle, line->number);
}

bool ps_custody_sign(const struct ps_custody_line *line, const struct ps_signing_key *key, struct ps_buffer *out,
                     struct ps_error *err)
{
    struct ps_buffer text = {0}, comment = {0}, minisig = {0};
    uint8_t digest[PS_BLAKE2B512_LEN];
    if (!can_be_said(line->who) || !can_be_said(line->action))
        return ps_fail(err, 0, "--who and --action are UTF-8 text of 1 to %d bytes", PS_CUSTODY_TEXT_MAX);
    add_unsigned(line, ps_signing_key_public(key), &text);
    add_comment(line, &comment);
    ps_blake2b512_of(ps_buffer_span(&text), digest);
    bool ok = text.failed || comment.failed
                  ? ps_fail(err, ENOMEM, "no memory for a line of the custody log")
                  : ps_minisign_sign(key, digest, ps_buffer_span(&comment), &minisig, err);
    if (ok) {
        add_signature(&text, &minisig);
        ps_buffer_add_span(out, ps_buffer_span(&text));
        ok = (!text.failed && !out->failed) || ps_fail(err, ENOMEM, "no memory for a line of the custody log");
    }
    ps_buffer_done(&text);
    ps_buffer_done(&comment);
    ps_buffer_done(&minisig);
    return ok;
}

struct look {
    const struct ps_custody_wants *wants;
    struct ps_custody_result *result;
    struct ps_json_check check;
    char time[PS_TIMESTAMP_SIZE]; /* of the line before */
    bool no_memory;
};

/* The line is made once more from its fields: no byte of it is free to be another. */
static bool is_canonical(struct ps_span line, const cJSON *tree, struct ps_buffer *unsigned_text)
{
    static const char *const texts[] = {"time", "who", "action", "bundle"};
    static const char *const hashes[] = {"bundle_sha256", "prev_line_sha256", "pk"};
    struct ps_buffer whole = {0}, minisig = {0};
    struct ps_json j = ps_json_into(unsigned_text);
    ps_json_object(&j, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ps_json_text(&j, texts[i], ps_json_string(ps_json_get(tree, texts[i])));
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        ps_json_text(&j, hashes[i], ps_json_string(ps_json_get(tree, hashes[i])));
    ps_json_object_end(&j);
    ps_buffer_add_byte(unsigned_text, '\n');
    if (unsigned_text->failed)
        return false;
    ps_buffer_add_span(&whole, ps_buffer_span(unsigned_text));
    ps_buffer_add_text(&minisig, ps_json_string(ps_json_get(tree, "minisig")));
    add_signature(&whole, &minisig);
    unsigned_text->failed |= whole.failed;
    bool same = !whole.failed && ps_span_equal(ps_buffer_span(&whole), line);
    ps_buffer_done(&whole);
    ps_buffer_done(&minisig);
    return same;
}

static const char *signature_flaw(const struct look *l, struct ps_span text, const char *minisig,
                                  const struct ps_public_key *key)
{
    struct ps_minisign_result result;
    uint8_t digest[PS_BLAKE2B512_LEN];
    char rest[128];
    ps_blake2b512_of(text, digest);
    if (!ps_minisign_is_canonical(ps_span_text(minisig)))
        return "its signature is not written as procsnap writes it";
    enum ps_signature verdict = ps_minisign_verify(ps_span_text(minisig), key, digest, &result);
    if (verdict != PS_SIGNATURE_GOOD)
        return ps_signature_says(verdict);
    (void) snprintf(rest, sizeof rest, "\thashed\tbundle:%s\tline:%" PRIu64, l->wants->bundle, l->result->lines);
    return ps_span_ends(result.comment, rest) ? NULL : "it is signed as another line, or for another bundle";
}

/* What binds the line: the bundle, and the line before. */
static const char *binding_flaw(const struct look *l, const cJSON *tree)
{
    const struct ps_custody_wants *w = l->wants;
    const char *bundle = ps_json_string(ps_json_get(tree, "bundle"));
    const char *sha256 = ps_json_string(ps_json_get(tree, "bundle_sha256"));
    const char *prev = ps_json_string(ps_json_get(tree, "prev_line_sha256"));
    const uint8_t *before = l->result->lines == 1 ? w->acquisition : l->result->last;
    uint8_t hash[PS_SHA256_LEN];
    if (bundle == NULL || strcmp(bundle, w->bundle) != 0)
        return "it is about another bundle";
    if (sha256 == NULL || !ps_hex_decode(ps_span_text(sha256), hash, sizeof hash) ||
        memcmp(hash, w->sha256, sizeof hash) != 0)
        return "it is about other bytes than those of the bundle";
    if (prev == NULL)
        return "it names no line before it";
    if (before == NULL)
        return NULL;
    if (!ps_hex_decode(ps_span_text(prev), hash, sizeof hash) || memcmp(hash, before, sizeof hash) != 0)
        return l->result->lines == 1 ? "it does not begin with the acquisition of this bundle"
                                     : "the line that it follows is not the one before it: one was altered, taken "
                                       "out, put in, or moved";
    return NULL;
}

static bool is_wanted(const struct ps_custody_wants *w, const struct ps_public_key *key)
{
    for (size_t i = 0; i < w->key_count; i++)
        if (ps_public_key_equal(&w->keys[i], key))
            return true;
    return false;
}

static void judge(struct look *l, struct ps_span line, const cJSON *tree, struct ps_custody_seen *seen,
                  struct ps_public_key *key)
{
    struct ps_buffer text = {0};
    struct ps_error ignored;
    const char *pk = ps_json_string(ps_json_get(tree, "pk")), *minisig = ps_json_string(ps_json_get(tree, "minisig"));
    seen->time = ps_json_string(ps_json_get(tree, "time"));
    seen->who = ps_json_string(ps_json_get(tree, "who"));
    seen->action = ps_json_string(ps_json_get(tree, "action"));
    seen->weight = PS_VERIFY_MALFORMED;
    seen->what = "it is no line of a custody log";
    if (pk == NULL || minisig == NULL || seen->time == NULL || seen->who == NULL || seen->action == NULL ||
        strlen(pk) != PS_PUBLIC_KEY_TEXT || !ps_public_key_read(ps_span_text(pk), key, &ignored) ||
        !is_canonical(line, tree, &text)) {
        l->no_memory = l->no_memory || text.failed;
        ps_buffer_done(&text);
        return;
    }
    seen->key = key;
    seen->what = signature_flaw(l, ps_buffer_span(&text), minisig, key);
    if (seen->what == NULL)
        seen->what = binding_flaw(l, tree);
    seen->weight = seen->what != NULL ? PS_VERIFY_TAMPERED : PS_VERIFY_OK;
    seen->pinned = seen->what == NULL && is_wanted(l->wants, key);
    if (seen->what == NULL && strcmp(seen->time, l->time) < 0)
        seen->what = "its time is before that of the line before it";
    (void) snprintf(l->time, sizeof l->time, "%s", seen->time);
    ps_buffer_done(&text);
}

/* `line` with its LF, if it has one. */
static void take_line(struct look *l, struct ps_span line)
{
    struct ps_custody_result *r = l->result;
    struct ps_public_key key;
    struct ps_json_flaw flaw = {.why = NULL};
    struct ps_custody_seen seen = {.number = ++r->lines, .weight = PS_VERIFY_MALFORMED};
    cJSON *tree = line.len <= PS_JSON_LINE_MAX ? ps_json_parse(&l->check, line, &flaw) : NULL;
    if (!ps_span_ends(line, "\n"))
        seen.weight = PS_VERIFY_INCOMPLETE, seen.what = "the log is cut short within this line";
    else if (tree == NULL)
        seen.what = flaw.why != NULL ? flaw.why : "longer than a line may be";
    else
        judge(l, line, tree, &seen, &key);
    l->no_memory = l->no_memory || flaw.why == ps_no_memory;
    if (seen.weight > r->worst)
        r->worst = seen.weight;
    r->all_pinned = r->all_pinned && seen.pinned;
    if (l->wants->line != NULL)
        l->wants->line(l->wants->context, &seen);
    ps_sha256_of(line, r->last);
    cJSON_Delete(tree);
}

bool ps_custody_verify(struct ps_span log, const struct ps_custody_wants *wants, struct ps_custody_result *out)
{
    struct ps_cursor in = ps_cursor_over(log);
    struct look l = {.wants = wants, .result = out};
    struct ps_span line;
    *out = (struct ps_custody_result){.all_pinned = true};
    while (ps_take_line(&in, &line)) {
        size_t end = in.at;
        size_t begin = (size_t) (line.data - log.data);
        take_line(&l, ps_span_of(log.data + begin, end - begin));
    }
    out->all_pinned = out->all_pinned && out->lines > 0;
    ps_json_check_done(&l.check);
    return !l.no_memory;
}
