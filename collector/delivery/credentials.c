/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/credentials.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <strings.h>

#include "collector/delivery/credentials_state.h"

enum { ENOUGH_LEFT_S = 300 };

struct ps_credentials_source {
    enum ps_credentials_kind kind;
    struct ps_credentials_setting setting;
    struct ps_credentials_texts texts;
    struct ps_credentials current; /* points into texts */
    bool have, refused;
};

char *ps_secret_copy(struct ps_span text)
{
    char *copy = sodium_malloc(text.len + 1);
    if (copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

void ps_credentials_texts_done(struct ps_credentials_texts *texts)
{
    sodium_free(texts->access_key_id);
    sodium_free(texts->secret_access_key);
    sodium_free(texts->session_token);
    *texts = (struct ps_credentials_texts){0};
}

/* A variable that is set to nothing counts as unset. */
static bool read_variable(const char *name, char **out)
{
    const char *value = getenv(name);
    if (value == NULL || value[0] == '\0')
        return true;
    *out = ps_secret_copy(ps_span_text(value));
    return *out != NULL;
}

static bool read_environment(struct ps_credentials_setting *s)
{
    const char *no_imds = getenv("AWS_EC2_METADATA_DISABLED");

    s->no_imds = no_imds != NULL && strcasecmp(no_imds, "true") == 0;
    return read_variable("AWS_ACCESS_KEY_ID", &s->access_key_id) &&
           read_variable("AWS_SECRET_ACCESS_KEY", &s->secret_access_key) &&
           read_variable("AWS_SESSION_TOKEN", &s->session_token) &&
           read_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", &s->relative_uri) &&
           read_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", &s->full_uri) &&
           read_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN", &s->token) &&
           read_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &s->token_file);
}

struct ps_credentials_source *ps_credentials_source_new(enum ps_credentials_kind kind, struct ps_error *err)
{
    struct ps_credentials_source *source = sodium_init() >= 0 ? calloc(1, sizeof *source) : NULL;

    if (source != NULL && read_environment(&source->setting)) {
        source->kind = kind;
        return source;
    }
    ps_fail(err, ENOMEM, "cannot hold AWS credentials");
    ps_credentials_source_free(source);
    return NULL;
}

void ps_credentials_source_free(struct ps_credentials_source *source)
{
    if (source == NULL)
        return;
    struct ps_credentials_setting *s = &source->setting;
    char *const owned[] = {s->access_key_id, s->secret_access_key, s->session_token, s->relative_uri, s->full_uri,
                           s->token,         s->token_file};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        sodium_free(owned[i]);
    ps_credentials_texts_done(&source->texts);
    free(source);
}

static bool copy_value(const char *name, const char *value, char **out, struct ps_error *err)
{
    struct ps_span text = ps_span_text(value);
    if (!ps_credentials_sendable(text) || text.len > PS_CREDENTIAL_MAX)
        return ps_fail(err, 0,
                       "%s in the environment is no credential: it holds a blank or a control character, or is "
                       "too long; export it again",
                       name);
    *out = ps_secret_copy(text);
    return *out != NULL ? true : ps_fail(err, ENOMEM, "cannot hold AWS credentials");
}

static bool take_environment(struct ps_credentials_source *source, struct ps_credentials_texts *out,
                             struct ps_error *err)
{
    const struct ps_credentials_setting *s = &source->setting;

    if (source->refused)
        return ps_fail(err, 0, "the AWS credentials of the environment (%.32s) are no longer valid; export new ones",
                       s->access_key_id);
    return copy_value("AWS_ACCESS_KEY_ID", s->access_key_id, &out->access_key_id, err) &&
           copy_value("AWS_SECRET_ACCESS_KEY", s->secret_access_key, &out->secret_access_key, err) &&
           (s->session_token == NULL || copy_value("AWS_SESSION_TOKEN", s->session_token, &out->session_token, err));
}

/* Which provider it is, or ANY with *err when there is none. */
static enum ps_credentials_kind choose(const struct ps_credentials_source *source, struct ps_error *err)
{
    const struct ps_credentials_setting *s = &source->setting;
    bool env = source->kind == PS_CREDENTIALS_ENV || source->kind == PS_CREDENTIALS_ANY;
    bool container = source->kind == PS_CREDENTIALS_CONTAINER || source->kind == PS_CREDENTIALS_ANY;

    if (source->kind == PS_CREDENTIALS_IMDS)
        return PS_CREDENTIALS_IMDS;
    if (env && s->access_key_id != NULL && s->secret_access_key != NULL)
        return PS_CREDENTIALS_ENV;
    if (env && (s->access_key_id != NULL || s->secret_access_key != NULL)) {
        ps_fail(err, 0, "the environment has %s but not %s; export both, or neither",
                s->access_key_id != NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                s->access_key_id != NULL ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
        return PS_CREDENTIALS_ANY;
    }
    if (container && (s->relative_uri != NULL || s->full_uri != NULL))
        return PS_CREDENTIALS_CONTAINER;
    ps_fail(
        err, 0,
        "no AWS credentials in %s%s%s. In a task with a role, export AWS_CONTAINER_CREDENTIALS_RELATIVE_URI as the "
        "application has it in its /proc/PID/environ; on an instance add --credentials imds; profiles and web identity are not read",
        env ? "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" : "", env && container ? ", " : "",
        container ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, _FULL_URI" : "");
    return PS_CREDENTIALS_ANY;
}

static bool ask(struct ps_credentials_source *source, enum ps_credentials_kind provider,
                struct ps_credentials_texts *out, struct ps_error *err)
{
    switch (provider) {
    case PS_CREDENTIALS_ENV:
        return take_environment(source, out, err);
    case PS_CREDENTIALS_CONTAINER:
        return ps_credentials_ask_container(&source->setting, out, err);
    case PS_CREDENTIALS_IMDS:
        return ps_credentials_ask_imds(&source->setting, out, err);
    case PS_CREDENTIALS_ANY:
        break;
    }
    return false;
}

const struct ps_credentials *ps_credentials_get(struct ps_credentials_source *source, int64_t now, struct ps_error *err)
{
    struct ps_credentials_texts fresh = {0};
    int64_t left = source->texts.expires == 0 ? INT64_MAX : source->texts.expires - now;
    bool usable = source->have && !source->refused;

    if (usable && left > ENOUGH_LEFT_S)
        return &source->current;
    enum ps_credentials_kind provider = choose(source, err);
    if (!ask(source, provider, &fresh, err)) {
        ps_credentials_texts_done(&fresh);
        return usable && left > 0 ? &source->current : NULL; /* the old ones still work */
    }
    ps_credentials_texts_done(&source->texts);
    source->texts = fresh;
    source->have = true;
    source->refused = false;
    source->current = (struct ps_credentials){provider, fresh.access_key_id, fresh.secret_access_key,
                                              fresh.session_token, fresh.expires};
    return &source->current;
}

void ps_credentials_refused(struct ps_credentials_source *source)
{
    source->refused = true;
}

const char *ps_credentials_provider_name(enum ps_credentials_kind kind)
{
    static const char *const names[] = {
        [PS_CREDENTIALS_ANY] = "any",
        [PS_CREDENTIALS_ENV] = "env",
        [PS_CREDENTIALS_CONTAINER] = "container",
        [PS_CREDENTIALS_IMDS] = "imds",
    };
    return names[kind];
}
