/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 as Unicode defines it (table 3-7): shortest forms, no surrogates, nothing beyond 10ffff.
 */
#ifndef PS_UTF8_H
#define PS_UTF8_H

#include "parsers/cursor.h"

struct ps_utf8 {
    size_t len;    /* of the sequence; ill-formed, of the maximal part that one U+FFFD stands for */
    uint32_t code; /* only when good */
    bool good;
};

/* The sequence at the start of `left` bytes, at least one. */
struct ps_utf8 ps_utf8_at(const uint8_t *data, size_t left);

#endif
