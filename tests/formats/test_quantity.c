/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes and times as people read them.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "formats/quantity.h"

static void expect(void (*add)(struct ps_buffer *out, uint64_t value), uint64_t value, const char *want)
{
    struct ps_buffer out = {0};
    add(&out, value);
    ps_buffer_add_byte(&out, '\0');
    cr_expect(eq(str, (char *) out.data, (char *) want));
    ps_buffer_done(&out);
}

Test(quantity, bytes)
{
    expect(ps_quantity_bytes, 0, "0 B");
    expect(ps_quantity_bytes, 999, "999 B");
    expect(ps_quantity_bytes, 1000, "1.0 kB");
    expect(ps_quantity_bytes, 9999, "9.9 kB");
    expect(ps_quantity_bytes, 10000, "10 kB");
    expect(ps_quantity_bytes, 999999, "999 kB");
    expect(ps_quantity_bytes, 1800000, "1.8 MB");
    expect(ps_quantity_bytes, UINT64_MAX, "18446744 TB");
}

Test(quantity, spans_of_time)
{
    expect(ps_quantity_us, 0, "0 us");
    expect(ps_quantity_us, 999, "999 us");
    expect(ps_quantity_us, 1000, "1.0 ms");
    expect(ps_quantity_us, 999999, "999 ms");
    expect(ps_quantity_us, 3200000, "3.2 s");
    expect(ps_quantity_us, 59999999, "59 s");
    expect(ps_quantity_us, 60000000, "1 min");
    expect(ps_quantity_us, 243000000, "4 min 3 s");
    expect(ps_quantity_us, 3600000000, "1 h");
    expect(ps_quantity_us, UINT64_C(100) * 3600 * 1000000, "4 d 4 h");
}

Test(quantity, counts_have_their_plural)
{
    struct ps_buffer out = {0};
    ps_quantity_count(&out, 1, "process", "processes");
    ps_buffer_add_text(&out, ", ");
    ps_quantity_count(&out, 0, "process", "processes");
    cr_expect(ps_span_is(ps_buffer_span(&out), "1 process, 0 processes"));
    ps_buffer_done(&out);
}
