/* SPDX-License-Identifier: Apache-2.0
 *
 * What collect does with a DEST that is reached over the network: the bundle is held in memory, delivered when it is
 * sealed, and kept in a file when that fails. procsnap has remote.c; procsnap-core, which has no network, remote_none.c.
 */
#ifndef PS_REMOTE_H
#define PS_REMOTE_H

#include "collector/collect.h"

struct ps_remote;

enum { PS_KEPT_PATH = 4096 };

/* What became of a bundle that was to be delivered. */
struct ps_remote_verdict {
    bool remote;             /* false: DEST is local, and nothing else here is set */
    bool delivered, certain; /* not certain: there is a bundle of that name after a try without an answer */
    bool signature_unsent;   /* a presigned URL takes one object: the signature is for the operator to keep */
    char dest[1024];         /* without what is secret in it */
    char kept[PS_KEPT_PATH]; /* where the bundle is when it was not certainly delivered; "" nowhere */
    char kept_signature[PS_KEPT_PATH]; /* beside it; "" when there was no room for it */
    struct ps_buffer receipt; /* a line of JSON, or nothing; the owner's */
    struct ps_error why;     /* with anything but a certain delivery */
};

/* NULL: this executable delivers nowhere, or memory is out. */
struct ps_remote *ps_remote_new(void);
void ps_remote_free(struct ps_remote *remote);
/* Options for the command line and --help; NULL with NULL. */
const struct ps_option_group *ps_remote_options(const struct ps_remote *remote);
/* Whether a DEST is to be delivered to; a function for ps_options_parse, or NULL. */
bool (*ps_remote_test(const struct ps_remote *remote))(const char *dest);
/* What else is wrong with the command line (exit status 2). */
PS_MUST_CHECK bool ps_remote_plan(const struct ps_remote *remote, const struct ps_options *options,
                                  struct ps_error *err);
/* --check-destination: says line by line what would happen; the exit status, or -1 when a snapshot was asked for. */
int ps_remote_check(struct ps_remote *remote, const struct ps_options *options);
/* Before the snapshot: where the bundle is held, and which credentials it must not hold. */
PS_MUST_CHECK bool ps_remote_prepare(struct ps_remote *remote, struct ps_options *options, struct ps_error *err);
/* Behind the seal. `tell` gets lines about tries that did not do it, and NULL ten times a second while it waits. */
void ps_remote_deliver(struct ps_remote *remote, const struct ps_options *options, const struct ps_verdict *v,
                       void (*tell)(void *context, const char *line), void *context, struct ps_remote_verdict *out);

#endif
