/* SPDX-License-Identifier: Apache-2.0
 *
 * Which words of our own command line and environment are credentials: nobody may read the ones in /proc/PID/cmdline, and
 * no bundle holds any (own_secrets.h).
 */
#ifndef PS_DELIVERY_SECRETS_H
#define PS_DELIVERY_SECRETS_H

#include "collector/delivery/delivery.h"
#include "collector/own_secrets.h"

/* The words of the command line, which lie where everybody can read them: those of which a part is secret (the query of a
 * URL, the user of a proxy, the key of SSE-C) are copied, and that part is overwritten. Returns the words to go on with, which live as long
 * as the process; argv itself when memory is out. */
char **ps_delivery_hide_words(int argc, char **argv);
/* What a delivery to `dest` may use. Borrowed from the environment and from the options. False with *err: more than AWS
 * would ever give. */
PS_MUST_CHECK bool ps_delivery_secrets(const struct ps_delivery_options *options, const char *dest,
                                       struct ps_own_secrets *out, struct ps_error *err);

#endif
