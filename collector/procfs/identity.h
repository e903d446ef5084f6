/* SPDX-License-Identifier: Apache-2.0
 *
 * As whom does the reader read. The kernel shows exe, fd, maps and environ of a process to its
 * owner (file system ids: ptrace(2), PTRACE_MODE_READ_FSCREDS) or to CAP_SYS_PTRACE. A reader
 * without that capability takes on the target's ids for one read and gives them back. Only the file
 * system ids move: the real, effective and saved ones stay ours, so that the target can neither
 * signal nor trace the reader.
 */
#ifndef PS_IDENTITY_H
#define PS_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "parsers/cursor.h"

/* Exit statuses of a reader that ends itself. */
enum {
    PS_EXIT_ORPHANED = 70, /* the conductor is gone: nobody would ever end us */
    PS_EXIT_ESTRANGED =
        71 /* our own ids could not be taken back: nothing read from here on could be labelled */
};

/* Who the reader is at home. Made once, after the fork. */
struct ps_home {
    uint32_t uid, gid; /* file system ids */
    pid_t conductor;   /* getppid() must stay this */
};

/* Notes our own file system ids and does what every switch does at its end: not dumpable, SIGKILL
 * when the conductor dies. `conductor` is what getpid() said there before the fork. Does not return
 * when it is dead already. */
void ps_identity_settle(struct ps_home *out, pid_t conductor);

/* Reads on as uid:gid. False, with our own ids in force again, when the kernel refused either (no
 * CAP_SETUID/CAP_SETGID, or not mapped in our user namespace). Not dumpable and parent death signal
 * are set again, since the kernel drops both with every change; a dead conductor ends the process.
 *
 * What it does not open: a target that is not dumpable (it changed its ids after its last exec, or
 * asked for it), one whose real, effective and saved ids differ, one that holds a capability we do
 * not. CAP_CHOWN, CAP_DAC_OVERRIDE and their like are not in effect while switched, and so count
 * as not held (capabilities(7), "Effect of user ID changes"). The directory of the process belongs
 * to its effective ids all the same: only reading tells. */
PS_MUST_CHECK bool ps_identity_assume(const struct ps_home *home, uint32_t uid, uint32_t gid);

/* Our own ids again, by the same steps. Ends the process when that fails. */
void ps_identity_resume(const struct ps_home *home);

#endif
