/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and verifying a bundle that an adversary made. The first byte chooses what the rest of the input is:
 *
 *   0  the file itself
 *   1  the tar within
 *   2  changes of the honest tar (two bytes position, one byte value), compressed anew
 *   3  changes of one member (one byte says which), sealed again by the right key: everything behind the seal
 *   4  all of one member, sealed again
 *   5  one line of the journal, and any JSON
 *
 * Oracles: nothing but the honest bytes is OK, unless the key itself sealed it; what the strict check lets through the
 * JSON library can read.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/journal_read.h"
#include "formats/json_value.h"
#include "formats/verify.h"
#include "tests/formats/sample_bundle.h"

static struct sample honest;
static struct ps_buffer honest_file, honest_tar;

static void must(bool kept)
{
    if (!kept)
        abort();
}

static enum ps_verify_verdict verify(struct ps_span file, bool rederive)
{
    static struct ps_verify_report report;
    struct ps_verify_wants wants = {.key = ps_signing_key_public(sample_key()), .rederive = rederive};
    struct ps_error err;
    must(ps_verify_tarball(sample_input, &file, &wants, &report, &err));
    enum ps_verify_verdict verdict = report.verdict;
    must(verdict != PS_VERIFY_UNPINNED);
    must(verdict != PS_VERIFY_OK || (report.inner_signed && report.pinned && report.matched));
    ps_verify_report_done(&report);
    return verdict;
}

/* Deflate has more than one spelling of the same bytes; those bytes must be the honest ones. */
static void fuzz_file(struct ps_span file)
{
    struct ps_buffer tar = {0};
    if (verify(file, true) != PS_VERIFY_OK)
        return;
    sample_gunzip(file, &tar);
    must(ps_span_equal(ps_buffer_span(&tar), ps_buffer_span(&honest_tar)));
    ps_buffer_done(&tar);
}

static void fuzz_tar(struct ps_span tar)
{
    struct ps_buffer file = {0};
    sample_gzip(tar, &file);
    must(verify(ps_buffer_span(&file), true) != PS_VERIFY_OK || ps_span_equal(tar, ps_buffer_span(&honest_tar)));
    ps_buffer_done(&file);
}

/* Triples of position and value over a copy. */
static void change(struct ps_buffer *bytes, struct ps_span changes)
{
    for (size_t i = 0; i + 3 <= changes.len && bytes->len > 0; i += 3) {
        size_t at = (size_t) changes.data[i] << 8 | changes.data[i + 1];
        bytes->data[at % bytes->len] = changes.data[i + 2];
    }
}

static void fuzz_changed_tar(struct ps_span changes)
{
    struct ps_buffer tar = {0};
    ps_buffer_add_span(&tar, ps_buffer_span(&honest_tar));
    change(&tar, changes);
    fuzz_tar(ps_buffer_span(&tar));
    ps_buffer_done(&tar);
}

static void fuzz_sealed(struct ps_span in, bool whole)
{
    struct ps_buffer file = {0};
    if (in.len < 1)
        return;
    size_t closing = sample_at(&honest, "data/closing.json");
    struct sample_member *m = &honest.members[1 + in.data[0] % closing]; /* meta.json to closing.json */
    struct ps_buffer keep = m->bytes;
    struct ps_span rest = ps_span_of(in.data + 1, in.len - 1);
    m->bytes = (struct ps_buffer){0};
    ps_buffer_add_span(&m->bytes, whole ? rest : ps_buffer_span(&keep));
    if (!whole)
        change(&m->bytes, rest);
    sample_reseal(&honest);
    sample_pack(&honest, &file);
    (void) verify(ps_buffer_span(&file), true);
    ps_buffer_done(&file);
    ps_buffer_done(&m->bytes);
    m->bytes = keep;
}

static void fuzz_json(struct ps_span text)
{
    struct ps_json_check check = {0};
    struct ps_json_flaw flaw;
    struct ps_journal_line line;
    const char *why;
    if (ps_json_check(&check, text, &flaw)) {
        cJSON *tree = cJSON_ParseWithLength((const char *) text.data, text.len);
        must(tree != NULL);
        cJSON_Delete(tree);
    } else {
        must(flaw.at <= text.len && flaw.why != NULL);
    }
    if (ps_journal_read(&check, text, &line, &why))
        ps_journal_line_done(&line);
    ps_json_check_done(&check);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (honest.count == 0) {
        sample_make(&honest, &honest_file, NULL);
        sample_gunzip(ps_buffer_span(&honest_file), &honest_tar);
        must(verify(ps_buffer_span(&honest_file), true) == PS_VERIFY_OK);
    }
    if (size == 0)
        return 0;
    struct ps_span rest = ps_span_of(data + 1, size - 1);
    switch (data[0] % 6) {
    case 0:
        fuzz_file(rest);
        break;
    case 1:
        fuzz_tar(rest);
        break;
    case 2:
        fuzz_changed_tar(rest);
        break;
    case 3:
    case 4:
        fuzz_sealed(rest, data[0] % 6 == 4);
        break;
    default:
        fuzz_json(rest);
        break;
    }
    return 0;
}
