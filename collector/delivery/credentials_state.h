/* SPDX-License-Identifier: Apache-2.0
 *
 * Between credentials.c, which knows where they come from, credentials_ask.c, which asks for them, and
 * credentials_read.c, which reads the answer.
 */
#ifndef PS_CREDENTIALS_STATE_H
#define PS_CREDENTIALS_STATE_H

#include "collector/delivery/credentials.h"

enum { PS_CREDENTIAL_MAX = 16 << 10 }; /* bytes of one value: session tokens are 1 to 4 KiB */

/* What the environment said when it was read. Owned; locked memory (sodium_malloc), NULL when unset or empty. */
struct ps_credentials_setting {
    char *access_key_id, *secret_access_key, *session_token;
    char *relative_uri, *full_uri, *token, *token_file;
    bool no_imds;
};

/* One set, owned in the same way. */
struct ps_credentials_texts {
    char *access_key_id, *secret_access_key, *session_token;
    int64_t expires;
};

/* A copy in locked memory; NULL for no memory. */
char *ps_secret_copy(struct ps_span text);
void ps_credentials_texts_done(struct ps_credentials_texts *texts);

/* Asks the endpoint that the environment names. True with *out filled; false with *err, *out empty. */
PS_MUST_CHECK bool ps_credentials_ask_container(const struct ps_credentials_setting *setting,
                                                struct ps_credentials_texts *out, struct ps_error *err);
PS_MUST_CHECK bool ps_credentials_ask_imds(const struct ps_credentials_setting *setting,
                                           struct ps_credentials_texts *out, struct ps_error *err);

/* Is this the address of a credentials endpoint that may be asked: https://, or http:// to a literal address of this
 * machine or one of the three that AWS uses? */
bool ps_credentials_uri_allowed(const char *uri);
/* Reads the endpoint's answer, {"AccessKeyId","SecretAccessKey","Token","Expiration"}, strictly. *why is static text, a
 * clause, when it is none; *out is empty then. */
PS_MUST_CHECK bool ps_credentials_read(struct ps_span json, struct ps_credentials_texts *out, const char **why);
/* The value of "code" (or "Code") in an answer that is an error: letters and digits, else "". */
void ps_credentials_read_code(struct ps_span json, char out[64]);
/* Visible ASCII, at least one character: what can be in a header. */
bool ps_credentials_sendable(struct ps_span text);

#endif
