/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that hold what must be in no bundle: when they are hashed, when they are stored, across frames.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "collector/builder/line.h"
#include "collector/procfs/plan.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define KEY "-----BEGIN RSA PRIVATE KEY-----\nbm90IGEga2V5\n"

static struct ps_own_secrets secrets;
static struct ps_output out;
static struct ps_line_builder line;
static uint32_t row;

static bool swallow(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) context;
    (void) data;
    (void) len;
    (void) err;
    return true;
}

static void setup(void)
{
    static const struct ps_records_facts facts = {.bundle = "test", .boot_id = "", .clk_tck = 100};
    struct ps_error err;
    while (strcmp(ps_catalog[row].path, "fd/{}") != 0 || ps_catalog[row].scope != PS_PER_CONTENT)
        row++;
    cr_assert(ps_own_secrets_add(&secrets, ps_span_text(SECRET)));
    out.bundle = ps_bundle_new("procsnap-20261122t080049z-0b4591d8", 0, 1, NULL, swallow, NULL, &err);
    out.records = ps_records_new(&facts, ps_output_records, &out);
    cr_assert(out.bundle != NULL && out.records != NULL);
    line = (struct ps_line_builder){.out = &out, .own_secrets = &secrets, .stream.secrets = &secrets};
    line.content.budget = 1 << 20;
}

TestSuite(content_line, .init = setup);

/* What the journal says of a file that is `first` when it is hashed and `second` when it is stored, in frames of that
 * length. */
static struct ps_span journal_of(const char *first, const char *second, size_t frame)
{
    static const struct ps_file_facts facts = {.mode = 0100600};
    const struct ps_line head = {.scope = PS_LINE_CONTENT, .pid = 1, .start = 1, .life = "1", .reader = PS_MEMORY};
    const struct ps_capture end = {.outcome = PS_COMPLETE};
    const struct ps_line_end line_end = {.identity = PS_SAME};
    ps_buffer_clear(&out.journal, SIZE_MAX);
    ps_line_begin(&line, &head, "data/proc/1/files", false);
    cr_assert(ps_content_begin(&line, row, ps_span_text("3"), ps_span_text("/x"), &facts, 0));
    for (size_t at = 0; at < strlen(first); at += frame)
        cr_assert(ps_content_digest(&line, ps_span_of(first + at, strnlen(first + at, frame))));
    cr_assert(ps_content_keep(&line, false));
    for (size_t at = 0; at < strlen(second); at += frame)
        cr_assert(ps_content_store(&line, ps_span_of(second + at, strnlen(second + at, frame))));
    cr_assert(ps_content_end(&line, &end, false, 0));
    ps_line_end(&line, NULL, 0, PS_SKIPPED, PS_SKIPPED, &line_end, 0);
    cr_assert(not(out.failed));
    return ps_buffer_span(&out.journal);
}

static bool says(struct ps_span journal, const char *text)
{
    return memmem(journal.data, journal.len, text, strlen(text)) != NULL;
}

Test(content_line, what_was_found_when_it_was_hashed_is_not_stored)
{
    static const struct {
        const char *text, *withheld;
    } files[] = {
        {"aws configure set aws_secret_access_key " SECRET "\nexit\n", "\"withheld\":\"own credentials\""},
        {"and then\n" KEY "and\n", "\"withheld\":\"private key\""},
        {"\177ELF with a key that it uses: " SECRET, "\"withheld\":\"own credentials\""},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        for (size_t frame = 1; frame < 200; frame++) {
            struct ps_span journal = journal_of(files[i].text, files[i].text, frame);
            cr_expect(says(journal, files[i].withheld), "file %zu in frames of %zu", i, frame);
            cr_expect(not(says(journal, "data/objects/")));
        }
    }
}

/* `before` is what was hashed; then `begins` stands at its beginning, of which the bundle gets what `masked` says. */
static void expect_masked(const char *before, const char *begins, const char *masked)
{
    uint8_t sha256[PS_SHA256_LEN];
    char then[200], expected[200], hex[2 * PS_SHA256_LEN + 1];
    struct ps_sha256 hash;
    size_t len = strlen(before);
    snprintf(then, sizeof then, "%s%s", begins, before + strlen(begins));
    snprintf(expected, sizeof expected, "%s%s", masked, before + strlen(masked));
    ps_sha256_init(&hash);
    ps_sha256_update(&hash, ps_span_of(expected, len));
    ps_sha256_final(&hash, sha256);
    ps_hex_text(ps_span_of(sha256, sizeof sha256), hex);
    struct ps_span journal = journal_of(before, then, 30);
    cr_expect(says(journal, "\"fd/3\",\"partial\""));
    cr_expect(says(journal, hex));
    cr_expect(says(journal, "data/objects/"));
    cr_expect(not(says(journal, "withheld")));
}

Test(content_line, what_is_found_only_when_it_is_stored_is_masked)
{
    expect_masked("a file that becomes another one before it is read for the second time, of the same length",
                  "aws configure set aws_secret_access_key " SECRET "\nexit\n",
                  "aws configure set aws_secret_access_key ****************************************\nexit\n");
    expect_masked("one that becomes a private key, and that is all ..", "# " KEY,
                  "# ************************************************");
}

Test(content_line, a_file_without_any_is_stored)
{
    struct ps_span journal = journal_of("nothing of interest", "nothing of interest", 5);
    cr_expect(says(journal, "\"fd/3\",\"complete\""));
    cr_expect(says(journal, "data/objects/"));
}
