/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/buffer.h"

#include <criterion/criterion.h>

#include <string.h>

Test(buffer, nothing_is_empty_and_valid)
{
    struct ps_buffer b = {0};

    ps_buffer_add(&b, NULL, 0);
    ps_buffer_add_span(&b, (struct ps_span){0});
    ps_buffer_drop(&b, 5);
    ps_buffer_clear(&b, 0);
    cr_assert(ps_buffer_span(&b).len == 0 && !b.failed);
    ps_buffer_done(&b);
    ps_buffer_done(&b);
}

Test(buffer, grows_and_keeps_what_it_has)
{
    struct ps_buffer b = {0};

    for (unsigned i = 0; i < 100000; i++)
        ps_buffer_add_byte(&b, (uint8_t) i);
    cr_assert(b.len == 100000 && !b.failed);
    for (unsigned i = 0; i < 100000; i++)
        cr_assert(b.data[i] == (uint8_t) i);
    ps_buffer_drop(&b, 99999);
    cr_assert(b.len == 1 && b.data[0] == (uint8_t) 99999);
    ps_buffer_done(&b);
}

Test(buffer, formats_beyond_its_room)
{
    struct ps_buffer b = {0};
    char wide[3000];

    memset(wide, 'w', sizeof wide - 1);
    wide[sizeof wide - 1] = 0;
    ps_buffer_addf(&b, "%s-%d", wide, 7);
    cr_assert(b.len == 3001 && ps_span_ends(ps_buffer_span(&b), "w-7"));
    ps_buffer_done(&b);
}

Test(buffer, a_failure_is_remembered_and_nothing_more_is_added)
{
    struct ps_buffer b = {0};

    ps_buffer_add_text(&b, "kept");
    cr_assert(!ps_buffer_reserve(&b, SIZE_MAX) && !ps_buffer_reserve(&b, SIZE_MAX / 2) && b.failed);
    ps_buffer_add_text(&b, "more");
    ps_buffer_add_u64(&b, 1);
    ps_buffer_add_i64(&b, 1);
    ps_buffer_add_hex(&b, 1, 1);
    ps_buffer_add_byte(&b, 1);
    ps_buffer_addf(&b, "%d", 1);
    cr_assert(ps_span_is(ps_buffer_span(&b), "kept"));
    ps_buffer_clear(&b, 0);
    cr_assert(b.failed && b.len == 0);
    ps_buffer_done(&b);
    cr_assert(!b.failed);
}

Test(buffer, clearing_keeps_only_so_much_room)
{
    struct ps_buffer b = {0};

    ps_buffer_add_text(&b, "x");
    size_t room = b.room;
    ps_buffer_clear(&b, room);
    cr_assert(b.len == 0 && b.room == room && b.data != NULL);
    ps_buffer_clear(&b, room - 1);
    cr_assert(b.room == 0 && b.data == NULL);
}
