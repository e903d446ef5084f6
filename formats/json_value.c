/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/json_value.h"

#include <stdalign.h>
#include <stdlib.h>

/* A tree is made and deleted for each line, hundreds of small pieces each time. They come from one room, which is empty
 * again when the last of them is given back; what does not fit comes from malloc. Not for threads. */
enum { ROOM = 256 << 10 };
static alignas(max_align_t) uint8_t room[ROOM];
static size_t room_used, room_pieces;

static void *take_piece(size_t size)
{
    if (size > ROOM - room_used)
        return malloc(size);
    void *piece = room + room_used;
    size_t rest = size % alignof(max_align_t);
    size += rest > 0 ? alignof(max_align_t) - rest : 0;
    room_used = size < ROOM - room_used ? room_used + size : ROOM;
    room_pieces++;
    return piece;
}

static void give_piece(void *piece)
{
    uintptr_t at = (uintptr_t) piece, begin = (uintptr_t) room;
    if (at < begin || at >= begin + ROOM)
        free(piece);
    else if (--room_pieces == 0)
        room_used = 0;
}

cJSON *ps_json_parse(struct ps_json_check *check, struct ps_span text, struct ps_json_flaw *flaw)
{
    if (!ps_json_check(check, text, flaw))
        return NULL;
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = take_piece, .free_fn = give_piece});
    cJSON *tree = cJSON_ParseWithLength((const char *) text.data, text.len);
    if (tree == NULL)
        *flaw = (struct ps_json_flaw){.why = ps_no_memory, .at = 0};
    return tree;
}

const cJSON *ps_json_get(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *ps_json_string(const cJSON *value)
{
    return cJSON_IsString(value) ? value->valuestring : NULL;
}

/* Digits in the one spelling that they have. */
static bool take_digits(struct ps_cursor *c, uint64_t *out)
{
    uint8_t first = 0;
    bool zero = ps_peek_byte(c, &first) && first == '0';
    return ps_take_u64(c, out) && ps_cursor_done(c) && (!zero || c->at == 1);
}

/* Receipts may hold fractions and exponents, and these are no numbers of anything. */
static bool is_whole(const cJSON *value)
{
    enum { BITS = 53 };
    double most = (double) (UINT64_C(1) << BITS);

    return cJSON_IsNumber(value) && value->valuedouble >= -most && value->valuedouble <= most &&
           (double) (int64_t) value->valuedouble == value->valuedouble;
}

bool ps_json_number(const cJSON *value, uint64_t *out)
{
    if (cJSON_IsString(value)) {
        struct ps_cursor c = ps_cursor_over(ps_span_text(value->valuestring));
        uint64_t number = 0;
        if (!take_digits(&c, &number))
            return false;
        *out = number;
        return true;
    }
    if (!is_whole(value) || value->valuedouble < 0)
        return false;
    *out = (uint64_t) value->valuedouble;
    return true;
}

bool ps_json_number32(const cJSON *value, uint32_t *out)
{
    uint64_t number = 0;
    if (!ps_json_number(value, &number) || number > UINT32_MAX)
        return false;
    *out = (uint32_t) number;
    return true;
}

bool ps_json_signed(const cJSON *value, int64_t *out)
{
    if (is_whole(value)) {
        *out = (int64_t) value->valuedouble;
        return true;
    }
    if (!cJSON_IsString(value))
        return false;
    struct ps_cursor c = ps_cursor_over(ps_span_text(value->valuestring));
    uint64_t number = 0;
    bool negative = ps_take_byte(&c, '-');
    struct ps_cursor digits = ps_cursor_over(ps_cursor_rest(&c));
    if (!take_digits(&digits, &number) || number > (uint64_t) INT64_MAX)
        return false;
    *out = negative ? -(int64_t) number : (int64_t) number;
    return true;
}
