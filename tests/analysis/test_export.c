/* SPDX-License-Identifier: Apache-2.0
 *
 * The hands of export: whatever a bundle calls a thing, nothing is written but below the directory, and never through
 * a link.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/export_tree.h"

static char folder[] = "/tmp/test-export-XXXXXX";

static int open_folder(void)
{
    cr_assert(mkdtemp(folder) != NULL);
    return open(folder, O_RDONLY | O_DIRECTORY);
}

static void close_folder(int dir)
{
    char command[64];
    close(dir);
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_expect(system(command) == 0);
}

static bool named(const char *path, enum ps_scope scope, struct ps_span name, struct ps_export_name *out)
{
    struct ps_entry entry = {.row = ps_catalog_path(ps_span_text(path), scope), .name = name};
    cr_assert(entry.row != NULL, "%s", path);
    return ps_export_name_of(&entry, out);
}

Test(export, names_come_from_the_catalog)
{
    struct ps_export_name name;
    cr_assert(named("stat", PS_PER_PROCESS, ps_span_text("stat"), &name));
    cr_expect(eq(str, name.path, "stat"));
    cr_assert(named("environ", PS_PER_PROCESS, ps_span_text("environ.redacted"), &name));
    cr_expect(eq(str, name.path, "environ"));
    cr_assert(named("fd/{}", PS_PER_PROCESS, ps_span_text("fd/3"), &name));
    cr_expect(eq(str, name.path, "fd/3"));
    cr_expect(name.link);
    cr_assert(named("net/tcp", PS_PER_NETNS, ps_span_text("net/tcp.part-0002"), &name));
    cr_expect(eq(str, name.path, "net/tcp"));
    cr_expect(name.goes_on);
    cr_assert(named("task/{}/stat", PS_PER_THREAD, ps_span_text("task/12/stat"), &name));
    cr_expect(eq(str, name.path, "task/12/stat"));
    cr_expect(not(named("task/{}/stat", PS_PER_THREAD, ps_span_text("task/../stat"), &name)));
    cr_expect(not(named("task/{}/stat", PS_PER_THREAD, ps_span_text("task/1/../2/stat"), &name)));
    /* A name of another place is not asked: the row decides. */
    cr_assert(named("stat", PS_PER_PROCESS, ps_span_text("../../etc/passwd"), &name));
    cr_expect(eq(str, name.path, "stat"));
}

Test(export, names_that_lead_elsewhere_are_refused)
{
    static const char *const names[] = {"fd/", "fd/.", "fd/..", "fd/../../x", "fd/a/b", "fd", "", "ns/3", "/fd/3"};
    struct ps_export_name name;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cr_expect(not(named("fd/{}", PS_PER_PROCESS, ps_span_text(names[i]), &name)), "%s", names[i]);
    cr_expect(not(named("fd/{}", PS_PER_PROCESS, ps_span_of("fd/a\0b", 6), &name)));
    char longer[400];
    memset(longer, 'a', sizeof longer);
    memcpy(longer, "fd/", 3);
    cr_expect(not(named("fd/{}", PS_PER_PROCESS, ps_span_of(longer, sizeof longer), &name)));
    struct ps_entry unknown = {.name = ps_span_text("new")};
    cr_expect(not(ps_export_name_of(&unknown, &name)));
}

Test(export, nothing_that_exists_is_written_or_followed)
{
    struct ps_export_name file = {.path = "stat"}, below = {.path = "net/tcp"}, link = {.path = "fd/3", .link = true};
    struct stat st;
    int dir = open_folder();

    cr_expect(ps_export_file(dir, &file, ps_span_text("one")) == PS_EXPORT_MADE);
    cr_expect(ps_export_file(dir, &file, ps_span_text("other")) == PS_EXPORT_PASSED_OVER);
    file.goes_on = true;
    cr_expect(ps_export_file(dir, &file, ps_span_text("two")) == PS_EXPORT_MADE);
    cr_assert(fstatat(dir, "stat", &st, AT_SYMLINK_NOFOLLOW) == 0);
    cr_expect(eq(i64, st.st_size, 6));
    cr_expect(eq(u32, st.st_mode & 07777, 0600));

    cr_assert(mkdirat(dir, "outside", 0700) == 0);
    cr_assert(symlinkat("outside", dir, "net") == 0);
    cr_expect(ps_export_file(dir, &below, ps_span_text("x")) == PS_EXPORT_FAILED);
    cr_expect(faccessat(dir, "outside/tcp", F_OK, 0) != 0);
    cr_assert(symlinkat("outside/new", dir, "loadavg") == 0);
    struct ps_export_name through = {.path = "loadavg"};
    cr_expect(ps_export_file(dir, &through, ps_span_text("x")) == PS_EXPORT_PASSED_OVER);
    through.goes_on = true;
    cr_expect(ps_export_file(dir, &through, ps_span_text("x")) == PS_EXPORT_FAILED);
    cr_expect(faccessat(dir, "outside/new", F_OK, 0) != 0);

    cr_expect(ps_export_link(dir, &link, ps_span_text("/etc/passwd\n\x1b[2J")) == PS_EXPORT_MADE);
    cr_expect(ps_export_link(dir, &link, ps_span_text("/other")) == PS_EXPORT_PASSED_OVER);
    cr_expect(ps_export_link(dir, &link, ps_span_of("a\0b", 3)) == PS_EXPORT_PASSED_OVER);
    cr_expect(ps_export_link(dir, &link, ps_span_of("", 0)) == PS_EXPORT_PASSED_OVER);
    char target[64] = "";
    cr_assert(readlinkat(dir, "fd/3", target, sizeof target - 1) > 0);
    cr_expect(eq(str, target, "/etc/passwd\n\x1b[2J"));
    close_folder(dir);
}
