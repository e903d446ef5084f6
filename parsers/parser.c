/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/parser.h"

enum ps_step ps_bad(struct ps_issue *issue, size_t at, const char *why)
{
    *issue = (struct ps_issue){.why = why, .at = at};
    return PS_STEP_BAD;
}

void *ps_field_slot(const struct ps_field *field, void *record)
{
    return (char *) record + field->offset;
}

const void *ps_field_value(const struct ps_field *field, const void *record)
{
    return (const char *) record + field->offset;
}

bool ps_record_has(const struct ps_parser *parser, const void *record, size_t offset)
{
    const struct ps_record *head = record;

    for (size_t i = 0; i < parser->field_count; i++)
        if (parser->fields[i].offset == offset)
            return (head->present >> i & 1) != 0;
    return false;
}

void ps_set_present(void *record, size_t index)
{
    struct ps_record *head = record;

    head->present |= UINT64_C(1) << index;
}

bool ps_take_number(struct ps_cursor *in, const struct ps_field *fields, size_t index, void *record)
{
    void *slot = ps_field_slot(&fields[index], record);
    enum ps_type type = fields[index].type;
    bool good = false;

    if (type == PS_U64)
        good = ps_take_u64(in, slot);
    else if (type == PS_I64)
        good = ps_take_i64(in, slot);
    else if (type == PS_HEX64)
        good = ps_take_hex(in, slot);
    else if (type == PS_OCT64)
        good = ps_take_octal(in, slot);
    if (good)
        ps_set_present(record, index);
    return good;
}

void ps_put_span(const struct ps_field *fields, size_t index, void *record, struct ps_span value)
{
    *(struct ps_span *) ps_field_slot(&fields[index], record) = value;
    ps_set_present(record, index);
}
