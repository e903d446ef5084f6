/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/member_name.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_escaped(struct ps_span bytes, const char *want)
{
    struct ps_buffer out = {0};
    cr_assert(ps_member_escape(bytes, &out), "%s", want);
    cr_assert(ps_span_is(ps_buffer_span(&out), want), "%.*s is not %s", (int) out.len, (char *) out.data, want);
    cr_assert(ps_member_check(ps_buffer_span(&out)) == NULL, "%s", want);
    ps_buffer_done(&out);
}

static void expect_refused(struct ps_span bytes)
{
    struct ps_buffer out = {0};
    cr_assert(!ps_member_escape(bytes, &out));
    cr_assert_eq(out.len, 0);
    ps_buffer_done(&out);
}

Test(member_name, escape)
{
    expect_escaped(ps_span_text("eth0"), "eth0");
    expect_escaped(ps_span_text("A-Z.a_z+0:9,x@y"), "A-Z.a_z+0:9,x@y");
    expect_escaped(ps_span_text("a=b"), "a=3Db");
    expect_escaped(ps_span_text("a b\\\n%\xff"), "a=20b=5C=0A=25=FF");
    expect_escaped(ps_span_text("."), "=2E");
    expect_escaped(ps_span_text(".."), "=2E=2E");
    expect_escaped(ps_span_text("..."), "...");
    expect_escaped(ps_span_text(".hidden"), ".hidden");
    expect_escaped(ps_span_text("-rf"), "-rf");
    expect_refused(ps_span_of(NULL, 0));
    expect_refused(ps_span_text("a/b"));
    expect_refused(ps_span_of("a\0b", 3));
}

Test(member_name, escape_knows_the_length_limit)
{
    uint8_t bytes[256];
    struct ps_buffer out = {0};
    memset(bytes, '=', sizeof bytes);
    cr_assert(ps_member_escape(ps_span_of(bytes, 85), &out));
    cr_assert_eq(out.len, 255);
    ps_buffer_done(&out);
    expect_refused(ps_span_of(bytes, 86));
    memset(bytes, 'a', sizeof bytes);
    expect_refused(ps_span_of(bytes, 256));
}

/* Every name of two bytes: what can be escaped is legal, and no two names meet, but for letter case. */
Test(member_name, escape_is_injective)
{
    static bool seen[256][256][256]; /* first bytes and length of the escaped text are enough to tell */
    size_t count = 0;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t bytes[2] = {(uint8_t) a, (uint8_t) b};
            struct ps_buffer out = {0}, alias = {0};
            if (!ps_member_escape(ps_span_of(bytes, 2), &out))
                continue;
            cr_assert(ps_member_check(ps_buffer_span(&out)) == NULL);
            ps_member_alias(ps_buffer_span(&out), &alias);
            cr_assert_eq(alias.len, 2);
            bool small = (a < 'A' || a > 'Z') && (b < 'A' || b > 'Z');
            if (small) {
                cr_assert(!seen[alias.len][alias.data[0]][alias.data[1]]);
                seen[alias.len][alias.data[0]][alias.data[1]] = true;
                count++;
            }
            ps_buffer_done(&out);
            ps_buffer_done(&alias);
        }
    }
    cr_assert_eq(count, (256 - 26 - 2) * (256 - 26 - 2));
}

