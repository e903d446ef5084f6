/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/delivery_secrets.h"

#include <stdlib.h>
#include <string.h>

/* The header with which whoever puts an object hands over the key that it is to be encrypted with (SSE-C). */
static const char customer_key[] = "x-amz-server-side-encryption-customer-key:";

/* From where on a word is secret, or NULL. */
static char *secret_part(char *word)
{
    char *host = strstr(word, "://"), *query = host != NULL ? strchr(host, '?') : NULL;
    char *key = strcasestr(word, customer_key);

    if (key != NULL)
        return key + strlen(customer_key);
    if (query != NULL)
        return query + 1;
    return host != NULL && strchr(host, '@') != NULL ? host + 3 : NULL;
}

char **ps_delivery_hide_words(int argc, char **argv)
{
    static char **words; /* of the process: no leak */

    words = calloc((size_t) argc + 1, sizeof *words);
    for (int i = 0; words != NULL && i < argc; i++) {
        char *secret = secret_part(argv[i]), *copy = secret != NULL ? strdup(argv[i]) : NULL;
        words[i] = copy != NULL ? copy : argv[i];
        if (copy != NULL)
            memset(secret, '*', strlen(secret));
    }
    return words != NULL ? words : argv;
}

static bool add_variable(struct ps_own_secrets *s, const char *name)
{
    const char *value = getenv(name);
    return value == NULL || ps_own_secrets_add(s, ps_span_text(value));
}

/* X-Amz-Signature, X-Amz-Security-Token; Signature of signature version 2, X-Goog-Signature, and sig, as others do. */
static bool is_secret_parameter(const char *name, size_t len)
{
    static const char *const ends[] = {"signature", "security-token", "sig"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t tail = strlen(ends[i]);
        if (len >= tail && strncasecmp(name + len - tail, ends[i], tail) == 0)
            return true;
    }
    return false;
}

/* "?NAME=<value>&NAME=<value>#...", values as they stand in the URL. */
static bool add_url(struct ps_own_secrets *s, const char *url)
{
    const char *at = url != NULL ? strchr(url, '?') : NULL;

    while (at != NULL && *at != '\0' && *at != '#') {
        size_t name = strcspn(++at, "=&#"), value = at[name] == '=' ? strcspn(at + name + 1, "&#") : 0;
        if (value > 0 && is_secret_parameter(at, name) && !ps_own_secrets_add(s, ps_span_of(at + name + 1, value)))
            return false;
        at += strcspn(at, "&#");
    }
    return true;
}

/* http://user:password@proxy:3128 */
static bool add_user(struct ps_own_secrets *s, const char *proxy)
{
    const char *host = proxy != NULL ? strstr(proxy, "://") : NULL, *end = host != NULL ? strchr(host, '@') : NULL;

    return end == NULL || ps_own_secrets_add(s, ps_span_of(host + 3, (size_t) (end - host) - 3));
}

/* Without the blanks before it: in the shell's variable that it came from there are none. */
static bool add_customer_key(struct ps_own_secrets *s, const char *header)
{
    size_t len = strlen(customer_key);

    if (strncasecmp(header, customer_key, len) != 0)
        return true;
    return ps_own_secrets_add(s, ps_span_text(header + len + strspn(header + len, " ")));
}

bool ps_delivery_secrets(const struct ps_delivery_options *options, const char *dest, struct ps_own_secrets *out,
                         struct ps_error *err)
{
    static const char *const variables[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                            "AWS_CONTAINER_AUTHORIZATION_TOKEN"};
    bool room = add_url(out, dest) && add_url(out, options->signature_url) && add_user(out, options->proxy);

    for (size_t i = 0; room && i < sizeof variables / sizeof *variables; i++)
        room = add_variable(out, variables[i]);
    for (size_t i = 0; room && i < options->put_header_count; i++)
        room = add_customer_key(out, options->put_headers[i]);
    return room || ps_fail(err, 0, "the credentials in the environment, in DEST and in the options are longer than any "
                                   "that AWS gives (%d bytes in all); check them",
                           PS_OWN_SECRET_PIECES * PS_OWN_SECRET_PIECE);
}
