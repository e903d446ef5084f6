/* SPDX-License-Identifier: Apache-2.0
 *
 * Files, recipients and identities of age that an adversary made. The first byte chooses what the rest of the input is:
 *
 *   0  the file itself
 *   1  changes of the golden file (two bytes position, one byte value)
 *   2  the payload behind the golden header
 *   3  a recipient, and an identity file
 *   4  what is encrypted, some times over, and decrypted again
 *
 * Oracles: of a file that is not the golden one nothing comes out; what is accepted has one spelling; a round trip
 * gives the same bytes.
 */
#include "formats/age_header.h"
#include "formats/signing_key.h"
#include "tests/formats/golden_age.h"
#include "tests/formats/sample_bundle.h"

enum { GOLDEN_LEN = sizeof GOLDEN_AGE_FILE - 1, GOLDEN_HEADER = 168 };

static struct ps_age_identities *ids;

static void must(bool kept)
{
    if (!kept)
        abort();
}

static bool to_buffer(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) err;
    ps_buffer_add(context, data, len);
    return true;
}

/* Everything that comes out; true when it ends as it must. */
static bool decrypt(struct ps_span file, size_t room, struct ps_buffer *out)
{
    static uint8_t piece[65536];
    struct ps_error err;
    struct ps_flaw flaw = {.why = NULL};
    size_t got = 0;
    enum ps_source_step step;
    struct ps_age_reader *r = ps_age_reader_new(ids, sample_input, &file, &err);
    must(r != NULL);
    while ((step = ps_age_reader_read(r, piece, room, &got, &flaw, &err)) == PS_SOURCE_NEXT) {
        must(got > 0 && got <= room);
        ps_buffer_add(out, piece, got);
    }
    must(step == PS_SOURCE_END || (step == PS_SOURCE_FLAW && flaw.why != NULL));
    ps_age_reader_free(r);
    return step == PS_SOURCE_END;
}

static void fuzz_file(struct ps_span file)
{
    struct ps_buffer out = {0};
    bool golden = ps_span_equal(file, ps_span_of(GOLDEN_AGE_FILE, GOLDEN_LEN));
    must(decrypt(file, 4096, &out) == golden && (golden || out.len == 0));
    ps_buffer_done(&out);
}

static void fuzz_golden(struct ps_span changes)
{
    uint8_t file[GOLDEN_LEN];
    memcpy(file, GOLDEN_AGE_FILE, GOLDEN_LEN);
    for (size_t i = 0; i + 3 <= changes.len; i += 3)
        file[((size_t) changes.data[i] << 8 | changes.data[i + 1]) % GOLDEN_LEN] = changes.data[i + 2];
    fuzz_file(ps_span_of(file, sizeof file));
}

static void fuzz_payload(struct ps_span payload)
{
    struct ps_buffer file = {0};
    ps_buffer_add(&file, GOLDEN_AGE_FILE, GOLDEN_HEADER);
    ps_buffer_add_span(&file, payload);
    fuzz_file(ps_buffer_span(&file));
    ps_buffer_done(&file);
}

static void fuzz_keys(struct ps_span text)
{
    struct ps_age_recipient recipient;
    struct ps_error err;
    struct ps_age_identities *read = ps_age_identities_new(&err);
    if (ps_age_recipient_read(text, &recipient, &err)) {
        char again[PS_AGE_RECIPIENT_TEXT + 1];
        ps_age_recipient_text(&recipient, again);
        must(ps_span_is(text, again));
    }
    bool some = ps_age_identities_read(read, text, &err);
    must(!some || ps_age_identities_count(read) > 0);
    for (size_t i = 0; some && i < ps_age_identities_count(read); i++) {
        struct ps_buffer written = {0};
        ps_age_identity_write(read, i, "", &written);
        ps_buffer_add_byte(&written, '\0');
        const char *line = strstr((char *) written.data, "AGE-SECRET-KEY-");
        must(line != NULL && memmem(text.data, text.len, line, PS_AGE_IDENTITY_TEXT) != NULL);
        ps_secret_text_done(&written);
    }
    ps_age_identities_free(read);
}

static void fuzz_round_trip(struct ps_span text)
{
    struct ps_age_recipients to = {.list = {*ps_age_identity_recipient(ids, 0)}, .count = 1};
    struct ps_buffer file = {0}, out = {0};
    struct ps_error err;
    size_t times = text.len > 0 ? text.data[0] % 16 : 0;
    struct ps_age_writer *w = ps_age_writer_new(&to, to_buffer, &file, &err);
    must(w != NULL);
    for (size_t i = 0; i < times; i++)
        must(ps_age_writer_write(w, text.data, text.len, &err));
    must(ps_age_writer_finish(w, &err));
    ps_age_writer_free(w);
    must(decrypt(ps_buffer_span(&file), text.len > 1 ? (size_t) text.data[1] * 257 + 1 : 1000, &out));
    must(out.len == times * text.len);
    for (size_t i = 0; i < times; i++)
        must(memcmp(out.data + i * text.len, text.data, text.len) == 0);
    ps_buffer_done(&file);
    ps_buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const ways[])(struct ps_span) = {fuzz_file, fuzz_golden, fuzz_payload, fuzz_keys, fuzz_round_trip};
    if (ids == NULL)
        ids = golden_identities();
    if (len > 0)
        ways[data[0] % (sizeof ways / sizeof ways[0])](ps_span_of(data + 1, len - 1));
    return 0;
}
