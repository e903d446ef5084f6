/* SPDX-License-Identifier: Apache-2.0
 *
 * The log as text; what stock tools say of it is in tests/e2e/custody.py.
 */
#include "formats/custody.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/formats/golden_key.h"

#define ID "procsnap-20261122t001500z-0123abcd"

static struct ps_buffer log_text;
static uint8_t sha256[PS_SHA256_LEN] = {1}, acquisition[PS_SHA256_LEN] = {2};
static struct ps_custody_result result;
static size_t lines[3]; /* where each ends */

static int64_t later[] = {0, 1, 2, 3}; /* seconds, by number */

static void add(uint64_t number, const char *who, const char *action, const uint8_t *prev)
{
    struct ps_custody_line line = {.number = number, .time = 1763770501 + later[number], .who = who, .bundle = ID,
                                   .action = action, .file = "x.custody.ndjson", .sha256 = sha256, .prev = prev};
    struct ps_signing_key *key = golden_key();
    struct ps_error err;
    cr_assert(ps_custody_sign(&line, key, &log_text, &err), "%s", err.text);
    ps_signing_key_free(key);
}

static void setup(void)
{
    uint8_t before[PS_SHA256_LEN];
    memcpy(before, acquisition, sizeof before);
    for (uint64_t i = 0; i < 3; i++) {
        size_t begin = log_text.len;
        add(i + 1, "A. \"R\"\n", i == 1 ? "said ,\"minisig\":\"x\"" : "did", before);
        ps_sha256_of(ps_span_of(log_text.data + begin, log_text.len - begin), before);
        lines[i] = log_text.len;
    }
}

static void teardown(void)
{
    ps_buffer_done(&log_text);
}

TestSuite(custody, .init = setup, .fini = teardown);

static enum ps_verify_verdict look(struct ps_span text)
{
    struct ps_signing_key *key = golden_key();
    struct ps_public_key pk = *ps_signing_key_public(key);
    struct ps_custody_wants wants = {.bundle = ID, .sha256 = sha256, .acquisition = acquisition, .keys = &pk,
                                     .key_count = 1};
    ps_signing_key_free(key);
    cr_assert(ps_custody_verify(text, &wants, &result));
    return result.worst;
}

Test(custody, there_and_back)
{
    cr_assert_eq(look(ps_buffer_span(&log_text)), PS_VERIFY_OK);
    cr_assert(result.lines == 3 && result.all_pinned);
    cr_assert_eq(look(ps_span_text("")), PS_VERIFY_OK);
    cr_assert(result.lines == 0 && !result.all_pinned);
}

Test(custody, no_byte_is_free)
{
    for (size_t at = 0; at < log_text.len; at++) {
        log_text.data[at] ^= 1;
        cr_assert_gt(look(ps_buffer_span(&log_text)), PS_VERIFY_UNPINNED, "byte %zu", at);
        log_text.data[at] ^= 1;
    }
}

/* A log that was cut after a whole line is a shorter log: nothing in it can say so. */
Test(custody, cut_anywhere)
{
    for (size_t len = 1; len < log_text.len; len++) {
        bool whole = len == lines[0] || len == lines[1];
        enum ps_verify_verdict want = whole ? PS_VERIFY_OK : PS_VERIFY_INCOMPLETE;
        cr_assert_eq(look(ps_span_of(log_text.data, len)), want, "%zu bytes", len);
    }
}

Test(custody, begins_with_the_acquisition)
{
    cr_assert_eq(look(ps_span_of(log_text.data + lines[0], log_text.len - lines[0])), PS_VERIFY_TAMPERED);
    acquisition[0] ^= 1;
    cr_assert_eq(look(ps_buffer_span(&log_text)), PS_VERIFY_TAMPERED);
    acquisition[0] ^= 1;
    sha256[0] ^= 1;
    cr_assert_eq(look(ps_buffer_span(&log_text)), PS_VERIFY_TAMPERED);
    sha256[0] ^= 1;
}

static void note_backwards(void *context, const struct ps_custody_seen *seen)
{
    uint64_t *number = context;
    if (seen->what != NULL && strstr(seen->what, "before that of the line before") != NULL)
        *number = *number * 10 + seen->number;
}

/* Whose clock was wrong, nobody knows: it is told, and proves nothing. */
Test(custody, a_clock_that_went_back_is_a_note)
{
    struct ps_signing_key *key = golden_key();
    struct ps_public_key pk = *ps_signing_key_public(key);
    uint64_t numbers = 0;
    struct ps_custody_wants wants = {.bundle = ID, .sha256 = sha256, .acquisition = acquisition, .keys = &pk,
                                     .key_count = 1, .line = note_backwards, .context = &numbers};
    ps_signing_key_free(key);
    ps_buffer_done(&log_text);
    later[1] = 500;
    setup();
    cr_assert(ps_custody_verify(ps_buffer_span(&log_text), &wants, &result));
    cr_assert(result.worst == PS_VERIFY_OK && result.all_pinned);
    cr_assert_eq(numbers, 2, "lines %llu", (unsigned long long) numbers);
}

Test(custody, refuses_what_is_no_text)
{
    struct ps_custody_line line = {.number = 1, .who = "", .action = "x", .bundle = ID, .file = "x", .sha256 = sha256,
                                   .prev = acquisition};
    struct ps_signing_key *key = golden_key();
    struct ps_error err;
    size_t len = log_text.len;
    cr_assert(!ps_custody_sign(&line, key, &log_text, &err));
    line.who = "\xff";
    cr_assert(!ps_custody_sign(&line, key, &log_text, &err));
    cr_assert_eq(log_text.len, len);
    ps_signing_key_free(key);
}
