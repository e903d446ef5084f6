/* SPDX-License-Identifier: Apache-2.0
 *
 * Has the trigger file appeared or changed? Whoever owns it is hostile: it is never opened, and it is looked at by a
 * process of its own, because a look at a file system that does not answer never ends.
 */
#ifndef PS_LOOKOUT_H
#define PS_LOOKOUT_H

#include <sys/types.h>

#include "formats/error.h"

struct ps_lookout {
    pid_t pid; /* 0: none */
    int fd;    /* readable: there was a change, or the lookout ended; -1: none */
};

/* `path` NULL: no lookout. The file as it is now is no news. */
PS_MUST_CHECK bool ps_lookout_start(const char *path, struct ps_lookout *out, struct ps_error *err);
enum ps_lookout_news { PS_LOOKOUT_QUIET, PS_LOOKOUT_CHANGED, PS_LOOKOUT_LOST };
/* What there is to say since the last look; LOST is said once. */
enum ps_lookout_news ps_lookout_look(struct ps_lookout *l);
void ps_lookout_end(struct ps_lookout *l);

#endif
