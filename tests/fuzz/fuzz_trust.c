/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies beside a bundle and vouches for it: saved logs with head lines, receipts, custody logs. The first byte chooses
 * what the rest of the input is:
 *
 *   0, 1, 2  a log with head lines, a receipt, a custody log
 *   3, 4, 5  changes of a valid one (two bytes position, one byte value)
 *
 * Oracles: it is all the same in which pieces a log is read, and each head line that was found stands in it; a receipt
 * contradicts nothing but what differs from it; of a custody log that the golden key did not sign, not one line is right.
 */
#include "formats/custody.h"
#include "formats/head_log.h"
#include "formats/receipt.h"
#include "tests/formats/golden_key.h"

#define ID "procsnap-20261122t001500z-0123abcd"
#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEAD PS_HEAD_LINE_START ID " seq=7 root=" HASH " pk=" GOLDEN_PUBLIC_LINE " prev="

enum { GOLDEN_LINES = 3, TIMES_MAX = 8 };

static const char golden_log[] = "2026-11-22T00:15:01Z " HEAD "-\r\n{\"log\":\"" HEAD HASH "\\n\"} " HEAD "0\n" HEAD;
static const char golden_receipt[] =
    "{\"v\":1,\"kind\":\"procsnap-receipt\",\"bundle\":\"" ID "\",\"seq\":7,\"root\":\"" HASH "\",\"pk\":\"" GOLDEN_PUBLIC_LINE
    "\",\"head_line\":\"" HEAD "-\",\"size\":9,\"sha256\":\"" HASH "\",\"destination\":\"s3://e/x\",\"answer\":{\"etag\":\"e\"}}";
static const uint8_t bundle_sha256[PS_SHA256_LEN] = {1}, acquisition[PS_SHA256_LEN] = {2};

static struct ps_public_key pk;
static struct ps_buffer golden_custody;
static size_t custody_ends[GOLDEN_LINES];

static void must(bool kept)
{
    if (!kept)
        abort();
}

static void make_custody(void)
{
    struct ps_signing_key *key = golden_key();
    struct ps_error err;
    uint8_t before[PS_SHA256_LEN];
    pk = *ps_signing_key_public(key);
    memcpy(before, acquisition, sizeof before);
    for (size_t i = 0; i < GOLDEN_LINES; i++) {
        size_t begin = golden_custody.len;
        struct ps_custody_line line = {.number = i + 1, .time = 1763770501, .who = "A. \"R\"", .action = "did", .bundle = ID,
                                       .file = "x.custody.ndjson", .sha256 = bundle_sha256, .prev = before};
        must(ps_custody_sign(&line, key, &golden_custody, &err));
        ps_sha256_of(ps_span_of(golden_custody.data + begin, golden_custody.len - begin), before);
        custody_ends[i] = golden_custody.len;
    }
    ps_signing_key_free(key);
}

/* Bytes in pieces of one length, some times over. */
struct tape {
    struct ps_span text;
    size_t at, piece, times;
};

static bool play(void *context, void *out, size_t room, size_t *got, struct ps_error *err)
{
    struct tape *t = context;
    (void) err;
    if (t->at == t->text.len && t->times > 1) {
        t->at = 0;
        t->times--;
    }
    *got = t->text.len - t->at;
    *got = *got < t->piece ? *got : t->piece;
    *got = *got < room ? *got : room;
    if (*got > 0)
        memcpy(out, t->text.data + t->at, *got);
    t->at += *got;
    return true;
}

static struct ps_head_log read_log(struct ps_span text, size_t piece, size_t times)
{
    struct tape tape = {.text = text, .piece = piece, .times = text.len > 0 ? times : 1};
    struct ps_head_log log;
    struct ps_error err;
    must(ps_head_log_read(play, &tape, &log, &err));
    return log;
}

static void fuzz_log(struct ps_span text)
{
    size_t piece = text.len > 0 ? text.data[0] + 1u : 1, times = text.len % TIMES_MAX + 1, found;
    struct ps_head_log whole = read_log(text, SIZE_MAX, times), pieces = read_log(text, piece, times);
    must(whole.count == pieces.count && whole.lines == pieces.lines && whole.flawed == pieces.flawed &&
         whole.flawed_at == pieces.flawed_at && whole.count <= whole.lines);
    for (size_t i = 0; i < whole.count; i++) {
        struct ps_buffer line = {0};
        must(ps_head_equal(&whole.heads[i], &pieces.heads[i]) && !whole.matched[i]);
        must(i == 0 || strcmp(whole.heads[i - 1].bundle, whole.heads[i].bundle) <= 0);
        must(i == 0 || !ps_head_equal(&whole.heads[i - 1], &whole.heads[i]));
        const struct ps_head *first = ps_head_log_find(&whole, whole.heads[i].bundle, &found);
        must(first != NULL && first <= &whole.heads[i] && &whole.heads[i] < first + found);
        ps_head_line_write(&whole.heads[i], &line);
        must(times > 1 || memmem(text.data, text.len, line.data, line.len - 1) != NULL);
        ps_buffer_done(&line);
    }
    ps_head_log_done(&whole);
    ps_head_log_done(&pieces);
}

