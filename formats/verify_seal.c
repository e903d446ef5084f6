/* SPDX-License-Identifier: Apache-2.0
 *
 * The seal of a bundle: what must be there, root, signatures, and whether all of them speak of the same bundle.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/minisign.h"
#include "formats/sshsig.h"
#include "formats/verify_state.h"

static struct ps_span name_of(enum ps_member_class class)
{
    return ps_span_text(ps_member_class_name(class));
}

static void tampered(struct ps_verify *v, const char *what, struct ps_span about)
{
    ps_verify_find(v, PS_FINDING_TAMPERED, what, about);
}

static void check_clash(struct ps_verify *v, struct ps_manifest *seen)
{
    struct ps_span one, other;
    if (ps_manifest_clash(seen, &one, &other))
        ps_verify_find(v, PS_FINDING_STRUCTURE, "its name occurs twice, or clashes with another one", other);
}

/* Members that every bundle has. Without a signature the seal is missing; with one, somebody took them out. */
static void check_missing(struct ps_verify *v)
{
    for (int c = 0; c < PS_MEMBER_UNKNOWN; c++) {
        bool many = ps_member_is_raw((enum ps_member_class) c) || c == PS_MEMBER_RECORDS;
        bool seal = c == PS_MEMBER_MINISIG || c == PS_MEMBER_SSHSIG || !v->whole[PS_MEMBER_MINISIG];
        if (many || v->whole[c])
            continue;
        const char *name =
            c == PS_MEMBER_JOURNAL ? "data/journal/0001.ndjson" : ps_member_class_name((enum ps_member_class) c);
        ps_verify_find(v, seal ? PS_FINDING_INCOMPLETE : PS_FINDING_CONTENT, "it is missing", ps_span_text(name));
    }
}

/* "timestamp:<unix>", then `file:` and the rest. An empty file: any name. */
static bool comment_fits(const struct ps_verify *v, struct ps_span comment, const char *file, int64_t *signed_at)
{
    const struct ps_verify_report *r = v->report;
    struct ps_cursor c = ps_cursor_over(comment);
    struct ps_span name;
    char rest[256], prev[17] = "-";
    uint64_t time = 0;
    if (r->bundle == NULL || r->chain_id == NULL)
        return false;
    if (r->head.has_prev)
        ps_hex_text(ps_span_of(r->head.prev, 8), prev);
    (void) snprintf(rest, sizeof rest, "hashed\tbundle:%s\tchain:%s\tseq:%" PRIu64 "\tprev:%s", r->bundle, r->chain_id,
                    r->head.seq, prev);
    if (!ps_take_text(&c, "timestamp:") || !ps_take_u64(&c, &time) || time > INT64_MAX || !ps_take_byte(&c, '\t'))
        return false;
    if (!ps_take_text(&c, "file:") || !ps_take_until(&c, '\t', &name) || (file != NULL && !ps_span_is(name, file)))
        return false;
    *signed_at = (int64_t) time;
    return ps_span_is(ps_cursor_rest(&c), rest);
}

static bool check_minisig(struct ps_verify *v)
{
    struct ps_span text = ps_buffer_span(&v->text[PS_MEMBER_MINISIG]);
    struct ps_span signed_text = ps_buffer_span(&v->text[PS_MEMBER_TAGMANIFEST]);
    struct ps_minisign_result result;
    uint8_t digest[PS_BLAKE2B512_LEN];
    int64_t signed_at = 0;
    ps_blake2b512_of(signed_text, digest);
    enum ps_signature verdict = ps_minisign_verify(text, &v->report->head.pk, digest, &result);
    if (verdict != PS_SIGNATURE_GOOD) {
        tampered(v, ps_signature_says(verdict), name_of(PS_MEMBER_MINISIG));
        return false;
    }
    if (!ps_minisign_is_canonical(text)) {
        tampered(v, "the signature is good, but not written as procsnap writes it", name_of(PS_MEMBER_MINISIG));
        return false;
    }
    if (!comment_fits(v, result.comment, "tagmanifest-sha256.txt", &signed_at)) {
        tampered(v, "the trusted comment speaks of another bundle", name_of(PS_MEMBER_MINISIG));
        return false;
    }
    v->report->signed_at = signed_at;
    return true;
}

static bool check_sshsig(struct ps_verify *v)
{
    const char *why;
    uint8_t digest[PS_SHA512_LEN];
    ps_sha512_of(ps_buffer_span(&v->text[PS_MEMBER_TAGMANIFEST]), digest);
    enum ps_signature verdict =
        ps_sshsig_verify(ps_buffer_span(&v->text[PS_MEMBER_SSHSIG]), &v->report->head.pk, digest, &why);
    if (verdict == PS_SIGNATURE_GOOD)
        return true;
    tampered(v, ps_signature_says(verdict), name_of(PS_MEMBER_SSHSIG));
    return false;
}

static void check_signatures(struct ps_verify *v)
{
    if (!v->key_known || !v->whole[PS_MEMBER_TAGMANIFEST])
        return;
    bool minisig = v->whole[PS_MEMBER_MINISIG] && check_minisig(v);
    bool sshsig = v->whole[PS_MEMBER_SSHSIG] && check_sshsig(v);
    v->report->inner_signed = minisig && sshsig;
}

