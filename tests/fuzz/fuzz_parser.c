/* SPDX-License-Identifier: Apache-2.0
 *
 * The parsers of the catalog and the JSON of what they give. The first byte of an input is the number of the row, the
 * rest is the file. What must hold:
 * - each step that is not the end moves the cursor, and not behind the input;
 * - an issue says why, at a place in the input;
 * - each record is one line of strict JSON, in which every present field stands, and no other;
 * - and its value, un-escaped, is the very bytes or number of the record.
 */
#include <cjson/cJSON.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base64.h"
#include "formats/record_json.h"
#include "parsers/catalog.h"
#include "tests/samples.h"
#include "tests/strict_json.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* The bytes that a string stands for; `exact` is its base64 sibling, or NULL when the string lost nothing. */
static void add_bytes(struct ps_buffer *out, const cJSON *display, const cJSON *exact)
{
    must(cJSON_IsString(display));
    if (exact == NULL) {
        ps_buffer_add_text(out, display->valuestring);
        return;
    }
    must(cJSON_IsString(exact));
    struct ps_span text = ps_span_text(exact->valuestring);
    size_t len = text.len / 4 * 3 - ps_span_ends(text, "=") - ps_span_ends(text, "==");
    must(ps_buffer_reserve(out, len + 1) && ps_base64_decode(text, out->data + out->len, len));
    out->len += len;
}

static const cJSON *sibling(const cJSON *line, const char *name)
{
    char exact[100];

    snprintf(exact, sizeof exact, "%s_b64", name);
    return cJSON_GetObjectItemCaseSensitive(line, exact);
}

static void check_string(const cJSON *line, const char *name, struct ps_span want)
{
    struct ps_buffer got = {0};

    add_bytes(&got, cJSON_GetObjectItemCaseSensitive(line, name), sibling(line, name));
    must(ps_span_equal(ps_buffer_span(&got), want));
    ps_buffer_done(&got);
}

static void check_escaped(const cJSON *line, const char *name, struct ps_span escaped)
{
    struct ps_buffer want = {0};

    ps_unescape(&want, escaped);
    check_string(line, name, ps_buffer_span(&want));
    ps_buffer_done(&want);
}

/* All pieces together are all bytes but those that divide them. */
static void check_list(const cJSON *line, const char *name, struct ps_span want, uint8_t divider)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(line, name), *exact = sibling(line, name), *piece;
    struct ps_buffer got = {0}, all = {0};
    int index = 0;

    must(cJSON_IsArray(list) && (exact == NULL || cJSON_GetArraySize(exact) == cJSON_GetArraySize(list)));
    const cJSON *exact_piece = exact == NULL ? NULL : exact->child;
    cJSON_ArrayForEach(piece, list)
    {
        add_bytes(&got, piece, exact_piece);
        exact_piece = exact_piece == NULL ? NULL : exact_piece->next;
        index++;
    }
    for (size_t i = 0; i < want.len; i++)
        if (want.data[i] != divider)
            ps_buffer_add_byte(&all, want.data[i]);
    must(ps_span_equal(ps_buffer_span(&got), ps_buffer_span(&all)));
    bool open_end = want.len > 0 && want.data[want.len - 1] != divider;
    must(divider == ' ' || (size_t) index == want.len - all.len + open_end);
    ps_buffer_done(&got);
    ps_buffer_done(&all);
}

/* A number, or the same digits in a string. */
static void check_number(const cJSON *line, const char *name, const char *want)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(line, name);
    char got[32];

    must(cJSON_IsNumber(value) || cJSON_IsString(value));
    if (cJSON_IsNumber(value))
        snprintf(got, sizeof got, "%.0f", value->valuedouble);
    must(strcmp(cJSON_IsString(value) ? value->valuestring : got, want) == 0);
}

static void check_integer(const cJSON *line, const struct ps_field *field, const void *value)
{
    const uint64_t *number = value;
    const int64_t *with_sign = value;
    char want[40];

    if (field->type == PS_I64)
        snprintf(want, sizeof want, "%lld", (long long) *with_sign);
    else if (field->type == PS_HEX64)
        snprintf(want, sizeof want, "0x%llx", (unsigned long long) *number);
    else if (field->type == PS_OCT64)
        snprintf(want, sizeof want, "0%llo", (unsigned long long) *number);
    else
        snprintf(want, sizeof want, "%llu", (unsigned long long) *number);
    check_number(line, field->name, want);
}