static void fuzz_receipt(struct ps_span text)
{
    struct ps_receipt_seen r;
    struct ps_verify_report report = {.has_chain = true, .has_root = true};
    int64_t time;
    if (ps_receipt_find(text, "", NULL, &r) != NULL)
        return;
    if (r.flaw != NULL) {
        must(ps_receipt_contradiction(&r, &report, r.sha256, r.size) == r.flaw);
        return;
    }
    must(r.claims_len <= sizeof r.claims && (!r.has_names || ps_bundle_id_read(ps_span_text(r.bundle), &time)));
    memcpy(report.head.bundle, r.bundle, sizeof report.head.bundle);
    memcpy(report.head.root, r.root, sizeof report.head.root);
    report.head.pk = r.pk;
    report.head.seq = r.has_seq ? r.seq : r.head.seq;
    uint8_t other[PS_SHA256_LEN];
    memcpy(other, r.sha256, sizeof other);
    other[0] ^= 1;
    must((ps_receipt_contradiction(&r, &report, r.sha256, r.size) == NULL) ==
         (!r.has_head || ps_head_equal(&r.head, &report.head)));
    must(ps_receipt_contradiction(&r, &report, other, r.size) != NULL);
    report.head.root[0] ^= 1;
    must(!(r.has_names || r.has_head) || ps_receipt_contradiction(&r, &report, r.sha256, r.size) != NULL);
}

static void count_line(void *context, const struct ps_custody_seen *line)
{
    must(line->number == ++*(uint64_t *) context && (line->weight == PS_VERIFY_OK || line->what != NULL));
    must(!line->pinned || line->weight == PS_VERIFY_OK);
}

/* As long as the golden log, or as one of its beginnings that end with a line. */
static bool is_golden(struct ps_span text)
{
    bool ends = text.len == 0;
    for (size_t i = 0; i < GOLDEN_LINES; i++)
        ends = ends || text.len == custody_ends[i];
    return ends && (text.len == 0 || memcmp(text.data, golden_custody.data, text.len) == 0);
}

static void fuzz_custody(struct ps_span text)
{
    struct ps_custody_result result;
    uint64_t seen = 0;
    struct ps_custody_wants wants = {.bundle = ID, .sha256 = bundle_sha256, .acquisition = acquisition, .keys = &pk,
                                     .key_count = 1, .line = count_line, .context = &seen};
    must(ps_custody_verify(text, &wants, &result));
    must(seen == result.lines && (result.lines > 0) == (text.len > 0));
    must((result.worst == PS_VERIFY_OK && result.all_pinned) == (text.len > 0 && is_golden(text)));
}

/* A valid text in which the input sets bytes. */
static void fuzz_changes(struct ps_span golden, struct ps_span changes, void (*fuzz)(struct ps_span text))
{
    uint8_t room[4096];
    must(golden.len <= sizeof room);
    memcpy(room, golden.data, golden.len);
    for (size_t i = 0; i + 3 <= changes.len; i += 3)
        room[((size_t) changes.data[i] << 8 | changes.data[i + 1]) % golden.len] = changes.data[i + 2];
    fuzz(ps_span_of(room, golden.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const fuzz[])(struct ps_span) = {fuzz_log, fuzz_receipt, fuzz_custody};
    enum { WAYS = sizeof fuzz / sizeof *fuzz };
    if (golden_custody.len == 0)
        make_custody();
    if (len == 0)
        return 0;
    struct ps_span rest = ps_span_of(data + 1, len - 1);
    const struct ps_span golden[WAYS] = {ps_span_text(golden_log), ps_span_text(golden_receipt),
                                         ps_buffer_span(&golden_custody)};
    size_t way = data[0] % (2 * WAYS);
    if (way < WAYS)
        fuzz[way](rest);
    else
        fuzz_changes(golden[way - WAYS], rest, fuzz[way - WAYS]);
    return 0;
}
