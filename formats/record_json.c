/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/record_json.h"

#include <string.h>

static bool next_word(struct ps_cursor *in, struct ps_span *piece)
{
    ps_skip_run(in, ' ');
    if (ps_cursor_done(in))
        return false;
    if (ps_take_until(in, ' ', piece))
        return true;
    return ps_take_bytes(in, ps_cursor_left(in), piece);
}

static void add_numbers(struct ps_json *j, const char *name, struct ps_span list)
{
    struct ps_cursor in = ps_cursor_over(list);
    uint64_t value = 0;
    int64_t negative = 0;

    ps_json_array(j, name);
    for (;;) {
        while (ps_skip_run(&in, ' ') + ps_skip_run(&in, '\t') > 0)
            ;
        if (ps_take_u64(&in, &value))
            ps_json_u64(j, NULL, value);
        else if (ps_take_i64(&in, &negative))
            ps_json_i64(j, NULL, negative);
        else
            break;
    }
    ps_json_array_end(j);
}

/* Behind a backslash: three octal digits up to 377. */
static bool take_octal_byte(struct ps_cursor *in, uint8_t *out)
{
    struct ps_cursor ahead = *in;
    struct ps_span digits;
    unsigned value = 0;

    if (!ps_take_bytes(&ahead, 3, &digits))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '7')
            return false;
        value = value * 8 + (digits.data[i] - (unsigned) '0');
    }
    if (value > UINT8_MAX)
        return false;
    *in = ahead;
    *out = (uint8_t) value;
    return true;
}

void ps_unescape(struct ps_buffer *out, struct ps_span escaped)
{
    struct ps_cursor in = ps_cursor_over(escaped);
    struct ps_span run;

    while (ps_take_until(&in, '\\', &run)) {
        uint8_t byte = 0;
        ps_buffer_add_span(out, run);
        if (take_octal_byte(&in, &byte))
            ps_buffer_add_byte(out, byte);
        else
            ps_buffer_add_byte(out, '\\');
    }
    ps_buffer_add_span(out, ps_cursor_rest(&in));
}

static void add_escaped(struct ps_json *j, const char *name, struct ps_span escaped)
{
    struct ps_cursor in = ps_cursor_over(escaped);
    struct ps_span run;

    if (!ps_take_until(&in, '\\', &run)) {
        ps_json_bytes(j, name, escaped);
        return;
    }
    struct ps_buffer plain = {0};
    ps_unescape(&plain, escaped);
    ps_json_bytes(j, name, ps_buffer_span(&plain));
    j->out->failed = j->out->failed || plain.failed;
    ps_buffer_done(&plain);
}

void ps_record_field(struct ps_json *j, const char *name, const struct ps_field *field, const void *record)
{
    const void *value = ps_field_value(field, record);
    const struct ps_span *span = value;

    switch (field->type) {
    case PS_U64:
        ps_json_u64(j, name, *(const uint64_t *) value);
        break;
    case PS_I64:
        ps_json_i64(j, name, *(const int64_t *) value);
        break;
    case PS_HEX64:
        ps_json_hex(j, name, *(const uint64_t *) value);
        break;
    case PS_OCT64:
        ps_json_octal(j, name, *(const uint64_t *) value);
        break;
    case PS_CHAR:
        ps_json_bytes(j, name, ps_span_of(value, 1));
        break;
    case PS_BYTES:
        ps_json_bytes(j, name, *span);
        break;
    case PS_ESCAPED:
        add_escaped(j, name, *span);
        break;
    case PS_NAME:
        ps_json_text(j, name, *(const char *const *) value);
        break;
    case PS_U64_LIST:
        add_numbers(j, name, *span);
        break;
    case PS_WORD_LIST:
        ps_json_bytes_array(j, name, *span, next_word);
        break;
    case PS_NUL_LIST:
        ps_json_bytes_array(j, name, *span, ps_take_string);
        break;
    case PS_LINE_LIST:
        ps_json_bytes_array(j, name, *span, ps_take_line);
        break;
    case PS_IP4:
        ps_json_ip4(j, name, value);
        break;
    case PS_IP6:
        ps_json_ip6(j, name, value);
        break;
    }
}

void ps_record_fields(struct ps_json *j, const struct ps_parser *parser, const void *record)
{
    const struct ps_record *head = record;

    for (size_t i = 0; i < parser->field_count; i++)
        if ((head->present >> i & 1) != 0)
            ps_record_field(j, parser->fields[i].name, &parser->fields[i], record);
}

void ps_record_line(struct ps_buffer *out, const struct ps_parser *parser, const void *record)
{
    struct ps_json j = ps_json_into(out);

    ps_json_object(&j, NULL);
    ps_json_text(&j, "kind", parser->kind);
    ps_record_fields(&j, parser, record);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

/* One line: {"kind":"issue","of":"pid_stat","at":17,"why":"..."} */
static void issue_line(struct ps_buffer *out, const struct ps_parser *parser, const struct ps_issue *issue)
{
    struct ps_json j = ps_json_into(out);

    ps_json_object(&j, NULL);
    ps_json_text(&j, "kind", "issue");
    ps_json_text(&j, "of", parser->kind);
    ps_json_u64(&j, "at", issue->at);
    ps_json_text(&j, "why", issue->why);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

size_t ps_parse_lines(struct ps_buffer *out, const struct ps_parser *parser, struct ps_span file)
{
    struct ps_cursor in = ps_cursor_over(file);
    union ps_any_record record;
    struct ps_issue issue = {0};
    size_t issues = 0;

    if (parser->next == NULL)
        return 0;
    for (;;) {
        memset(&record, 0, parser->record_size);
        enum ps_step step = parser->next(&in, &record, &issue);
        if (step == PS_STEP_END)
            return issues;
        if (step == PS_STEP_RECORD) {
            ps_record_line(out, parser, &record);
            continue;
        }
        issue_line(out, parser, &issue);
        issues++;
    }
}
