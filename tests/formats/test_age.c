/* SPDX-License-Identifier: Apache-2.0
 *
 * Recipients and identities as text, and what age files are accepted: with stock age they are compared in e2e/age.py.
 */
#include "formats/age_header.h"
#include "formats/base64.h"
#include "formats/signing_key.h"
#include "tests/formats/golden_age.h"
#include "tests/formats/sample_bundle.h"

#include <criterion/criterion.h>

static struct ps_age_identities *ids;

static void begin(void)
{
    ids = golden_identities();
}

static void end(void)
{
    ps_age_identities_free(ids);
}

TestSuite(age, .init = begin, .fini = end);

static bool to_buffer(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) err;
    ps_buffer_add(context, data, len);
    return true;
}

static struct ps_age_recipients golden_recipients(void)
{
    struct ps_age_recipients to = {.count = 0};
    struct ps_error err;
    cr_assert(ps_age_recipients_add(&to, ps_span_text(GOLDEN_RECIPIENT), &err), "%s", err.text);
    return to;
}

/* In pieces of `piece` bytes. */
static void encrypt(const struct ps_age_recipients *to, struct ps_span plain, size_t piece, struct ps_buffer *out)
{
    struct ps_error err;
    struct ps_age_writer *w = ps_age_writer_new(to, to_buffer, out, &err);
    cr_assert(w != NULL, "%s", err.text);
    for (size_t at = 0; at < plain.len; at += piece) {
        size_t len = plain.len - at < piece ? plain.len - at : piece;
        cr_assert(ps_age_writer_write(w, plain.data + at, len, &err));
    }
    cr_assert(ps_age_writer_finish(w, &err));
    ps_age_writer_free(w);
}

/* What comes out in pieces of `room` bytes, and how it ends. */
static enum ps_source_step decrypt(const struct ps_age_identities *with, struct ps_span file, size_t room,
                                   struct ps_buffer *out, struct ps_flaw *flaw)
{
    struct ps_error err;
    uint8_t piece[100000];
    size_t got = 0;
    enum ps_source_step step;
    struct ps_age_reader *r = ps_age_reader_new(with, sample_input, &file, &err);
    cr_assert(r != NULL && room <= sizeof piece);
    while ((step = ps_age_reader_read(r, piece, room, &got, flaw, &err)) == PS_SOURCE_NEXT) {
        cr_assert(got > 0 && got <= room);
        ps_buffer_add(out, piece, got);
    }
    cr_assert_eq(ps_age_reader_read(r, piece, room, &got, flaw, &err), step, "it says another thing the second time");
    ps_age_reader_free(r);
    return step;
}

static struct ps_flaw flaw_of(struct ps_span file)
{
    struct ps_flaw flaw = {.why = ""};
    struct ps_buffer out = {0};
    cr_assert_eq(decrypt(ids, file, 4096, &out, &flaw), PS_SOURCE_FLAW);
    ps_buffer_done(&out);
    return flaw;
}

static void has_flaw(struct ps_span file, enum ps_flaw_kind kind, const char *why)
{
    struct ps_flaw flaw = flaw_of(file);
    cr_assert_eq(flaw.kind, kind, "%s", flaw.why);
    cr_assert(strstr(flaw.why, why) != NULL, "\"%s\" does not say: %s", flaw.why, why);
}

Test(age, recipient_has_one_spelling)
{
    struct ps_age_recipient r;
    struct ps_error err;
    char text[PS_AGE_RECIPIENT_TEXT + 1];
    cr_assert_eq(memcmp(ps_age_identity_recipient(ids, 0), &golden_recipients().list[0], sizeof r), 0);
    ps_age_recipient_text(ps_age_identity_recipient(ids, 0), text);
    cr_assert_str_eq(text, GOLDEN_RECIPIENT);
    for (size_t i = 0; i < PS_AGE_RECIPIENT_TEXT; i++) {
        for (int c = 0; c < 256; c++) {
            char changed[] = GOLDEN_RECIPIENT;
            changed[i] = (char) c;
            cr_assert_eq(ps_age_recipient_read(ps_span_of(changed, PS_AGE_RECIPIENT_TEXT), &r, &err),
                         changed[i] == GOLDEN_RECIPIENT[i], "%zu %d", i, c);
        }
        cr_assert(!ps_age_recipient_read(ps_span_of(GOLDEN_RECIPIENT, i), &r, &err));
    }
    cr_assert(!ps_age_recipient_read(ps_span_text(GOLDEN_RECIPIENT "q"), &r, &err));
    cr_assert(!ps_age_recipient_read(ps_span_text("AGE13AQVTTDK3UJKYJH9KG2W5AN6DMY5MQ5A84A4UXK3HFHNUGFC9P0SY5P2WH"), &r,
                                     &err));
}

