/* SPDX-License-Identifier: Apache-2.0
 *
 * procsnap-core delivers nowhere.
 */
#include "collector/commands/remote.h"

struct ps_remote *ps_remote_new(void)
{
    return NULL;
}

void ps_remote_free(struct ps_remote *remote)
{
    (void) remote;
}

const struct ps_option_group *ps_remote_options(const struct ps_remote *remote)
{
    (void) remote;
    return NULL;
}

bool (*ps_remote_test(const struct ps_remote *remote))(const char *dest)
{
    (void) remote;
    return NULL;
}

bool ps_remote_plan(const struct ps_remote *remote, const struct ps_options *options, struct ps_error *err)
{
    (void) remote, (void) options, (void) err;
    return true;
}

int ps_remote_check(struct ps_remote *remote, const struct ps_options *options)
{
    (void) remote, (void) options;
    return -1;
}

bool ps_remote_prepare(struct ps_remote *remote, struct ps_options *options, struct ps_error *err)
{
    (void) remote, (void) options, (void) err;
    return true;
}

void ps_remote_deliver(struct ps_remote *remote, const struct ps_options *options, const struct ps_verdict *v,
                       void (*tell)(void *context, const char *line), void *context, struct ps_remote_verdict *out)
{
    (void) remote, (void) options, (void) v, (void) tell, (void) context;
    out->remote = false;
}
