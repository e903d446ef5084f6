/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/suspect.h"

#include <string.h>

#include "parsers/pid_maps.h"

static bool is_memfd(struct ps_span path)
{
    return ps_span_starts(path, "/memfd:");
}

static bool is_deleted(struct ps_span path)
{
    return ps_span_starts(path, "/") && ps_span_ends(path, " (deleted)");
}

static bool is_temporary(struct ps_span path)
{
    static const char *const tops[] = {"/tmp/", "/var/tmp/", "/run/", "/dev/"};
    /* Shared memory without a file, and large pages: what compilers at run time write to. */
    if (ps_span_starts(path, "/dev/zero (deleted)") || ps_span_starts(path, "/dev/hugepages/"))
        return false;
    for (size_t i = 0; i < sizeof tops / sizeof *tops; i++) {
        if (ps_span_starts(path, tops[i]))
            return true;
    }
    return false;
}

static uint32_t judge_exe(const struct ps_suspect_exe *exe)
{
    uint32_t bits = 0;
    if (is_memfd(exe->link))
        return PS_SUSPECT_MEMFD_EXE;
    if (is_deleted(exe->link) && !exe->has_name)
        bits |= PS_SUSPECT_DELETED_EXE;
    return is_temporary(exe->link) ? bits | PS_SUSPECT_TMP_EXE : bits;
}

/* Memory that the kernel itself puts there. [heap], [stack] and [anon:...] belong to the process. */
static bool is_of_kernel(struct ps_span name)
{
    static const char *const names[] = {"[vdso]", "[vsyscall]", "[vectors]", "[sigpage]", "[uprobes]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (ps_span_is(name, names[i]))
            return true;
    }
    return false;
}

/* Of a mapping that may be executed. */
static uint32_t judge_code(const struct ps_pid_maps *m, bool is_exe)
{
    uint32_t bits = 0;
    if (m->inode == 0)
        return is_of_kernel(m->pathname) ? 0 : PS_SUSPECT_ANONYMOUS_CODE;
    if (m->perms.data[1] == 'w')
        bits |= PS_SUSPECT_WRITABLE_CODE;
    if (is_exe)
        return bits; /* that was said of the executable */
    if (is_memfd(m->pathname))
        return bits | PS_SUSPECT_MEMFD_CODE;
    if (is_deleted(m->pathname))
        bits |= PS_SUSPECT_DELETED_CODE;
    return is_temporary(m->pathname) ? bits | PS_SUSPECT_TMP_CODE : bits;
}

uint32_t ps_suspect_judge(const struct ps_suspect_exe *exe, struct ps_span maps)
{
    struct ps_cursor in = ps_cursor_over(maps);
    struct ps_pid_maps m;
    struct ps_issue issue;
    enum ps_step step;
    uint32_t bits = judge_exe(exe);
    /* In maps a newline is written \012: such a name cannot be told from one with these four characters. */
    bool mapped = maps.len == 0 || exe->link.len == 0 || memchr(exe->link.data, '\n', exe->link.len) != NULL;
    for (;;) {
        memset(&m, 0, sizeof m);
        step = ps_parser_pid_maps.next(&in, &m, &issue);
        if (step == PS_STEP_END)
            break;
        if (step != PS_STEP_RECORD)
            continue;
        bool is_exe = m.inode > 0 && (ps_span_equal(m.pathname, exe->link) || m.inode == exe->ino);
        mapped = mapped || is_exe;
        if (m.perms.data[2] == 'x')
            bits |= judge_code(&m, is_exe);
    }
    return mapped ? bits : bits | PS_SUSPECT_UNMAPPED_EXE;
}
