/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/control.h"

#include <errno.h>
#include <sys/mman.h>

struct ps_control *ps_control_make(struct ps_error *err)
{
    struct ps_control *control =
        mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (control != MAP_FAILED)
        return control;
    ps_fail(err, errno, "cannot map shared memory for the control page");
    return NULL;
}

void ps_control_ring_bell(struct ps_control *control)
{
    atomic_fetch_add(&control->doorbell, 1);
    ps_futex_wake(&control->doorbell);
}
