/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/bundle_dir.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/verify.h"
#include "tests/formats/sample_bundle.h"

static struct sample s;
static char top[64];
static int dir;

static void write_file(const char *name, struct ps_span bytes)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", top, name);
    for (char *slash = strchr(path + strlen(top) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *f = fopen(path, "wb");
    cr_assert(f != NULL, "%s", path);
    cr_assert_eq(fwrite(bytes.data, 1, bytes.len, f), bytes.len);
    cr_assert_eq(fclose(f), 0);
}

static void setup(void)
{
    strcpy(top, "/tmp/procsnap-test-dir-XXXXXX");
    cr_assert(mkdtemp(top) != NULL);
    sample_make(&s, NULL, NULL);
    for (size_t i = 0; i < s.count; i++)
        write_file(s.members[i].name, ps_buffer_span(&s.members[i].bytes));
    dir = open(top, O_RDONLY | O_DIRECTORY);
    cr_assert_geq(dir, 0);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", top);
    cr_assert_eq(system(command), 0);
    close(dir);
    sample_free(&s);
}

TestSuite(bundle_dir, .init = setup, .fini = teardown);

static void expect(enum ps_verify_verdict verdict, const char *why)
{
    struct ps_verify_wants wants = {.key = ps_signing_key_public(sample_key()), .rederive = true};
    static struct ps_verify_report r;
    struct ps_error err = {0};
    cr_assert(ps_verify_dir(dir, &wants, &r, &err), "%s", err.text);
    cr_assert_eq(r.verdict, verdict, "%s, %s", ps_verify_name(r.verdict),
                 r.finding_count > 0 ? r.findings[0].what : "");
    bool said = why == NULL;
    for (size_t i = 0; i < r.finding_count; i++)
        said = said || strstr(r.findings[i].what, why) != NULL;
    cr_assert(said, "%s", why);
    ps_verify_report_done(&r);
}

static void remove_file(const char *name)
{
    cr_assert_eq(unlinkat(dir, name, 0), 0);
}

Test(bundle_dir, honest)
{
    expect(PS_VERIFY_OK, NULL);
    expect(PS_VERIFY_OK, NULL); /* the descriptor is as it was */
    cr_assert_eq(mkdirat(dir, "data/empty", 0700), 0);
    expect(PS_VERIFY_OK, NULL);
}

Test(bundle_dir, changed_missing_extra)
{
    write_file("data/proc/uptime", ps_span_text("1.00 1.00\n"));
    expect(PS_VERIFY_TAMPERED, NULL);
    remove_file("data/proc/uptime");
    expect(PS_VERIFY_TAMPERED, "a manifest lists it, but it is not there");
    write_file("data/proc/uptime", ps_buffer_span(sample_bytes(&s, "data/proc/uptime")));
    write_file("data/proc/loadavg", ps_span_text("x"));
    expect(PS_VERIFY_TAMPERED, "no manifest lists it");
    remove_file("data/proc/loadavg");
    write_file("notes.txt", ps_span_text("x"));
    expect(PS_VERIFY_TAMPERED, "no manifest lists it");
    remove_file("notes.txt");
    expect(PS_VERIFY_OK, NULL);
}

Test(bundle_dir, missing_seal)
{
    remove_file("tagmanifest-sha256.txt.sshsig");
    expect(PS_VERIFY_INCOMPLETE, "missing");
    remove_file("tagmanifest-sha256.txt.minisig");
    remove_file("tagmanifest-sha256.txt");
    remove_file("chain.json");
    expect(PS_VERIFY_INCOMPLETE, "missing");
    remove_file("data/closing.json"); /* the manifest that is there still speaks of it */
    expect(PS_VERIFY_TAMPERED, "a manifest lists it, but it is not there");
}

Test(bundle_dir, nothing_is_followed)
{
    char elsewhere[100];
    snprintf(elsewhere, sizeof elsewhere, "%s-uptime", top);
    FILE *f = fopen(elsewhere, "wb");
    struct ps_buffer *uptime = sample_bytes(&s, "data/proc/uptime");
    cr_assert_eq(fwrite(uptime->data, 1, uptime->len, f), uptime->len);
    fclose(f);
    remove_file("data/proc/uptime");
    cr_assert_eq(symlinkat(elsewhere, dir, "data/proc/uptime"), 0);
    expect(PS_VERIFY_MALFORMED, "neither a regular file");
    remove_file("data/proc/uptime");
    cr_assert_eq(mkfifoat(dir, "data/proc/uptime", 0600), 0);
    expect(PS_VERIFY_MALFORMED, "neither a regular file");
    remove_file("data/proc/uptime");
    cr_assert_eq(renameat(dir, "data/journal", dir, "journal"), 0);
    cr_assert_eq(symlinkat("../journal", dir, "data/journal"), 0);
    expect(PS_VERIFY_MALFORMED, "neither a regular file");
    unlink(elsewhere);
}

Test(bundle_dir, names)
{
    write_file("data/a b", ps_span_text("x"));
    expect(PS_VERIFY_MALFORMED, "");
    remove_file("data/a b");
    char deep[300];
    memset(deep, 'd', sizeof deep);
    memcpy(deep, "data/", 5);
    for (size_t i = 99; i < sizeof deep; i += 50)
        deep[i] = '/';
    deep[sizeof deep - 1] = '\0';
    write_file(deep, ps_span_text("x"));
    expect(PS_VERIFY_MALFORMED, "");
}

/* A link that takes the place of a listed file. */
Test(bundle_dir, exchanged_after_the_listing)
{
    struct ps_error err;
    struct ps_flaw flaw;
    struct ps_member member;
    struct ps_bundle_dir *d = ps_bundle_dir_new(dir, &err);
    cr_assert(d != NULL);
    struct ps_member_source source = ps_bundle_dir_source(d);
    remove_file("bagit.txt");
    cr_assert_eq(symlinkat("/etc/passwd", dir, "bagit.txt"), 0);
    cr_assert_eq(source.member(source.self, &member, &flaw, &err), PS_SOURCE_FAILED);
    ps_bundle_dir_free(d);
    ps_bundle_dir_free(NULL);
}

Test(bundle_dir, journal_parts_come_by_number)
{
    struct ps_error err;
    struct ps_flaw flaw;
    struct ps_member member;
    write_file("data/journal/10000.ndjson", ps_span_text("x"));
    write_file("data/journal/9999.ndjson", ps_span_text("x"));
    struct ps_bundle_dir *d = ps_bundle_dir_new(dir, &err);
    struct ps_member_source source = ps_bundle_dir_source(d);
    char order[100] = "";
    while (source.member(source.self, &member, &flaw, &err) == PS_SOURCE_NEXT)
        if (ps_span_starts(member.name, "data/journal/"))
            strncat(order, (const char *) member.name.data + 13, member.name.len - 20);
    cr_assert_str_eq(order, "00010002999910000");
    ps_bundle_dir_free(d);
}
