/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/redact.h"

#include <sodium.h>

#include "formats/digest.h"

static const char *const kept[] = {"PATH", "HOME",     "PWD",        "SHELL",
                                   "TERM", "HOSTNAME", "AWS_REGION", "AWS_EXECUTION_ENV"};
static const char *const kept_when_it_begins[] = {"LD_", "HIST", "SSH_", "ECS_"};

static bool is_kept(struct ps_span name)
{
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (ps_span_is(name, kept[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof kept_when_it_begins / sizeof *kept_when_it_begins; i++) {
        if (ps_span_starts(name, kept_when_it_begins[i]))
            return true;
    }
    return false;
}

static void add_digits(const uint8_t *key, struct ps_span value, struct ps_buffer *out)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, value.data, value.len, key, PS_REDACT_KEY_LEN);
    ps_hex_add(out, ps_span_of(hash, 8));
}

/* http://user:password@host:3128/ loses what stands between // and @. */
static void add_proxy(struct ps_span value, struct ps_buffer *out)
{
    struct ps_cursor in = ps_cursor_over(value);
    struct ps_span scheme, secret;
    if (ps_take_until(&in, ':', &scheme) && ps_take_text(&in, "//"))
        ps_buffer_add(out, value.data, in.at);
    else
        in.at = 0;
    if (ps_take_until_last(&in, '@', &secret))
        ps_buffer_add_text(out, "redacted@");
    ps_buffer_add_span(out, ps_cursor_rest(&in));
}

static void add_variable(const uint8_t *key, struct ps_span variable, struct ps_buffer *out)
{
    struct ps_cursor in = ps_cursor_over(variable);
    struct ps_span name;
    if (!ps_take_until(&in, '=', &name)) {
        if (variable.len > 0)
            add_digits(key, variable, out);
        return;
    }
    struct ps_span value = ps_cursor_rest(&in);
    ps_buffer_add_span(out, name);
    ps_buffer_add_byte(out, '=');
    if (is_kept(name))
        ps_buffer_add_span(out, value);
    else if (ps_span_ends(name, "_proxy") || ps_span_ends(name, "_PROXY"))
        add_proxy(value, out);
    else
        add_digits(key, value, out);
}

void ps_redact_environ(const uint8_t key[PS_REDACT_KEY_LEN], struct ps_span environ, struct ps_buffer *out)
{
    struct ps_cursor in = ps_cursor_over(environ);
    struct ps_span variable;
    while (ps_take_until(&in, 0, &variable)) {
        add_variable(key, variable, out);
        ps_buffer_add_byte(out, 0);
    }
    if (!ps_cursor_done(&in))
        add_variable(key, ps_cursor_rest(&in), out);
}