Test(member_name, legal_names)
{
    static const char *const good[] = {"bagit.txt",
                                       "data/proc/4711+82375/state-0002.pack",
                                       "data/proc/sys/net/ipv4/conf/eth0.100",
                                       "data/proc/=2E=2E/x",
                                       "data/=2E",
                                       "a",
                                       "data/.../...",
                                       "a=3Db=FF"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(ps_member_check(ps_span_text(good[i])) == NULL, "%s: %s", good[i],
                  ps_member_check(ps_span_text(good[i])));
}

Test(member_name, illegal_names)
{
    static const char *const wrong[] = {
        "", "/", "/etc/passwd", "..", "../x", "a/..", "a/../b", ".", "./a", "a/./b", "a//b", "a/", "a\\b", "a b",
        "a\nb", "a%41", "a\xc3\xa9", "a=", "a=3", "a=3d", "a=3G", "a=41", "=2Ea", "=2E=2E=2E", "=2E.", ".=2E",
        "a=2Fb", "a=00", "a*", "~", "C:\\x", "a\tb", "a=2=3D", "a==3D", "\x7f", "a;b", "a|b", "a$b", "(a)", "a'b"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_assert(ps_member_check(ps_span_text(wrong[i])) != NULL, "%s", wrong[i]);
    cr_assert(ps_member_check(ps_span_of("a\0b", 3)) != NULL);
    cr_assert(ps_member_check(ps_span_of(NULL, 0)) != NULL);
}

Test(member_name, length_limit)
{
    char name[PS_MEMBER_NAME_MAX + 2];
    memset(name, 'a', sizeof name);
    name[100] = '/';
    cr_assert(ps_member_check(ps_span_of(name, PS_MEMBER_NAME_MAX)) == NULL);
    cr_assert(ps_member_check(ps_span_of(name, PS_MEMBER_NAME_MAX + 1)) != NULL);
}

static bool clash(const char *a, const char *b)
{
    struct ps_span one = ps_span_text(a), other = ps_span_text(b);
    int order = ps_member_alias_order(one, other);
    cr_assert_eq(ps_member_alias_order(other, one), -order);
    return order <= 0 ? ps_member_clash(one, other) : ps_member_clash(other, one);
}

Test(member_name, names_that_no_file_system_holds_together)
{
    cr_assert(clash("data/a", "data/a"));
    cr_assert(clash("data/README", "Data/readme"));
    cr_assert(clash("data/a=C3=84", "data/A=c3=84"));
    cr_assert(clash("data/=41", "data/a"));
    cr_assert(clash("data/a", "data/a/b"));
    cr_assert(clash("data/A", "data/a/b"));
    cr_assert(clash("data", "data/a/b"));

    cr_assert(!clash("data/a", "data/b"));
    cr_assert(!clash("data/a", "data/a-b"));
    cr_assert(!clash("data/a/b", "data/a=2Fb"));
    cr_assert(!clash("data/a", "data/a=2Fb"));
    cr_assert(!clash("data/a", "data/ab/c"));
    cr_assert(!clash("data/a=3D", "data/a=3E"));
    cr_assert(!clash("data/a=00", "data/a"));
    cr_assert(!clash("data/a=0", "data/a"));
}

/* '-' and '.' sort before '/' as bytes, but must not come between a name and what would lie below it. */
Test(member_name, a_directory_stands_directly_before_its_content)
{
    struct ps_span file = ps_span_text("data/a"), below = ps_span_text("data/A/z");
    struct ps_span dash = ps_span_text("data/a-"), dot = ps_span_text("data/a.b");
    struct ps_span escape = ps_span_text("data/a=01");
    cr_assert(ps_member_alias_order(file, below) < 0);
    cr_assert(ps_member_alias_order(below, dash) < 0);
    cr_assert(ps_member_alias_order(below, dot) < 0);
    cr_assert(ps_member_alias_order(below, escape) < 0);
}

Test(bundle_id, time_of_the_id)
{
    int64_t at = 0;
    cr_assert(ps_bundle_id_read(ps_span_text("procsnap-20261122t001500z-0123abcd"), &at));
    cr_assert_eq(at, 1795306500);
    cr_assert(ps_bundle_id_read(ps_span_text("procsnap-19700101t000000z-00000000"), &at));
    cr_assert_eq(at, 0);
    cr_assert(ps_bundle_id_read(ps_span_text("procsnap-20240229t235959z-ffffffff"), &at));
    cr_assert_eq(at, 1709251199);
    cr_assert(ps_bundle_id_read(ps_span_text("procsnap-20000301t000000z-ffffffff"), &at));
    cr_assert_eq(at, 951868800);
}

Test(bundle_id, everything_else_is_refused)
{
    static const char *const wrong[] = {
        "", "procsnap-", "procsnap-20261122t001500z-0123abc", "procsnap-20261122t001500z-0123abcde",
        "procsnap-20261122t001500z-0123ABCD", "procsnap-20261122T001500Z-0123abcd",
        "procsnap_20261122t001500z-0123abcd", "procsnap-20261322t001500z-0123abcd",
        "procsnap-20260022t001500z-0123abcd", "procsnap-20261100t001500z-0123abcd",
        "procsnap-20261131t001500z-0123abcd", "procsnap-20260229t001500z-0123abcd",
        "procsnap-21000229t001500z-0123abcd", "procsnap-20261122t240000z-0123abcd",
        "procsnap-20261122t006000z-0123abcd", "procsnap-20261122t001560z-0123abcd",
        "procsnap-2026112 t001500z-0123abcd", "procsnap-+0261122t001500z-0123abcd",
        "procsnap-20261122t001500z-0123abc/", "procsnap-19691231t235959z-0123abcd",
        "PROCSNAP-20261122t001500z-0123abcd"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t at = 42;
        cr_assert(!ps_bundle_id_read(ps_span_text(wrong[i]), &at), "%s", wrong[i]);
        cr_assert_eq(at, 42);
    }
    int64_t at;
    cr_assert(!ps_bundle_id_read(ps_span_of("procsnap-20261122t001500z-0123abc\0", 34), &at));
}
