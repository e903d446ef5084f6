/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/outer_input.h"

static bool take(struct ps_outer_input *o, void *out, size_t room, size_t *got, struct ps_error *err)
{
    if (!o->input(o->context, out, room, got, err))
        return false;
    ps_blake2b512_update(&o->digest, ps_span_of(out, *got));
    o->bytes_in += *got;
    o->ended = *got == 0;
    return true;
}

/* The bytes of the file: first those that were looked at. A ps_input. */
static bool file_bytes(void *context, void *out, size_t room, size_t *got, struct ps_error *err)
{
    struct ps_outer_input *o = context;
    size_t left = o->first_len - o->first_at;
    if (left == 0)
        return take(o, out, room, got, err);
    *got = left < room ? left : room;
    memcpy(out, o->first + o->first_at, *got);
    o->first_at += *got;
    return true;
}

/* What is cut off within the first bytes of an age file is one, too. */
static bool begin(struct ps_outer_input *o, struct ps_error *err)
{
    ps_blake2b512_init(&o->digest);
    while (o->first_len < sizeof o->first && !o->ended) {
        size_t got = 0;
        if (!take(o, o->first + o->first_len, sizeof o->first - o->first_len, &got, err))
            return false;
        o->first_len += got;
    }
    o->begun = true;
    if (o->first_len == 0 || memcmp(o->first, PS_AGE_MAGIC, o->first_len) != 0)
        return true;
    o->age = ps_age_reader_new(o->ids, file_bytes, o, err);
    return o->age != NULL;
}

enum ps_source_step ps_outer_read(struct ps_outer_input *o, void *out, size_t room, size_t *got, struct ps_flaw *flaw,
                                  struct ps_error *err)
{
    if (!o->begun && !begin(o, err))
        return PS_SOURCE_FAILED;
    if (o->age != NULL)
        return ps_age_reader_read(o->age, out, room, got, flaw, err);
    if (!file_bytes(o, out, room, got, err))
        return PS_SOURCE_FAILED;
    return *got > 0 ? PS_SOURCE_NEXT : PS_SOURCE_END;
}

bool ps_outer_drain(struct ps_outer_input *o, void *scratch, size_t room, struct ps_error *err)
{
    size_t got;
    if (!o->begun && !begin(o, err))
        return false;
    while (!o->ended)
        if (!take(o, scratch, room, &got, err))
            return false;
    return true;
}

void ps_outer_done(struct ps_outer_input *o)
{
    ps_age_reader_free(o->age);
    o->age = NULL;
}
