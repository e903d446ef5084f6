/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/manifest.h"
#include "formats/member_name.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void add(struct ps_manifest *m, const char *path, uint8_t first)
{
    uint8_t hash[PS_SHA256_LEN] = {first};
    struct ps_error err;
    cr_assert(ps_manifest_add(m, ps_span_text(path), hash, &err), "%s", err.text);
}

/* The reason of the flaw, or NULL. */
static const char *flaw_of(const char *text, size_t line)
{
    struct ps_manifest m = {0};
    struct ps_manifest_flaw flaw;
    struct ps_error err;
    cr_assert(ps_manifest_read(&m, ps_span_text(text), &flaw, &err));
    ps_manifest_done(&m);
    cr_assert(flaw.why == NULL || flaw.line == line, "line %zu: %s", flaw.line, flaw.why);
    return flaw.why;
}

Test(manifest, nothing)
{
    struct ps_manifest m = {0};
    struct ps_buffer text = {0};
    struct ps_span one, other;
    ps_manifest_sort(&m);
    ps_manifest_add_text(&m, &text);
    cr_assert_eq(text.len, 0);
    cr_assert(ps_manifest_find(&m, ps_span_text("a")) == NULL);
    cr_assert(!ps_manifest_clash(&m, &one, &other));
    cr_assert(flaw_of("", 0) == NULL);
    ps_manifest_done(&m);
    ps_manifest_done(&m);
}

Test(manifest, text_is_sorted_by_bytes)
{
    struct ps_manifest m = {0};
    struct ps_buffer text = {0};
    add(&m, "data/proc/2/state.pack", 2);
    add(&m, "data/proc/10/state.pack", 1);
    add(&m, "data/a/b", 3);
    add(&m, "data/a-b", 4);
    add(&m, "data/B", 5);
    add(&m, "data/a", 6);
    ps_manifest_sort(&m);
    ps_manifest_add_text(&m, &text);
    static const char zeros[] = "00000000000000000000000000000000000000000000000000000000000000";
    char want[1000];
    snprintf(want, sizeof want,
             "05%s  data/B\n06%s  data/a\n04%s  data/a-b\n03%s  data/a/b\n01%s  data/proc/10/state.pack\n"
             "02%s  data/proc/2/state.pack\n",
             zeros, zeros, zeros, zeros, zeros, zeros);
    cr_assert(ps_span_is(ps_buffer_span(&text), want));
    cr_assert_eq(m.text_len, text.len);
    cr_assert(flaw_of(want, 0) == NULL);

    cr_assert_eq(ps_manifest_find(&m, ps_span_text("data/a-b"))[0], 4);
    cr_assert(ps_manifest_find(&m, ps_span_text("data/a-")) == NULL);
    cr_assert(ps_manifest_find(&m, ps_span_text("data/a-b/")) == NULL);
    cr_assert(ps_manifest_find(&m, ps_span_of(NULL, 0)) == NULL);
    ps_buffer_done(&text);
    ps_manifest_done(&m);
}

Test(manifest, refuses_names_that_no_member_has)
{
    struct ps_manifest m = {0};
    uint8_t hash[PS_SHA256_LEN] = {0};
    struct ps_error err;
    cr_assert(!ps_manifest_add(&m, ps_span_text("../x"), hash, &err));
    cr_assert(strstr(err.text, "..") != NULL);
    cr_assert_eq(m.count, 0);
    ps_manifest_done(&m);
}

Test(manifest, flaws_of_a_text)
{
    cr_assert(flaw_of(HASH "  a\n" HASH "  b\n", 0) == NULL);
    cr_assert_str_eq(flaw_of(HASH "  b\n" HASH "  a\n", 2), "paths not in order");
    cr_assert_str_eq(flaw_of(HASH "  a\n" HASH "  a\n", 2), "path listed twice");
    static const char *const wrong[] = {
        HASH "  a",     HASH "  a\r\n", HASH " a\n",       HASH " *a\n",    HASH "   a\n",        HASH "\t\ta\n",
        HASH "0  a\n",  "\\" HASH "  a\n", HASH "  \n",    HASH "  /a\n",   HASH "  a/../b\n",    HASH "  a//b\n",
        HASH "  a b\n", HASH "  a%0A\n",   HASH "  a\\b\n", HASH "  ./a\n",  HASH "  a/\n",        "\n",
        "x\n",          "# comment\n",     "\xef\xbb\xbf" HASH "  a\n",      HASH,                HASH "  "};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(flaw_of(wrong[i], 1) != NULL, "%s", wrong[i]);
        char after[400];
        snprintf(after, sizeof after, HASH "  Z\n%s", wrong[i]);
        cr_assert(flaw_of(after, 2) != NULL, "%s", after);
    }
    cr_assert(flaw_of("0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef  a\n", 1) != NULL);
    cr_assert(flaw_of(HASH "  a\n\n", 2) != NULL);
}

