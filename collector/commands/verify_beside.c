/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/verify_beside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/json_check.h"
#include "formats/minisign.h"
#include "formats/receipt.h"
#include "formats/sshsig.h"

enum { PATH_ROOM = 4096, SIGNATURE_MAX = 16 << 10 };

static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* At most `most` bytes; a longer one is cut, and no receipt and no signature then. */
static bool read_file(int fd, const char *path, size_t most, struct ps_buffer *out, struct ps_error *err)
{
    size_t got = 1;
    bool ok = ps_buffer_reserve(out, most) || ps_fail(err, ENOMEM, "cannot read %s", path);
    while (ok && got > 0 && out->len < most) {
        ok = ps_input_fd(&fd, out->data + out->len, most - out->len, &got, err) || ps_fail_in(err, path);
        out->len += ok ? got : 0;
    }
    close(fd);
    return ok;
}

/* A signature beside the receipt, where there is one. */
static bool read_signature(const char *receipt, const char *suffix, bool *has, struct ps_buffer *out,
                           struct ps_error *err)
{
    char path[PATH_ROOM];
    if ((size_t) snprintf(path, sizeof path, "%s%s", receipt, suffix) >= sizeof path)
        return true;
    int fd = open_file(path);
    if (fd < 0)
        return errno == ENOENT || ps_fail(err, errno, "cannot open %s", path);
    *has = true;
    return read_file(fd, path, SIGNATURE_MAX, out, err);
}

bool ps_verify_beside_open(const struct ps_verify_request *r, struct ps_verify_beside *out, struct ps_error *err)
{
    *out = (struct ps_verify_beside){.heads = -1};
    if (r->heads != NULL && (out->heads = open_file(r->heads)) < 0)
        return ps_fail(err, 0, "cannot open --heads %s: %s; name a file in which you saved the log", r->heads,
                       strerror(errno));
    if (r->receipt == NULL)
        return true;
    int fd = open_file(r->receipt);
    if (fd < 0)
        return ps_fail(err, 0, "cannot open --receipt %s: %s; name the receipt of the delivery", r->receipt,
                       strerror(errno));
    out->has_receipt = true;
    return read_file(fd, r->receipt, PS_RECEIPTS_MAX, &out->receipt, err) &&
           read_signature(r->receipt, ".minisig", &out->has_minisig, &out->minisig, err) &&
           read_signature(r->receipt, ".sig", &out->has_sshsig, &out->sshsig, err);
}

/* Of a finished report. */
static void find(struct ps_verify_report *r, enum ps_finding_rank rank, const char *what, struct ps_span about)
{
    static const enum ps_verify_verdict weights[] = {
        [PS_FINDING_NOTE] = PS_VERIFY_OK,           [PS_FINDING_INCOMPLETE] = PS_VERIFY_INCOMPLETE,
        [PS_FINDING_CONTENT] = PS_VERIFY_MALFORMED, [PS_FINDING_TAMPERED] = PS_VERIFY_TAMPERED,
    };
    if (weights[rank] > r->verdict)
        r->verdict = weights[rank];
    if (r->finding_count == PS_FINDINGS_MAX) {
        r->findings_dropped++;
        return;
    }
    struct ps_finding *f = &r->findings[r->finding_count++];
    *f = (struct ps_finding){.rank = rank, .what = what};
    f->about_len = about.len < sizeof f->about ? about.len : sizeof f->about;
    if (f->about_len > 0)
        memcpy(f->about, about.data, f->about_len);
}

/* Somebody outside whom the caller trusts names exactly this bundle: as good as the key. */
static void pin(struct ps_verify_report *r)
{
    r->pinned = true;
    if (r->verdict == PS_VERIFY_UNPINNED)
        r->verdict = PS_VERIFY_OK;
}

static bool check_heads(int fd, struct ps_verify_report *r, struct ps_error *err)
{
    struct ps_head_log log;
    struct ps_span about = ps_span_text("the log");
    size_t count;
    if (!ps_head_log_read(ps_input_fd, &fd, &log, err))
        return ps_fail_in(err, "--heads");
    const struct ps_head *head = ps_head_log_find(&log, r->bundle != NULL ? r->bundle : "", &count);
    if (log.flawed > 0)
        find(r, PS_FINDING_NOTE, "it holds head lines that are cut off or changed", about);
    if (count > 1)
        find(r, PS_FINDING_TAMPERED, "it holds two different head lines of this bundle", about);
    else if (count == 0)
        find(r, PS_FINDING_NOTE,
             log.count > 0 ? "it holds head lines, and none of this bundle"
                           : "it holds no head line at all; it must be plain text, neither compressed nor UTF-16",
             about);
    else if (!r->has_root || !r->has_chain || !ps_head_equal(head, &r->head))
        find(r, PS_FINDING_TAMPERED, "its head line of this bundle names another root, key or number", about);
    else {
        find(r, PS_FINDING_NOTE, "it holds the head line of this bundle, with this root and this key", about);
        pin(r);
    }
    ps_head_log_done(&log);
    return true;
}

