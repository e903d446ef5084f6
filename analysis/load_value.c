/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "analysis/load.h"
#include "formats/base64.h"

enum { NAME_MAX_LEN = 64 };

/* The object that holds the last name of the path, and that name. */
static const cJSON *holder(const cJSON *tree, const char *path, char name[NAME_MAX_LEN])
{
    for (;;) {
        size_t len = strcspn(path, ".");
        if (len >= NAME_MAX_LEN - sizeof "_b64")
            return NULL;
        memcpy(name, path, len);
        name[len] = '\0';
        if (path[len] == '\0')
            return tree;
        tree = ps_json_get(tree, name);
        path += len + 1;
    }
}

const cJSON *ps_load_at(const cJSON *tree, const char *path)
{
    char name[NAME_MAX_LEN];
    const cJSON *object = holder(tree, path, name);

    return object != NULL ? ps_json_get(object, name) : NULL;
}

/* Padded base64: how many bytes it stands for. */
static size_t decoded_len(const char *text)
{
    size_t len = strlen(text);
    size_t padding = len > 1 && text[len - 1] == '=' ? 1 + (size_t) (text[len - 2] == '=') : 0;

    return len / 4 * 3 - (len >= 4 ? padding : 0);
}

struct ps_span ps_load_decoded(struct ps_loader *l, const char *text)
{
    size_t len = decoded_len(text);
    uint8_t *room = ps_text_room(&l->out->pool, len);

    if (room != NULL && ps_base64_decode(ps_span_text(text), room, len))
        return ps_span_of(room, len);
    return ps_span_of("", 0);
}

struct ps_span ps_load_text(struct ps_loader *l, const cJSON *tree, const char *path)
{
    char name[NAME_MAX_LEN];
    const cJSON *object = holder(tree, path, name);

    if (object == NULL)
        return ps_span_of("", 0);
    const char *shown = ps_json_string(ps_json_get(object, name));
    strcat(name, "_b64");
    const char *exact = ps_json_string(ps_json_get(object, name));
    if (exact != NULL) {
        size_t len = decoded_len(exact);
        uint8_t *room = ps_text_room(&l->out->pool, len);
        if (room != NULL && ps_base64_decode(ps_span_text(exact), room, len))
            return ps_span_of(room, len);
    }
    return shown != NULL ? ps_text_keep(&l->out->pool, ps_span_text(shown)) : ps_span_of("", 0);
}

uint64_t ps_load_number(const cJSON *tree, const char *path)
{
    uint64_t value = 0;

    (void) !ps_json_number(ps_load_at(tree, path), &value);
    return value;
}

uint32_t ps_load_number32(const cJSON *tree, const char *path)
{
    uint32_t value = 0;

    (void) !ps_json_number32(ps_load_at(tree, path), &value);
    return value;
}

bool ps_load_true(const cJSON *tree, const char *path)
{
    return cJSON_IsTrue(ps_load_at(tree, path));
}

bool ps_load_hex(const cJSON *tree, const char *path, uint64_t *out)
{
    const char *text = ps_json_string(ps_load_at(tree, path));
    uint64_t value;

    if (text == NULL)
        return false;
    struct ps_cursor in = ps_cursor_over(ps_span_text(text));
    if (!ps_take_text(&in, "0x") || !ps_take_hex(&in, &value) || !ps_cursor_done(&in))
        return false;
    *out = value;
    return true;
}
