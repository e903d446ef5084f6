/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS credentials as procsnap finds them, one JSON line for each time; the secrets are there as SHA-256 alone.
 *   credentials_tool any|env|container|imds [NOW...]     NOW: seconds since the epoch; "refused" before one: the
 * service refused the last ones With AS_COURIER in the environment: inside the sandbox that delivery has.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/delivery/courier.h"
#include "collector/delivery/credentials.h"
#include "formats/json.h"

static void add_hash(struct ps_json *j, const char *name, const char *secret)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    if (secret == NULL) {
        ps_json_null(j, name);
        return;
    }
    crypto_hash_sha256(hash, (const unsigned char *) secret, strlen(secret));
    ps_json_text(j, name, sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

static void tell(const struct ps_credentials *c, const char *error)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);
    ps_json_object(&j, NULL);
    if (c != NULL) {
        ps_json_text(&j, "provider", ps_credentials_provider_name(c->provider));
        ps_json_text(&j, "id", c->access_key_id);
        add_hash(&j, "secret", c->secret_access_key);
        add_hash(&j, "token", c->session_token);
        ps_json_i64(&j, "expires", c->expires);
    } else
        ps_json_text(&j, "error", error);
    ps_json_object_end(&j);
    ps_buffer_add_byte(&out, '\0');
    puts((const char *) out.data);
    ps_buffer_done(&out);
}

int main(int argc, char **argv)
{
    struct ps_error err = {0};
    enum ps_credentials_kind kind = PS_CREDENTIALS_ANY;

    if (argc < 3)
        return 2;
    if (getenv("AS_COURIER") != NULL && ps_courier_enclose(NULL).calls.state == PS_SANDBOX_REFUSED)
        return 3;
    while (kind < PS_CREDENTIALS_IMDS && strcmp(ps_credentials_provider_name(kind), argv[1]) != 0)
        kind++;
    struct ps_credentials_source *source = ps_credentials_source_new(kind, &err);
    for (int i = 2; i < argc && source != NULL; i++) {
        if (strcmp(argv[i], "refused") == 0) {
            ps_credentials_refused(source);
            continue;
        }
        tell(ps_credentials_get(source, strtoll(argv[i], NULL, 10), &err), err.text);
    }
    ps_credentials_source_free(source);
    return 0;
}
