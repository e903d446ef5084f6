/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose memory is worth a dump, by its executable and its maps.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "collector/procfs/suspect.h"

#define ROW(perms, inode, path) "7f0000001000-7f0000002000 " perms " 00000000 00:10 " inode " " path "\n"
#define EXE ROW("r-xp", "77", "/usr/bin/app")
#define VDSO ROW("r-xp", "0", "[vdso]")

static uint32_t judge(const char *link, bool has_name, uint64_t ino, const char *maps)
{
    const struct ps_suspect_exe exe = {.link = ps_span_text(link), .has_name = has_name, .ino = ino};
    return ps_suspect_judge(&exe, ps_span_text(maps));
}

static uint32_t code(const char *row)
{
    char maps[1024];
    (void) snprintf(maps, sizeof maps, EXE "%s" VDSO, row);
    return judge("/usr/bin/app", true, 77, maps);
}

Test(suspect, nothing_to_say)
{
    cr_assert_eq(code(""), 0);
    cr_assert_eq(code(ROW("r-xp", "78", "/usr/lib/libc.so.6")), 0);
    cr_assert_eq(code(ROW("rw-p", "0", "[heap]") ROW("rw-p", "0", "[stack]") ROW("rw-p", "0", "")), 0);
    cr_assert_eq(code(ROW("rw-p", "9", "/memfd:buffer (deleted)") ROW("rw-s", "9", "/tmp/shared")), 0, "no code");
    cr_assert_eq(code(ROW("--xp", "0", "[vsyscall]") ROW("r-xp", "0", "[uprobes]")), 0);
    cr_assert_eq(judge("", false, 0, ""), 0, "nothing is known");
    cr_assert_eq(judge("/usr/bin/app", true, 77, ""), 0, "maps were denied");
    cr_assert_eq(judge("", false, 0, EXE VDSO), 0, "exe was denied");
}

Test(suspect, executable)
{
    cr_assert_eq(judge("/usr/bin/app (deleted)", false, 77, EXE), PS_SUSPECT_DELETED_EXE);
    cr_assert_eq(judge("/usr/bin/app (deleted)", true, 77, EXE), 0, "a name that only looks so");
    cr_assert_eq(judge("/memfd:x (deleted)", false, 77, EXE), PS_SUSPECT_MEMFD_EXE);
    cr_assert_eq(judge("/tmp/app", true, 77, EXE), PS_SUSPECT_TMP_EXE);
    cr_assert_eq(judge("/dev/shm/app (deleted)", false, 77, EXE), PS_SUSPECT_TMP_EXE | PS_SUSPECT_DELETED_EXE);
    cr_assert_eq(judge("/dev/.app", true, 77, EXE), PS_SUSPECT_TMP_EXE);
    cr_assert_eq(judge("/tmpfiles/app", true, 77, EXE), 0);
}

Test(suspect, executable_that_is_not_mapped)
{
    cr_assert_eq(judge("/usr/bin/other", true, 78, EXE VDSO), PS_SUSPECT_UNMAPPED_EXE);
    cr_assert_eq(judge("/usr/bin/app", true, 0, EXE VDSO), 0, "by its name");
    cr_assert_eq(judge("/usr/bin/renamed", true, 77, EXE VDSO), 0, "by its inode");
    cr_assert_eq(judge("/usr/bin/a\nb", true, 78, EXE VDSO), 0, "maps escapes what the link does not");
    cr_assert_eq(judge("/usr/bin/app", true, 77, "no maps at all\n" EXE), 0, "rows that are none are passed over");
}

Test(suspect, code_that_is_mapped)
{
    cr_assert_eq(code(ROW("r-xp", "9", "/usr/lib/x.so (deleted)")), PS_SUSPECT_DELETED_CODE);
    cr_assert_eq(code(ROW("r-xs", "9", "/dev/zero (deleted)")), PS_SUSPECT_DELETED_CODE);
    cr_assert_eq(code(ROW("r-xp", "9", "/memfd:x (deleted)")), PS_SUSPECT_MEMFD_CODE);
    cr_assert_eq(code(ROW("r-xp", "9", "/run/x.so")), PS_SUSPECT_TMP_CODE);
    cr_assert_eq(code(ROW("r-xp", "9", "/dev/x.so")), PS_SUSPECT_TMP_CODE);
    cr_assert_eq(code(ROW("rwxp", "9", "/dev/hugepages/code")), PS_SUSPECT_WRITABLE_CODE, "of a compiler");
    cr_assert_eq(code(ROW("r-xp", "9", "/tmp/x.so (deleted)")), PS_SUSPECT_TMP_CODE | PS_SUSPECT_DELETED_CODE);
    cr_assert_eq(code(ROW("rwxp", "0", "")), PS_SUSPECT_ANONYMOUS_CODE);
    cr_assert_eq(code(ROW("--xp", "0", "")), PS_SUSPECT_ANONYMOUS_CODE);
    cr_assert_eq(code(ROW("rwxp", "0", "[stack]")), PS_SUSPECT_ANONYMOUS_CODE);
    cr_assert_eq(code(ROW("r-xp", "0", "[anon:[vdso]]")), PS_SUSPECT_ANONYMOUS_CODE, "a name the process chose");
    cr_assert_eq(code(ROW("rwxp", "9", "/usr/lib/x.so")), PS_SUSPECT_WRITABLE_CODE);
    cr_assert_eq(judge("/tmp/app", true, 77, ROW("rwxp", "77", "/tmp/app")),
                 PS_SUSPECT_TMP_EXE | PS_SUSPECT_WRITABLE_CODE, "what is said of exe is not said of its mapping");
}
