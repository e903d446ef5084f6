/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/columns.h"

bool ps_skip_blanks(struct ps_cursor *line)
{
    size_t start = line->at;

    while (ps_skip_run(line, ' ') + ps_skip_run(line, '\t') > 0)
        ;
    return line->at > start;
}

void ps_put_rest(struct ps_cursor *line, const struct ps_field *fields, size_t index, void *record)
{
    if (!ps_cursor_done(line))
        ps_put_span(fields, index, record, ps_cursor_rest(line));
    ps_skip_rest(line);
}

static const char *read_column(struct ps_cursor *line, const struct ps_field *fields, size_t index, void *record)
{
    struct ps_span word;

    if (fields[index].type == PS_BYTES && ps_take_word(line, &word))
        ps_put_span(fields, index, record, word);
    else if (!ps_take_number(line, fields, index, record))
        return "not a number that fits";
    return ps_skip_blanks(line) || ps_cursor_done(line) ? NULL : "no blank behind a column";
}

const char *ps_read_columns(struct ps_cursor *line, const struct ps_field *fields, size_t first, size_t least,
                            size_t count, void *record)
{
    ps_skip_blanks(line);
    for (size_t i = first; i < count; i++) {
        if (ps_cursor_done(line))
            return i < least ? "fewer columns than the kernel prints" : NULL;
        if (fields[i].type == PS_WORD_LIST) {
            ps_put_span(fields, i, record, ps_cursor_rest(line));
            ps_skip_rest(line);
            return NULL;
        }
        const char *why = read_column(line, fields, i, record);
        if (why != NULL)
            return why;
    }
    return ps_cursor_done(line) ? NULL : "more columns than the kernel prints";
}

bool ps_take_hex_bytes(struct ps_cursor *line, uint8_t *out, size_t count)
{
    struct ps_cursor ahead = *line;

    for (size_t i = 0; i < count; i++) {
        struct ps_span digits;
        uint64_t value = 0;
        if (!ps_take_bytes(&ahead, 2, &digits))
            return false;
        struct ps_cursor two = ps_cursor_over(digits);
        if (!ps_take_hex(&two, &value) || !ps_cursor_done(&two))
            return false;
        out[i] = (uint8_t) value;
    }
    *line = ahead;
    return true;
}

bool ps_take_ip4_word(struct ps_cursor *line, uint8_t *out)
{
    uint8_t word[4];

    if (!ps_take_hex_bytes(line, word, sizeof word))
        return false;
    for (size_t i = 0; i < sizeof word; i++)
        out[i] = word[3 - i];
    return true;
}
