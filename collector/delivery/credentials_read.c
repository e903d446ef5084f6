/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#include "collector/delivery/credentials_state.h"
#include "collector/delivery/http_date.h"
#include "formats/json_value.h"

bool ps_credentials_sendable(struct ps_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    }
    return text.len > 0;
}

/* A name is never looked up: it would be the resolver who decides where the token goes. */
bool ps_credentials_uri_allowed(const char *uri)
{
    static const char *const literal[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "[::1]"};
    struct in_addr address;
    char host[64];

    if (strncmp(uri, "https://", 8) == 0)
        return true;
    if (strncmp(uri, "http://", 7) != 0)
        return false;
    const char *at = uri + 7;
    size_t len = at[0] == '[' ? strcspn(at, "]/") : strcspn(at, ":/");
    len += at[len] == ']';
    if (len >= sizeof host || at[len + strspn(at + len, ":0123456789")] != '/')
        return false;
    memcpy(host, at, len);
    host[len] = '\0';
    for (size_t i = 0; i < sizeof literal / sizeof literal[0]; i++) {
        if (strcmp(host, literal[i]) == 0)
            return true;
    }
    return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* The reader of JSON keeps its own copies of the strings. */
static void wipe(cJSON *value)
{
    for (; value != NULL; value = value->next) {
        if (value->valuestring != NULL)
            sodium_memzero(value->valuestring, strlen(value->valuestring));
        wipe(value->child); /* json_check.h bounds the depth */
    }
}

static void forget(cJSON *tree)
{
    wipe(tree);
    cJSON_Delete(tree);
}

static cJSON *parse(struct ps_span json)
{
    struct ps_json_check check = {.fractions = true};
    struct ps_json_flaw flaw;
    cJSON *tree = ps_json_parse(&check, json, &flaw);
    ps_json_check_done(&check);
    return tree;
}

static const char *take_value(const cJSON *tree, const char *name, char **out)
{
    const char *value = ps_json_string(ps_json_get(tree, name));
    if (value == NULL)
        return "a value is missing in it";
    struct ps_span text = ps_span_text(value);
    if (!ps_credentials_sendable(text) || text.len > PS_CREDENTIAL_MAX)
        return "a value in it is no credential";
    *out = ps_secret_copy(text);
    return *out != NULL ? NULL : "out of memory";
}

static const char *take_all(const cJSON *tree, struct ps_credentials_texts *out)
{
    const char *code = ps_json_string(ps_json_get(tree, "Code")); /* IMDS alone has one */
    const cJSON *expiration = ps_json_get(tree, "Expiration");
    const char *why = NULL;

    if (code != NULL && strcmp(code, "Success") != 0)
        return "it does not say Success";
    why = take_value(tree, "AccessKeyId", &out->access_key_id);
    if (why == NULL)
        why = take_value(tree, "SecretAccessKey", &out->secret_access_key);
    if (why == NULL)
        why = take_value(tree, "Token", &out->session_token);
    if (why != NULL || expiration == NULL)
        return why;
    const char *text = ps_json_string(expiration);
    return text != NULL && ps_utc_time(ps_span_text(text), &out->expires) ? NULL : "its Expiration is no time";
}

bool ps_credentials_read(struct ps_span json, struct ps_credentials_texts *out, const char **why)
{
    cJSON *tree = parse(json);

    *out = (struct ps_credentials_texts){0};
    *why = cJSON_IsObject(tree) ? take_all(tree, out) : "it is not JSON";
    forget(tree);
    if (*why == NULL)
        return true;
    ps_credentials_texts_done(out);
    return false;
}

void ps_credentials_read_code(struct ps_span json, char out[64])
{
    cJSON *tree = parse(json);
    const char *code = ps_json_string(ps_json_get(tree, "code"));

    if (code == NULL)
        code = ps_json_string(ps_json_get(tree, "Code"));
    out[0] = '\0';
    size_t len = code != NULL ? strlen(code) : 0;
    if (len > 0 && len < 64 && strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == len)
        memcpy(out, code, len + 1);
    forget(tree);
}