/* By either of the two forms; NULL when one is good, else why none is. */
static const char *signature_flaw(const struct ps_verify_beside *b, const struct ps_public_key *key)
{
    uint8_t blake2b[PS_BLAKE2B512_LEN], sha512[PS_SHA512_LEN];
    struct ps_minisign_result ignored;
    const char *why = NULL;
    enum ps_signature verdict = PS_SIGNATURE_MALFORMED;
    ps_blake2b512_of(ps_buffer_span(&b->receipt), blake2b);
    ps_sha512_of(ps_buffer_span(&b->receipt), sha512);
    if (b->has_minisig)
        verdict = ps_minisign_verify(ps_buffer_span(&b->minisig), key, blake2b, &ignored);
    if (b->has_sshsig && verdict != PS_SIGNATURE_GOOD)
        verdict = ps_sshsig_verify(ps_buffer_span(&b->sshsig), key, sha512, &why);
    return verdict == PS_SIGNATURE_GOOD ? NULL : ps_signature_says(verdict);
}

static const struct ps_span receipt_name = {(const uint8_t *) "the receipt", 11};

/* True when it is by the key that the command line names. */
static bool check_signature(const struct ps_verify_beside *b, const struct ps_verify_request *request,
                            struct ps_verify_report *r)
{
    bool has_signature = b->has_minisig || b->has_sshsig;
    if (!request->has_receipt_key) {
        find(r, PS_FINDING_NOTE,
             has_signature ? "its signature was not checked, since no --receipt-key was given: it says only that "
                             "whoever wrote it knew this bundle"
                           : "it is not signed: it says only that whoever wrote it knew this bundle; what the store "
                             "answered can be asked from the store",
             receipt_name);
        return false;
    }
    if (!has_signature) {
        find(r, PS_FINDING_INCOMPLETE, "there is no signature beside it (FILE.minisig or FILE.sig)", receipt_name);
        return false;
    }
    const char *why = signature_flaw(b, &request->receipt_key);
    if (why != NULL)
        find(r, PS_FINDING_TAMPERED, why, receipt_name);
    else
        find(r, PS_FINDING_NOTE, "it is signed by the key that you named", receipt_name);
    return why == NULL;
}

static bool check_receipt(const struct ps_verify_beside *b, const struct ps_verify_request *request,
                          struct ps_bundle_input *in, struct ps_verify_report *r, struct ps_error *err)
{
    struct ps_receipt_seen receipt;
    uint8_t sha256[PS_SHA256_LEN];
    uint64_t size = 0;
    if (!in->directory && !ps_bundle_input_hash(in, sha256, &size, err))
        return false;
    const char *why = ps_receipt_find(ps_buffer_span(&b->receipt), r->bundle != NULL ? r->bundle : "",
                                      in->directory ? NULL : sha256, &receipt);
    if (why == ps_no_memory)
        return ps_fail(err, ENOMEM, "cannot read the receipt");
    bool vouched = check_signature(b, request, r);
    if (why != NULL) {
        find(r, PS_FINDING_CONTENT, why, receipt_name);
        find(r, PS_FINDING_NOTE, "that it is malformed says nothing about the bundle", receipt_name);
        return true;
    }
    why = ps_receipt_contradiction(&receipt, r, in->directory ? NULL : sha256, size);
    if (receipt.claims_len > 0)
        find(r, PS_FINDING_NOTE, "so says the receipt", ps_span_of(receipt.claims, receipt.claims_len));
    if (why != NULL)
        find(r, PS_FINDING_TAMPERED, why, receipt_name);
    else if (in->directory)
        find(r, PS_FINDING_NOTE, "root and key are those of this bundle; the hash of the file cannot be compared with "
                                 "an extracted directory", receipt_name);
    else
        find(r, PS_FINDING_NOTE,
             receipt.has_names ? "root, key and the SHA-256 of the file are those of this bundle"
                               : "the SHA-256 of the file is that of this bundle; it names no more",
             receipt_name);
    if (why == NULL && vouched)
        pin(r);
    return true;
}

bool ps_verify_beside_check(const struct ps_verify_beside *beside, const struct ps_verify_request *request,
                            struct ps_bundle_input *in, struct ps_verify_report *report, struct ps_error *err)
{
    if (report->verdict == PS_VERIFY_ENCRYPTED)
        return true;
    if (beside->heads >= 0 && !check_heads(beside->heads, report, err))
        return false;
    return !beside->has_receipt || check_receipt(beside, request, in, report, err);
}

void ps_verify_beside_done(struct ps_verify_beside *b)
{
    if (b->heads >= 0)
        close(b->heads);
    ps_buffer_done(&b->receipt);
    ps_buffer_done(&b->minisig);
    ps_buffer_done(&b->sshsig);
    *b = (struct ps_verify_beside){.heads = -1};
}
