/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/rights.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By raw calls throughout: a C library wraps these for all threads of a process, and the filters
 * know the raw ones. */
static bool ask_capabilities(struct ps_rights *out)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capget, &head, sets) != 0) return false;
    out->effective = sets[0].effective | (uint64_t) sets[1].effective << 32;
    out->permitted = sets[0].permitted | (uint64_t) sets[1].permitted << 32;
    out->inheritable = sets[0].inheritable | (uint64_t) sets[1].inheritable << 32;
    return true;
}

/* The kernel ends the list of capabilities with EINVAL; a refusal of the very first is a refusal of
 * the question. */
static bool ask_bounding(struct ps_rights *out)
{
    for (unsigned long cap = 0; cap < 64; cap++) {
        int held = prctl(PR_CAPBSET_READ, cap, 0UL, 0UL, 0UL);
        if (held < 0) return cap > 0;
        if (held > 0) out->bounding |= UINT64_C(1) << cap;
        if (prctl(PR_CAP_AMBIENT, (unsigned long) PR_CAP_AMBIENT_IS_SET, cap, 0UL, 0UL) > 0)
            out->ambient |= UINT64_C(1) << cap;
    }
    return true;
}

static void ask_ids(struct ps_rights *out)
{
    const long nobody = -1; /* never mapped: the call changes nothing and returns the id in force */
    (void) getresuid(&out->uid, &out->euid, &out->suid);
    (void) getresgid(&out->gid, &out->egid, &out->sgid);
    out->fsuid = (uint32_t) syscall(SYS_setfsuid, nobody);
    out->fsgid = (uint32_t) syscall(SYS_setfsgid, nobody);
    out->groups = getgroups(0, NULL);
}

void ps_rights_own(struct ps_rights *out)
{
    *out = (struct ps_rights){0};
    ask_ids(out);
    out->caps_known = ask_capabilities(out);
    out->bounding_known = ask_bounding(out);
    out->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL);
    out->seccomp = prctl(PR_GET_SECCOMP, 0UL, 0UL, 0UL, 0UL);
    out->dumpable = prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
}

static bool in_effect(const struct ps_rights *r, unsigned cap)
{
    return r->caps_known && (r->effective >> cap & 1) != 0;
}

bool ps_rights_can_switch_ids(const struct ps_rights *r)
{
    return in_effect(r, CAP_SETUID) && in_effect(r, CAP_SETGID);
}

bool ps_rights_can_trace(const struct ps_rights *r)
{
    return in_effect(r, CAP_SYS_PTRACE);
}