/* A NUL ends nothing. */
Test(manifest, nul_is_a_flaw)
{
    static const char text[] = HASH "  a\0b\n";
    struct ps_manifest m = {0};
    struct ps_manifest_flaw flaw;
    struct ps_error err;
    cr_assert(ps_manifest_read(&m, ps_span_of(text, sizeof text - 1), &flaw, &err));
    cr_assert(flaw.why != NULL);
    ps_manifest_done(&m);
}

static bool clashes(const char *a, const char *b, const char *c)
{
    struct ps_manifest m = {0};
    struct ps_span one, other;
    add(&m, a, 1);
    add(&m, b, 2);
    add(&m, c, 3);
    ps_manifest_sort(&m);
    bool found = ps_manifest_clash(&m, &one, &other);
    for (size_t i = 1; i < m.count; i++)
        cr_assert(memcmp(ps_manifest_path(&m, i - 1).data, ps_manifest_path(&m, i).data, 6) <= 0, "still in order");
    ps_manifest_done(&m);
    return found;
}

Test(manifest, finds_what_cannot_stand_side_by_side)
{
    cr_assert(clashes("data/x", "data/y", "data/x"));
    cr_assert(clashes("data/x", "data/Y", "data/X"));
    cr_assert(clashes("data/x/y", "data/x-", "data/x"));
    cr_assert(clashes("data/x.y", "DATA", "data/x"));
    cr_assert(!clashes("data/x", "data/x-y", "data/x."));
    cr_assert(!clashes("data/x/y", "data/x/z", "data/x-"));
}

Test(manifest, number_of_members_is_limited)
{
    struct ps_manifest m = {0};
    uint8_t hash[PS_SHA256_LEN] = {0};
    struct ps_error err;
    for (size_t i = 0; i < PS_MANIFEST_MAX; i++)
        cr_assert(ps_manifest_add(&m, ps_span_text("a"), hash, &err));
    cr_assert(!ps_manifest_add(&m, ps_span_text("a"), hash, &err));
    cr_assert(strstr(err.text, "1000000") != NULL);

    struct ps_manifest_flaw flaw;
    cr_assert(ps_manifest_read(&m, ps_span_text(HASH "  b\n"), &flaw, &err));
    cr_assert_str_eq(flaw.why, "too many members");
    ps_manifest_done(&m);
}

/* Ten thousand processes: within 72 bytes for each member, and back from the text. */
Test(manifest, many)
{
    enum { PROCESSES = 12500 };
    struct ps_manifest m = {0}, again = {0};
    struct ps_manifest_flaw flaw;
    struct ps_error err;
    struct ps_buffer text = {0};
    uint64_t paths = 0;
    for (unsigned i = 0; i < PROCESSES; i++) {
        uint8_t hash[PS_SHA256_LEN];
        char path[60];
        for (int memory = 0; memory < 2; memory++) {
            int len = snprintf(path, sizeof path, "data/proc/%u/%s.pack", i * 7919U % 99991U,
                               memory ? "memory" : "state");
            paths += (uint64_t) len;
            ps_sha256_of(ps_span_text(path), hash);
            cr_assert(ps_manifest_add(&m, ps_span_text(path), hash, &err));
        }
    }
    /* hash, length, path, slot of the index */
    cr_assert_leq((33 + sizeof(void *)) * m.count + paths, (uint64_t) 72 * m.count);
    ps_manifest_sort(&m);
    ps_manifest_add_text(&m, &text);
    cr_assert(ps_manifest_read(&again, ps_buffer_span(&text), &flaw, &err));
    cr_assert(flaw.why == NULL, "%zu: %s", flaw.line, flaw.why);
    cr_assert_eq(again.count, 2 * PROCESSES);
    for (size_t i = 0; i < again.count; i++) {
        uint8_t hash[PS_SHA256_LEN];
        ps_sha256_of(ps_manifest_path(&again, i), hash);
        cr_assert(memcmp(ps_manifest_sha256(&again, i), hash, sizeof hash) == 0);
        const uint8_t *found = ps_manifest_find(&m, ps_manifest_path(&again, i));
        cr_assert(found != NULL && memcmp(found, hash, sizeof hash) == 0);
    }
    ps_buffer_done(&text);
    ps_manifest_done(&m);
    ps_manifest_done(&again);
}
