/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/roster.h"

#include <errno.h>
#include <sys/mman.h>

struct ps_roster *ps_roster_make(struct ps_error *err)
{
    struct ps_roster *roster = mmap(NULL, sizeof *roster, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (roster != MAP_FAILED)
        return roster;
    ps_fail(err, errno, "cannot map shared memory for the list of processes");
    return NULL;
}
