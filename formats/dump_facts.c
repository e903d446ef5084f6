/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dump_facts.h"

#include <string.h>

#include "formats/digest.h"

static const char *const names[PS_CHOSEN_BITS] = {
    "pid",          "all",        "deleted_exe", "memfd_exe",      "tmp_exe",       "unmapped_exe",
    "deleted_code", "memfd_code", "tmp_code",    "anonymous_code", "writable_code",
};

void ps_dump_chosen_add(struct ps_json *j, uint32_t chosen)
{
    ps_json_array(j, "chosen");
    for (unsigned i = 0; i < PS_CHOSEN_BITS; i++)
        if (chosen >> i & 1)
            ps_json_text(j, NULL, names[i]);
    ps_json_array_end(j);
}

void ps_dump_facts_add(struct ps_json *j, const struct ps_dump_facts *f)
{
    char sha256[2 * PS_SHA256_LEN + 1];
    ps_json_object(j, NULL);
    ps_dump_chosen_add(j, f->chosen);
    if (f->read) {
        ps_json_u64(j, "mapped", f->mapped_bytes);
        ps_json_u64(j, "present", f->present_bytes);
        ps_json_u64(j, "absent_pages", f->absent_pages);
        ps_json_u64(j, "unreadable_pages", f->unreadable_pages);
    }
    if (f->no_pagemap)
        ps_json_bool(j, "pagemap", false);
    if (f->masked_bytes > 0)
        ps_json_u64(j, "masked", f->masked_bytes);
    if (f->hashed) {
        ps_hex_text(ps_span_of(f->sha256, sizeof f->sha256), sha256);
        ps_json_text(j, "sha256", sha256);
    }
    ps_json_object_end(j);
}

static bool read_chosen(const cJSON *list, uint32_t *out)
{
    *out = 0;
    if (!cJSON_IsArray(list))
        return false;
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        const char *text = ps_json_string(item);
        unsigned i = 0;
        while (i < PS_CHOSEN_BITS && (text == NULL || strcmp(text, names[i]) != 0))
            i++;
        if (i == PS_CHOSEN_BITS || *out >> i != 0) /* in their order, none twice */
            return false;
        *out |= UINT32_C(1) << i;
    }
    return true;
}

bool ps_dump_facts_read(const cJSON *object, struct ps_dump_facts *out)
{
    struct ps_dump_facts f = {0};
    const cJSON *digest = ps_json_get(object, "sha256"), *pagemap = ps_json_get(object, "pagemap");
    const cJSON *masked = ps_json_get(object, "masked");
    const char *hex = ps_json_string(digest);
    f.read = ps_json_get(object, "mapped") != NULL;
    f.no_pagemap = pagemap != NULL;
    f.hashed = digest != NULL;
    int keys = 1 + (f.read ? 4 : 0) + f.no_pagemap + (masked != NULL) + f.hashed;
    if (!read_chosen(ps_json_get(object, "chosen"), &f.chosen) || cJSON_GetArraySize(object) != keys)
        return false;
    if (f.read && (!ps_json_number(ps_json_get(object, "mapped"), &f.mapped_bytes) ||
                   !ps_json_number(ps_json_get(object, "present"), &f.present_bytes) ||
                   !ps_json_number(ps_json_get(object, "absent_pages"), &f.absent_pages) ||
                   !ps_json_number(ps_json_get(object, "unreadable_pages"), &f.unreadable_pages)))
        return false;
    if (f.no_pagemap && !cJSON_IsFalse(pagemap))
        return false;
    if (masked != NULL && (!ps_json_number(masked, &f.masked_bytes) || f.masked_bytes == 0))
        return false;
    if (f.hashed && (hex == NULL || !ps_hex_decode(ps_span_text(hex), f.sha256, sizeof f.sha256)))
        return false;
    *out = f;
    return true;
}
