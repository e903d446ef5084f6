/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/identity.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Raw system calls: a C library may apply a change of ids to every thread, and the reader's filter
 * allows no more than these. Neither call reports failure: each returns the id that was in force
 * before. */
static uint32_t set_fsuid(uint32_t uid)
{
    return (uint32_t) syscall(SYS_setfsuid, (unsigned long) uid);
}

static uint32_t set_fsgid(uint32_t gid)
{
    return (uint32_t) syscall(SYS_setfsgid, (unsigned long) gid);
}

/* -1 is never a valid id: asking for it only tells which one is in force. */
static bool in_force(uint32_t uid, uint32_t gid)
{
    const uint32_t nobody = UINT32_MAX;
    return set_fsuid(nobody) == uid && set_fsgid(nobody) == gid;
}

/* The kernel makes a process dumpable by the sysctl and forgets its death signal with every change
 * of file system ids. The conductor may have died in between: only then does the parent differ. */
static void shield(pid_t conductor)
{
    (void) prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
    (void) prctl(PR_SET_PDEATHSIG, (unsigned long) SIGKILL, 0UL, 0UL, 0UL);
    if (getppid() != conductor) _exit(PS_EXIT_ORPHANED);
}

/* The group first: while CAP_SETGID is certain. */
static bool become(uint32_t uid, uint32_t gid)
{
    (void) set_fsgid(gid);
    (void) set_fsuid(uid);
    return in_force(uid, gid);
}

void ps_identity_settle(struct ps_home *out, pid_t conductor)
{
    const uint32_t nobody = UINT32_MAX;

    *out = (struct ps_home){
        .uid = set_fsuid(nobody), .gid = set_fsgid(nobody), .conductor = conductor};
    shield(conductor);
}

bool ps_identity_assume(const struct ps_home *home, uint32_t uid, uint32_t gid)
{
    if (!become(uid, gid)) {
        ps_identity_resume(home);
        return false;
    }
    shield(home->conductor);
    return true;
}

void ps_identity_resume(const struct ps_home *home)
{
    if (!become(home->uid, home->gid)) _exit(PS_EXIT_ESTRANGED);
    shield(home->conductor);
}