/* What the command line expects. */
static void check_wants(struct ps_verify *v)
{
    const struct ps_verify_wants *w = v->wants;
    struct ps_verify_report *r = v->report;
    if (w->key != NULL && v->key_known) {
        r->pinned = ps_public_key_equal(w->key, &r->head.pk);
        r->other_key = !r->pinned;
        if (r->other_key)
            tampered(v, "it is sealed by another key than the pinned one", name_of(PS_MEMBER_CHAIN));
    }
    if (w->root != NULL && r->has_root && memcmp(w->root, r->head.root, PS_SHA256_LEN) != 0)
        tampered(v, "its root is not the expected one", name_of(PS_MEMBER_TAGMANIFEST));
    if (w->seq != NULL && v->key_known && *w->seq != r->head.seq)
        tampered(v, "its sequence number is not the expected one", name_of(PS_MEMBER_CHAIN));
}

void ps_verify_seal(struct ps_verify *v)
{
    struct ps_verify_report *r = v->report;
    check_clash(v, &v->payload);
    check_clash(v, &v->tags);
    if (!v->stopped)
        check_missing(v);
    if (v->whole[PS_MEMBER_BAG_INFO])
        ps_verify_bag_info(v);
    if (v->whole[PS_MEMBER_TAGMANIFEST]) {
        ps_verify_tagmanifest(v);
        ps_sha256_of(ps_buffer_span(&v->text[PS_MEMBER_TAGMANIFEST]), r->head.root);
        r->has_root = true;
    }
    if (r->bundle != NULL)
        (void) snprintf(r->head.bundle, sizeof r->head.bundle, "%s", r->bundle);
    if (v->top != NULL && r->bundle != NULL && strcmp(v->top, r->bundle) != 0)
        tampered(v, "the top directory has the name of another bundle", ps_span_text(v->top));
    check_signatures(v);
    check_wants(v);
    /* Nothing was found and yet nothing is proved: there must be no such way through the checks above. */
    if (v->worst == PS_FINDING_NOTE && !r->inner_signed)
        ps_verify_find(v, PS_FINDING_CONTENT, "no signature could be checked", ps_span_of(NULL, 0));
}

/* Whom a file is encrypted to stands in no readable place of it: what can be held to the seal is their number, and that
 * the one who could open it is among them. Whoever can read it can encrypt it anew, so this is no tampering with what
 * was sealed: the signature beside the file tells whether it is the same file. */
void ps_verify_encryption(struct ps_verify *v, const struct ps_tarball_reader *reader)
{
    static const char around[] = "the encryption";
    struct ps_verify_report *r = v->report;
    const struct ps_age_recipient *opened_by = NULL;
    const char *what = NULL;
    r->encrypted = ps_tarball_reader_encrypted(reader, &r->stanzas, &opened_by);
    r->opened = opened_by != NULL;
    if (r->opened)
        r->opened_by = *opened_by;
    if (!v->whole[PS_MEMBER_BAG_INFO])
        return;
    if (!r->encrypted && r->encrypted_to.count > 0)
        what = "it was sealed encrypted, and this copy is not: somebody has decrypted it";
    else if (r->encrypted && r->encrypted_to.count == 0)
        what = "it was sealed in the clear, and encrypted afterwards";
    else if (r->encrypted && !ps_age_recipients_have(&r->encrypted_to, &r->opened_by))
        what = "it was encrypted again: the seal does not name the recipient whose identity opened it";
    else if (r->encrypted && r->stanzas != r->encrypted_to.count)
        what = "it was encrypted again: it has another number of recipients than the seal names";
    if (what != NULL)
        ps_verify_find(v, PS_FINDING_NOTE, what, ps_span_text(around));
}

void ps_verify_outer(struct ps_verify *v, const uint8_t digest[PS_BLAKE2B512_LEN])
{
    static const char beside[] = "the signature beside the file";
    const struct ps_public_key *key = v->wants->key != NULL ? v->wants->key : &v->report->head.pk;
    struct ps_minisign_result result;
    int64_t signed_at;
    if (v->wants->key == NULL && !v->key_known) {
        ps_verify_find(v, PS_FINDING_NOTE, "it was not checked: no key is known", ps_span_text(beside));
        return;
    }
    enum ps_signature verdict = ps_minisign_verify(v->wants->minisig, key, digest, &result);
    if (verdict == PS_SIGNATURE_GOOD && !v->stopped && !comment_fits(v, result.comment, NULL, &signed_at)) {
        ps_verify_find(v, PS_FINDING_FILE, "its trusted comment speaks of another bundle", ps_span_text(beside));
        return;
    }
    v->report->outer_signed = verdict == PS_SIGNATURE_GOOD;
    /* A file that is cut short cannot fit it, and says so itself. */
    if (verdict != PS_SIGNATURE_GOOD)
        ps_verify_find(v, v->cut ? PS_FINDING_NOTE : PS_FINDING_FILE, ps_signature_says(verdict), ps_span_text(beside));
}
