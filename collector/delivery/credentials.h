/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS credentials, from where the SDKs take them, in their order: environment, container endpoint (ECS, EKS), and the
 * instance's metadata (IMDSv2) only when it was asked for. Profile files and web identity are not read, and the error
 * says so. Secrets live in locked memory and are wiped.
 */
#ifndef PS_CREDENTIALS_H
#define PS_CREDENTIALS_H

#include "collector/delivery/http.h"

enum ps_credentials_kind { PS_CREDENTIALS_ANY, PS_CREDENTIALS_ENV, PS_CREDENTIALS_CONTAINER, PS_CREDENTIALS_IMDS };

struct ps_credentials {
    enum ps_credentials_kind provider;
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* NULL: none */
    int64_t expires;           /* seconds since the epoch, 0: never */
};

struct ps_credentials_source;

/* `kind` PS_CREDENTIALS_ANY: environment, then container. Reads the environment now and keeps copies. NULL with *err:
 * out of memory. The caller frees, which wipes. */
struct ps_credentials_source *ps_credentials_source_new(enum ps_credentials_kind kind, struct ps_error *err);
void ps_credentials_source_free(struct ps_credentials_source *source);
/* The current ones: asked for anew when less than five minutes are left, or after ps_credentials_refused. Valid until
 * the next call with this source; NULL with *err. `now` is seconds since the epoch. */
const struct ps_credentials *ps_credentials_get(struct ps_credentials_source *source, int64_t now,
                                                struct ps_error *err);
/* The service called them expired: the next get asks again. */
void ps_credentials_refused(struct ps_credentials_source *source);
/* "env", "container", "imds" */
const char *ps_credentials_provider_name(enum ps_credentials_kind kind);

#endif
