/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/private_key.h"

#include <string.h>

enum { BETWEEN = 24 };

static const char begin[] = "-----BEGIN ", end[] = "PRIVATE KEY-----";

_Static_assert(sizeof begin - 1 + BETWEEN + sizeof end - 1 == PS_PRIVATE_KEY_MARK, "the longest mark");

static bool is_mark(const uint8_t *at, size_t left)
{
    if (left < sizeof begin - 1 || memcmp(at, begin, sizeof begin - 1) != 0)
        return false;
    left -= sizeof begin - 1;
    for (size_t i = 0; i <= BETWEEN && i + sizeof end - 1 <= left; i++)
        if (memcmp(at + sizeof begin - 1 + i, end, sizeof end - 1) == 0)
            return true;
    return false;
}

size_t ps_private_key_at(struct ps_span bytes)
{
    const uint8_t *at = bytes.data, *stop = bytes.data + bytes.len;

    while (at < stop && (at = memchr(at, '-', (size_t) (stop - at))) != NULL) {
        if (is_mark(at, (size_t) (stop - at)))
            return (size_t) (at - bytes.data);
        at++;
    }
    return bytes.len;
}

bool ps_private_key_is_program(struct ps_span bytes)
{
    return ps_span_starts(bytes, "\177ELF");
}