Test(age, other_recipients_are_refused_with_a_remedy)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"age1pq1abc", "post-quantum"},
        {"age1yubikey1q", "plugin"},
        {"ssh-ed25519 AAAA", "SSH key"},
        {GOLDEN_IDENTITY, "secret identity"},
        {"alice", "not a recipient"},
        {"", "not a recipient"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ps_age_recipient r;
        struct ps_error err;
        cr_assert(!ps_age_recipient_read(ps_span_text(cases[i].text), &r, &err), "%s", cases[i].text);
        cr_assert(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
        cr_assert(strstr(err.text, "QQQSYQ") == NULL, "the secret is in the error");
    }
    struct ps_age_recipient zero = {.point = {0}};
    char text[PS_AGE_RECIPIENT_TEXT + 1];
    struct ps_error err;
    ps_age_recipient_text(&zero, text);
    cr_assert(!ps_age_recipient_read(ps_span_text(text), &zero, &err), "a point that gives everybody the same secret");
}

Test(age, recipients_are_a_short_list_without_repeats)
{
    struct ps_age_recipients to = golden_recipients();
    struct ps_error err;
    cr_assert(ps_age_recipients_add(&to, ps_span_text(GOLDEN_RECIPIENT), &err) && to.count == 1);
    for (int i = 0; i < PS_AGE_RECIPIENTS_MAX; i++) {
        char text[PS_AGE_RECIPIENT_TEXT + 1];
        struct ps_age_identities *other = ps_age_identities_new(&err);
        cr_assert(ps_age_identities_generate(other, &err));
        ps_age_recipient_text(ps_age_identity_recipient(other, 0), text);
        cr_assert_eq(ps_age_recipients_add(&to, ps_span_text(text), &err), i < PS_AGE_RECIPIENTS_MAX - 1);
        ps_age_identities_free(other);
    }
    cr_assert_eq(to.count, PS_AGE_RECIPIENTS_MAX);
}

static bool read_identities(const char *text, size_t *count, struct ps_error *err)
{
    struct ps_age_identities *read = ps_age_identities_new(err);
    bool ok = ps_age_identities_read(read, ps_span_text(text), err);
    *count = ps_age_identities_count(read);
    ps_age_identities_free(read);
    return ok;
}

Test(age, identity_files)
{
    static const char many[] = "# created: 2026\r\n\r\n" GOLDEN_IDENTITY "\r\n\n" GOLDEN_IDENTITY "\n# end";
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "no identity in it"},
        {"# only a comment\n", "no identity in it"},
        {GOLDEN_RECIPIENT "\n", "line 1 is a recipient"},
        {"#\n " GOLDEN_IDENTITY "\n", "line 2 is no identity"},
        {GOLDEN_IDENTITY " \n", "line 1 is an identity of another kind than X25519, or damaged"},
        {GOLDEN_IDENTITY "\nx\n", "line 2 is no identity"},
        {"age-encryption.org/v1\n-> scrypt a 18\n", "an encrypted file"},
        {"-----BEGIN AGE ENCRYPTED FILE-----\n", "an encrypted file"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\n", "another kind"},
        {"AGE-PLUGIN-YUBIKEY-1Q\n", "another kind"},
        {"AGE-SECRET-KEY-PQ-1Q\n", "another kind"},
        {"age-secret-key-1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0swrydwg\n", "no identity"},
    };
    struct ps_error err;
    size_t count;
    cr_assert(read_identities(GOLDEN_IDENTITY, &count, &err) && count == 1);
    cr_assert(read_identities(many, &count, &err) && count == 2, "%s", err.text);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert(!read_identities(bad[i].text, &count, &err), "%s", bad[i].text);
        cr_assert(strstr(err.text, bad[i].says) != NULL, "%s: %s", bad[i].says, err.text);
        cr_assert(strstr(err.text, "QQQSYQ") == NULL, "the secret is in the error");
    }
    struct ps_buffer text = {0};
    for (int i = 0; i <= PS_AGE_IDENTITIES_MAX; i++)
        ps_buffer_add_text(&text, GOLDEN_IDENTITY "\n");
    ps_buffer_add_byte(&text, '\0');
    cr_assert(!read_identities((char *) text.data, &count, &err) && strstr(err.text, "more than 32") != NULL);
    ps_buffer_done(&text);
}

