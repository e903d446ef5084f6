/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/strict_json.h"

#include <stdlib.h>
#include <string.h>

/* What is left to judge. Each take function returns false, wherever it stands then, when the text is wrong. */
struct text {
    const unsigned char *at, *end;
};

static bool take_value(struct text *t, int depth);

static bool take(struct text *t, const char *word)
{
    size_t len = strlen(word);

    if ((size_t) (t->end - t->at) < len || memcmp(t->at, word, len) != 0)
        return false;
    t->at += len;
    return true;
}

static bool is_hex(unsigned char c)
{
    return strchr("0123456789abcdefABCDEF", c) != NULL && c != 0;
}

static bool take_escape(struct text *t)
{
    if (t->at == t->end || strchr("\"\\/bfnrtu", *t->at) == NULL || *t->at == 0)
        return false;
    if (*t->at++ != 'u')
        return true;
    char digits[5] = {0};
    for (int i = 0; i < 4; i++) {
        if (t->at == t->end || !is_hex(*t->at))
            return false;
        digits[i] = (char) *t->at++;
    }
    unsigned long code = strtoul(digits, NULL, 16);
    return code < 0xd800 || code > 0xdfff; /* the writer never needs a surrogate */
}

/* One code point above ASCII, in its shortest form, no surrogate, at most 10ffff. */
static bool take_utf8(struct text *t)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    int len = *t->at >= 0xf0 ? 4 : *t->at >= 0xe0 ? 3 : 2;
    unsigned long code = *t->at & (0xffU >> (len + 1));

    if (*t->at < 0xc0 || *t->at > 0xf7 || t->end - t->at < len)
        return false;
    for (int i = 1; i < len; i++) {
        if ((t->at[i] & 0xc0) != 0x80)
            return false;
        code = code << 6 | (t->at[i] & 0x3fU);
    }
    t->at += len;
    return code >= least[len] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

static bool take_string(struct text *t)
{
    if (!take(t, "\""))
        return false;
    while (t->at < t->end && *t->at != '"') {
        bool good = *t->at >= 0x20 && *t->at != 0x7f;
        if (*t->at >= 0x80)
            good = take_utf8(t);
        else if (*t->at++ == '\\')
            good = take_escape(t);
        if (!good)
            return false;
    }
    return take(t, "\"");
}

static bool take_number(struct text *t)
{
    const unsigned char *start = t->at;
    unsigned long long value = 0;

    (void) take(t, "-");
    const unsigned char *digits = t->at;
    for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
        value = value * 10 + (unsigned long long) (*t->at - '0');
    if (t->at == digits || t->at - digits > 16 || value > 1ULL << 53)
        return false;
    return *digits != '0' || (t->at - digits == 1 && start == digits);
}

/* What stands between `open` and `close`, with commas. */
static bool take_list(struct text *t, const char *open, const char *close, bool named, int depth)
{
    if (!take(t, open))
        return false;
    if (take(t, close))
        return true;
    do {
        if (named && (!take_string(t) || !take(t, ":")))
            return false;
        if (!take_value(t, depth - 1))
            return false;
    } while (take(t, ","));
    return take(t, close);
}

static bool take_value(struct text *t, int depth)
{
    if (t->at == t->end || depth == 0)
        return false;
    switch (*t->at) {
    case '{':
        return take_list(t, "{", "}", true, depth);
    case '[':
        return take_list(t, "[", "]", false, depth);
    case '"':
        return take_string(t);
    case 't':
        return take(t, "true");
    case 'f':
        return take(t, "false");
    case 'n':
        return take(t, "null");
    default:
        return take_number(t);
    }
}

bool ps_strict_json_lines(struct ps_span lines)
{
    struct text t = {.at = lines.data, .end = lines.data};

    for (t.end += lines.len; t.at < t.end;)
        if (!take_list(&t, "{", "}", true, 16) || !take(&t, "\n"))
            return false;
    return true;
}