static void check_field(const cJSON *line, const struct ps_field *field, const void *record)
{
    const void *value = ps_field_value(field, record);
    const struct ps_span *span = value;
    const char *const *name = value;

    if (field->type == PS_U64 || field->type == PS_I64 || field->type == PS_HEX64 || field->type == PS_OCT64)
        check_integer(line, field, value);
    else if (field->type == PS_CHAR)
        check_string(line, field->name, ps_span_of(value, 1));
    else if (field->type == PS_BYTES)
        check_string(line, field->name, *span);
    else if (field->type == PS_ESCAPED)
        check_escaped(line, field->name, *span);
    else if (field->type == PS_NAME)
        check_string(line, field->name, ps_span_text(*name));
    else if (field->type == PS_NUL_LIST)
        check_list(line, field->name, *span, 0);
    else if (field->type == PS_LINE_LIST)
        check_list(line, field->name, *span, '\n');
    else if (field->type == PS_WORD_LIST)
        check_list(line, field->name, *span, ' ');
    else
        must(cJSON_GetObjectItemCaseSensitive(line, field->name) != NULL);
}

static void check_record(const struct ps_parser *parser, const void *record)
{
    const struct ps_record *head = record;
    struct ps_buffer line = {0};

    ps_record_line(&line, parser, record);
    must(!line.failed && ps_strict_json_lines(ps_buffer_span(&line)));
    cJSON *json = cJSON_ParseWithLength((const char *) line.data, line.len);
    must(json != NULL);
    check_string(json, "kind", ps_span_text(parser->kind));
    must(parser->field_count == PS_FIELDS_MAX || head->present >> parser->field_count == 0);
    for (size_t i = 0; i < parser->field_count; i++) {
        if ((head->present >> i & 1) != 0)
            check_field(json, &parser->fields[i], record);
        else
            must(!cJSON_HasObjectItem(json, parser->fields[i].name));
    }
    cJSON_Delete(json);
    ps_buffer_done(&line);
}

static void check_parser(const struct ps_parser *parser, struct ps_span file)
{
    struct ps_cursor in = ps_cursor_over(file);

    for (;;) {
        union ps_any_record record = {0};
        struct ps_issue issue = {0};
        size_t before = in.at;
        enum ps_step step = parser->next(&in, &record, &issue);
        if (step == PS_STEP_END)
            return;
        must(before < in.at && in.at <= file.len);
        if (step == PS_STEP_RECORD)
            check_record(parser, &record);
        else
            must(issue.why != NULL && issue.at <= file.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct ps_parser *parser = ps_catalog[data[0] % ps_catalog_count].parser;
    if (parser->next != NULL)
        check_parser(parser, ps_span_of(data + 1, size - 1));
    return 0;
}

/* A sample with the number of its row before it, in the corpus. */
static void plant(const char *corpus, const char *sample)
{
    const struct ps_row *row = ps_sample_row(sample + strlen(PS_SOURCE_DIR "/"));
    struct ps_buffer seed = {0};
    char path[600];

    if (row == NULL)
        return;
    ps_buffer_add_byte(&seed, (uint8_t) (row - ps_catalog));
    must(ps_sample_read(sample, &seed));
    snprintf(path, sizeof path, "%s/%s-%s", corpus, row->parser->kind, strrchr(sample, '/') + 1);
    FILE *out = fopen(path, "wb");
    must(out != NULL && fwrite(seed.data, seed.len, 1, out) == 1 && fclose(out) == 0);
    ps_buffer_done(&seed);
}

/* The first folder among the arguments is the corpus: the samples become seeds there. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct stat st;
    glob_t found = {0};

    for (int i = 1; i < *argc; i++) {
        const char *corpus = (*argv)[i];
        if (corpus[0] == '-' || stat(corpus, &st) != 0 || !S_ISDIR(st.st_mode))
            continue;
        must(glob(PS_SOURCE_DIR "/" PS_SAMPLES, 0, NULL, &found) == 0);
        for (size_t n = 0; n < found.gl_pathc; n++)
            plant(corpus, found.gl_pathv[n]);
        globfree(&found);
        break;
    }
    return 0;
}