Test(age, identity_file_is_written_as_age_keygen_does)
{
    struct ps_buffer text = {0};
    ps_age_identity_write(ids, 0, "2026-11-22T00:15:00Z", &text);
    cr_assert(ps_span_is(ps_buffer_span(&text), "# created: 2026-11-22T00:15:00Z\n# public key: " GOLDEN_RECIPIENT
                                                "\n" GOLDEN_IDENTITY "\n"));
    ps_secret_text_done(&text);
}

Test(age, golden_file)
{
    struct ps_span file = ps_span_of(GOLDEN_AGE_FILE, sizeof GOLDEN_AGE_FILE - 1);
    struct ps_buffer out = {0};
    struct ps_flaw flaw;
    cr_assert_eq(decrypt(ids, file, 1, &out, &flaw), PS_SOURCE_END);
    cr_assert(ps_span_is(ps_buffer_span(&out), GOLDEN_AGE_TEXT));
    ps_buffer_done(&out);
}

/* Nothing of it comes out, wherever it is altered or cut. */
Test(age, every_flip_and_every_cut_is_told)
{
    uint8_t file[sizeof GOLDEN_AGE_FILE - 1];
    memcpy(file, GOLDEN_AGE_FILE, sizeof file);
    for (size_t i = 0; i < sizeof file; i++) {
        for (int bit = 0; bit < 8; bit++) {
            file[i] ^= (uint8_t) (1 << bit);
            struct ps_flaw flaw = {.why = ""};
            struct ps_buffer out = {0};
            cr_assert_eq(decrypt(ids, ps_span_of(file, sizeof file), 100, &out, &flaw), PS_SOURCE_FLAW, "byte %zu", i);
            cr_assert_eq(out.len, 0);
            file[i] ^= (uint8_t) (1 << bit);
        }
        cr_assert_eq(flaw_of(ps_span_of(file, i)).kind, PS_FLAW_CUT_SHORT, "cut at %zu", i);
    }
    file[150] ^= 1; /* within the MAC */
    has_flaw(ps_span_of(file, sizeof file), PS_FLAW_ALTERED, "header");
}

Test(age, round_trip_at_chunk_edges)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131071, 131072, 131073, 1000000};
    static uint8_t plain[1000000];
    struct ps_age_recipients to = golden_recipients();
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t) (i * 2654435761u >> 24);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct ps_buffer file = {0}, out = {0};
        struct ps_flaw flaw;
        encrypt(&to, ps_span_of(plain, sizes[i]), i % 2 == 0 ? 65536 : 7777, &file);
        size_t chunks = sizes[i] == 0 ? 1 : (sizes[i] + 65535) / 65536;
        cr_assert_eq(file.len, 168 + 16 + sizes[i] + 16 * chunks);
        cr_assert_eq(decrypt(ids, ps_buffer_span(&file), i % 3 == 0 ? 65536 : 999, &out, &flaw), PS_SOURCE_END);
        cr_assert(ps_span_equal(ps_buffer_span(&out), ps_span_of(plain, sizes[i])), "%zu", sizes[i]);
        ps_buffer_done(&file);
        ps_buffer_done(&out);
    }
}

/* Of what was altered in the middle everything before that chunk comes out, and nothing of it or behind it. */
Test(age, chunks_cannot_be_moved_dropped_or_changed)
{
    enum { SEALED = 65536 + 16, HEAD = 168 + 16, LEN = 3 * 65536 + 100 };
    static uint8_t plain[LEN], spare[SEALED];
    struct ps_age_recipients to = golden_recipients();
    struct ps_buffer file = {0}, out = {0};
    struct ps_flaw flaw;
    encrypt(&to, ps_span_of(plain, LEN), LEN, &file);

    file.data[HEAD + SEALED + 5] ^= 1;
    cr_assert_eq(decrypt(ids, ps_buffer_span(&file), 5000, &out, &flaw), PS_SOURCE_FLAW);
    cr_assert(flaw.kind == PS_FLAW_ALTERED && out.len == 65536, "%s", flaw.why);
    file.data[HEAD + SEALED + 5] ^= 1;

    memcpy(spare, file.data + HEAD, SEALED);
    memcpy(file.data + HEAD, file.data + HEAD + SEALED, SEALED);
    has_flaw(ps_buffer_span(&file), PS_FLAW_ALTERED, "altered");
    memcpy(file.data + HEAD, spare, SEALED);

    has_flaw(ps_span_of(file.data, HEAD + 2 * SEALED), PS_FLAW_CUT_SHORT, "cut short");
    has_flaw(ps_span_of(file.data, HEAD + 3 * SEALED + 10), PS_FLAW_CUT_SHORT, "cut short");
    has_flaw(ps_span_of(file.data, file.len - 1), PS_FLAW_CUT_SHORT, "or altered");
    ps_buffer_add_byte(&file, 0);
    has_flaw(ps_buffer_span(&file), PS_FLAW_CUT_SHORT, "or altered");
    ps_buffer_done(&file);
    ps_buffer_done(&out);
}

