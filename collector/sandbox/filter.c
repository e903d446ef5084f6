/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sandbox/filter.h"

static const char *const state_names[] = {
    [PS_SANDBOX_ON] = "on",
    [PS_SANDBOX_REFUSED] = "refused",
    [PS_SANDBOX_NOT_BUILT] = "not built",
};

static const char *const role_names[] = {
    [PS_ROLE_READER] = "reader",
    [PS_ROLE_BUILDER] = "builder",
    [PS_ROLE_OFFLINE] = "offline",
    [PS_ROLE_OFFLINE_DIRECTORY] = "offline, directory",
    [PS_ROLE_EXPORTER] = "exporter",
    [PS_ROLE_PROBER] = "prober",
    [PS_ROLE_COURIER] = "courier",
    [PS_ROLE_LOOKOUT] = "lookout",
};

const char *ps_sandbox_state_name(enum ps_sandbox_state state)
{
    return state <= PS_SANDBOX_NOT_BUILT ? state_names[state] : "?";
}

const char *ps_role_name(enum ps_role role)
{
    return role < PS_ROLES ? role_names[role] : "?";
}

#if PS_SANDBOX_BUILT

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/sandbox/roles.h"

#if defined(__x86_64__)
#define THIS_MACHINE AUDIT_ARCH_X86_64
/* The same machine with 32-bit pointers (x32) numbers its calls from here: other numbers for the
 * same deeds. */
#define OTHER_NUMBERS 0x40000000U
#else
#define THIS_MACHINE AUDIT_ARCH_AARCH64
#endif

/* One rule is at most a number, two checks of four, an answer and the number again. */
enum { PROGRAM_MAX = 1024 };

struct program {
    struct sock_filter code[PROGRAM_MAX];
    size_t len; /* beyond PROGRAM_MAX: it did not fit */
};

static void emit(struct program *p, struct sock_filter instruction)
{
    if (p->len < PROGRAM_MAX) p->code[p->len] = instruction;
    p->len++;
}

static void emit_load(struct program *p, size_t offset)
{
    emit(p, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset));
}

static void emit_answer(struct program *p, enum ps_answer answer)
{
    static const uint32_t values[] = {
        [PS_ANSWER_ALLOW] = SECCOMP_RET_ALLOW,
        [PS_ANSWER_EPERM] = SECCOMP_RET_ERRNO | EPERM,
        [PS_ANSWER_ENOSYS] = SECCOMP_RET_ERRNO | ENOSYS,
        [PS_ANSWER_KILL] =
            SECCOMP_RET_KILL_PROCESS, /* kernels before 4.14 take it for KILL_THREAD */
    };

    emit(p, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, values[answer]));
}

static size_t check_length(const struct ps_check *check)
{
    switch (check->test) {
    case PS_ARG_IS:
    case PS_ARG_LACKS:
        return 2;
    case PS_ARG_HAS:
        return 3;
    case PS_ARG_NULL:
        return 4;
    case PS_ARG_ANY:
        break;
    }
    return 0;
}

/* `past` is how many instructions follow those of this check before the place to go when it fails.
 */
static void emit_check(struct program *p, const struct ps_check *check, size_t past)
{
    size_t low = offsetof(struct seccomp_data, args) + check->arg * sizeof(uint64_t);
    uint8_t fail = (uint8_t) past;

    if (check->test == PS_ARG_ANY) return;
    emit_load(p, low); /* both machines are little-endian */
    switch (check->test) {
    case PS_ARG_IS:
        emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, check->value, 0, fail));
        break;
    case PS_ARG_LACKS:
        emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, check->value, fail, 0));
        break;
    case PS_ARG_HAS:
        emit(p, (struct sock_filter) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, check->value));
        emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, check->value, 0, fail));
        break;
    case PS_ARG_NULL:
        emit(p,
             (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint8_t) (fail + 2)));
        emit_load(p, low + sizeof(uint32_t));
        emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, fail));
        break;
    case PS_ARG_ANY:
        break;
    }
}

/* The accumulator holds the number of the call before and after a rule that does not match. */
static void emit_rule(struct program *p, const struct ps_rule *rule)
{
    size_t left = 0;

    for (size_t i = 0; i < PS_CHECKS_MAX; i++)
        left += check_length(&rule->checks[i]);
    uint8_t next = (uint8_t) (left > 0 ? left + 2 : 1);
    emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->number, 0, next));
    for (size_t i = 0; i < PS_CHECKS_MAX; i++) {
        left -= check_length(&rule->checks[i]);
        emit_check(p, &rule->checks[i], left + 1);
    }
    emit_answer(p, rule->answer);
    if (next > 1) emit_load(p, offsetof(struct seccomp_data, nr));
}

static void compile(struct program *p, enum ps_role role)
{
    const struct ps_policy *policy = ps_role_policy(role);

    emit_load(p, offsetof(struct seccomp_data, arch));
    emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_MACHINE, 1, 0));
    emit_answer(p, PS_ANSWER_KILL);
    emit_load(p, offsetof(struct seccomp_data, nr));
#ifdef OTHER_NUMBERS
    emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_NUMBERS, 0, 1));
    emit_answer(p, PS_ANSWER_KILL);
#endif
    for (size_t t = 0; t < PS_TABLES_MAX; t++)
        for (size_t i = 0; i < policy->tables[t].count; i++)
            emit_rule(p, &policy->tables[t].first[i]);
    emit_answer(p, policy->otherwise);
}

/* For all threads. SPEC_ALLOW: kernels before 5.16 otherwise slow every memory access of a filtered
 * process, a defence for those who run foreign code, which no role does. Kernels before 4.17 do not
 * know that flag. */
static int install(const struct sock_fprog *program)
{
    static const unsigned long flags[] = {
        SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
        SECCOMP_FILTER_FLAG_TSYNC,
    };

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        long answer =
            syscall(SYS_seccomp, (unsigned long) SECCOMP_SET_MODE_FILTER, flags[i], program);
        if (answer == 0) return 0;
        if (answer > 0) return EBUSY; /* a thread has a filter of its own */
        if (errno != EINVAL) break;
    }
    return errno;
}

struct ps_sandbox ps_sandbox_enter(enum ps_role role)
{
    const uint32_t kill_process = SECCOMP_RET_KILL_PROCESS;
    struct ps_sandbox out = {.state = PS_SANDBOX_REFUSED};
    struct program p = {.len = 0};

    compile(&p, role);
    if (p.len > PROGRAM_MAX) {
        out.sys_errno = E2BIG;
        return out;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0) {
        out.sys_errno = errno;
        return out;
    }
    out.kills_process =
        syscall(SYS_seccomp, (unsigned long) SECCOMP_GET_ACTION_AVAIL, 0UL, &kill_process) == 0;
    struct sock_fprog program = {.len = (unsigned short) p.len, .filter = p.code};
    out.sys_errno = install(&program);
    if (out.sys_errno == 0) out.state = PS_SANDBOX_ON;
    return out;
}

#else

struct ps_sandbox ps_sandbox_enter(enum ps_role role)
{
    (void) role;
    return (struct ps_sandbox){.state = PS_SANDBOX_NOT_BUILT};
}

#endif
