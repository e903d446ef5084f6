/* SPDX-License-Identifier: Apache-2.0
 *
 * Who reads a file that the kernel shows only to its owner or to a tracer: ourselves when we may trace, else with the
 * ids of the target; and when that is denied, the other one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/procfs/capture_file.h"

enum { OPEN_FILE = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW };

/* Rows that the kernel shows only to the owner or to CAP_SYS_PTRACE. */
static bool guarded(const struct ps_row *row)
{
    static const char *const files[] = {"fdinfo/{}", "environ", "auxv", "maps", "io"};
    if (row->source == PS_READLINK)
        return true;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(row->path, files[i]) == 0)
            return true;
    }
    return false;
}

/* Goes over to the target's ids and stays there for the next guarded rows: a switch costs more than a read. False when
 * they are ours already, are not to be had, or were of no use before. */
static bool become_target(struct ps_target *t)
{
    if (t->switched || !t->r->may_switch || t->unswitchable)
        return t->switched;
    if (!t->owner_known) {
        struct stat owner;
        t->owner_known = fstat(t->dir, &owner) == 0;
        ps_progress_made(t->r);
        t->uid = t->owner_known ? owner.st_uid : 0;
        t->gid = t->owner_known ? owner.st_gid : 0;
    }
    bool ours = t->uid == t->r->home.uid && t->gid == t->r->home.gid;
    t->unswitchable = !t->owner_known || ours || !ps_identity_assume(&t->r->home, t->uid, t->gid);
    t->switched = !t->unswitchable;
    return t->switched;
}

void ps_capture_as_ourselves(struct ps_target *t)
{
    if (t->switched)
        ps_identity_resume(&t->r->home);
    t->switched = false;
}

void ps_capture_choose_for(struct ps_target *t, uint16_t row)
{
    if (guarded(&ps_catalog[row]))
        ps_capture_choose_reader(t);
    else
        ps_capture_as_ourselves(t);
}

void ps_capture_choose_reader(struct ps_target *t)
{
    if (t->r->can_trace)
        ps_capture_as_ourselves(t);
    else
        (void) become_target(t);
}

bool ps_capture_other_reader(struct ps_target *t)
{
    if (t->switched) {
        ps_capture_as_ourselves(t);
        t->unswitchable = true;
        return true;
    }
    return become_target(t);
}

int ps_capture_open(struct ps_target *t, const char *path)
{
    ps_capture_choose_reader(t);
    for (;;) {
        int fd = openat(t->dir, path, OPEN_FILE);
        int error = fd < 0 ? errno : 0;
        ps_progress_made(t->r);
        if (fd >= 0)
            return fd;
        if (ps_outcome_of(error) != PS_DENIED || !ps_capture_other_reader(t))
            return -error;
    }
}

bool ps_capture_other_for(struct ps_target *t, uint16_t row)
{
    return (t->switched || guarded(&ps_catalog[row])) && ps_capture_other_reader(t);
}