Test(age, each_of_many_recipients_opens_it)
{
    struct ps_age_recipients to = {.count = 0};
    struct ps_age_identities *others[3];
    struct ps_buffer file = {0}, out = {0};
    struct ps_flaw flaw;
    struct ps_error err;
    for (size_t i = 0; i < 3; i++) {
        others[i] = ps_age_identities_new(&err);
        cr_assert(ps_age_identities_generate(others[i], &err));
        to.list[to.count++] = *ps_age_identity_recipient(others[i], 0);
    }
    encrypt(&to, ps_span_text("for three"), 100, &file);
    for (size_t i = 0; i < 3; i++) {
        ps_buffer_clear(&out, SIZE_MAX);
        cr_assert_eq(decrypt(others[i], ps_buffer_span(&file), 100, &out, &flaw), PS_SOURCE_END);
        cr_assert(ps_span_is(ps_buffer_span(&out), "for three"));
        ps_age_identities_free(others[i]);
    }
    has_flaw(ps_buffer_span(&file), PS_FLAW_LOCKED, "none of the identities");
    ps_buffer_clear(&out, SIZE_MAX);
    cr_assert_eq(decrypt(NULL, ps_buffer_span(&file), 100, &out, &flaw), PS_SOURCE_FLAW);
    cr_assert(flaw.kind == PS_FLAW_LOCKED && strstr(flaw.why, "no identity was given") != NULL);
    ps_buffer_done(&file);
    ps_buffer_done(&out);
}

/* A header of the golden file with so many foreign stanzas before its own. */
static void with_stanzas(size_t count, const char *stanza, struct ps_buffer *out)
{
    const size_t version = sizeof PS_AGE_VERSION - 1;
    ps_buffer_clear(out, SIZE_MAX);
    ps_buffer_add_text(out, PS_AGE_VERSION);
    for (size_t i = 0; i < count; i++)
        ps_buffer_add_text(out, stanza);
    ps_buffer_add(out, &GOLDEN_AGE_FILE[version], sizeof GOLDEN_AGE_FILE - 1 - version);
}

Test(age, headers_have_bounds)
{
    static char line[70000];
    struct ps_buffer file = {0};
    with_stanzas(1, "-> new-kind a b\n\n", &file);
    has_flaw(ps_buffer_span(&file), PS_FLAW_ALTERED, "header"); /* well-formed; the MAC is of another header */
    with_stanzas(PS_AGE_STANZAS_MAX - 1, "-> new-kind a b\n\n", &file);
    has_flaw(ps_buffer_span(&file), PS_FLAW_ALTERED, "header");
    with_stanzas(PS_AGE_STANZAS_MAX, "-> new-kind a b\n\n", &file);
    has_flaw(ps_buffer_span(&file), PS_FLAW_MALFORMED, "more than 256");
    memset(line, 'a', sizeof line - 1);
    memcpy(line, "-> ", 3);
    with_stanzas(1, line, &file);
    has_flaw(ps_buffer_span(&file), PS_FLAW_MALFORMED, "64 KiB");
    with_stanzas(1, "-> scrypt rF0/NwblUHHTpgQgRpe5CQ 10\ngUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n", &file);
    has_flaw(ps_buffer_span(&file), PS_FLAW_MALFORMED, "not one of age v1");
    static const char locked[] = PS_AGE_VERSION "-> scrypt rF0/NwblUHHTpgQgRpe5CQ 10\n"
                                                "gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n"
                                                "--- 8F+6KnF7hCzHzMUlpRwyGOdMk7mmcli32n+6CAJj6ps\n0123456789abcdef";
    has_flaw(ps_span_text(locked), PS_FLAW_LOCKED, "passphrase");
    static const char unknown[] = PS_AGE_VERSION "-> new-kind\n\n"
                                                 "--- 8F+6KnF7hCzHzMUlpRwyGOdMk7mmcli32n+6CAJj6ps\n0123456789abcdef";
    has_flaw(ps_span_text(unknown), PS_FLAW_LOCKED, "other kinds than X25519");
    has_flaw(ps_span_text("age-encryption.org/v2\n-> X25519 a\n"), PS_FLAW_MALFORMED, "not one of age v1");
    ps_buffer_done(&file);
}
