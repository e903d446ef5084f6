/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/utf8.h"

/* Sequences by their first byte: only the second one has bounds of its own. */
struct first_byte {
    uint8_t first, last, second_from, second_to, len;
};

static struct ps_utf8 continue_sequence(const struct first_byte *row, const uint8_t *data, size_t left)
{
    uint32_t code = data[0] & (0x7fU >> row->len);
    uint8_t from = row->second_from;
    uint8_t to = row->second_to;

    for (size_t n = 1; n < row->len; n++) {
        if (n == left || data[n] < from || data[n] > to)
            return (struct ps_utf8){.len = n};
        code = code << 6 | (data[n] & 0x3fU);
        from = 0x80;
        to = 0xbf;
    }
    return (struct ps_utf8){.len = row->len, .code = code, .good = true};
}

struct ps_utf8 ps_utf8_at(const uint8_t *data, size_t left)
{
    static const struct first_byte rows[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    if (data[0] < 0x80)
        return (struct ps_utf8){.len = 1, .code = data[0], .good = true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (data[0] >= rows[i].first && data[0] <= rows[i].last)
            return continue_sequence(&rows[i], data, left);
    return (struct ps_utf8){.len = 1};
}
