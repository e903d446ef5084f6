/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/quantity.h"

/* One decimal below ten, none above; cut, not rounded, so that "9.9" never reads "10.0". */
static void add_scaled(struct ps_buffer *out, uint64_t value, uint64_t unit, const char *name)
{
    ps_buffer_add_u64(out, value / unit);
    if (unit > 1 && value / unit < 10) {
        ps_buffer_add_byte(out, '.');
        ps_buffer_add_u64(out, value % unit / (unit / 10));
    }
    ps_buffer_add_byte(out, ' ');
    ps_buffer_add_text(out, name);
}

void ps_quantity_bytes(struct ps_buffer *out, uint64_t bytes)
{
    static const struct {
        uint64_t unit;
        const char *name;
    } units[] = {{UINT64_C(1000000000000), "TB"}, {1000000000, "GB"}, {1000000, "MB"}, {1000, "kB"}, {1, "B"}};
    size_t i = 0;

    while (i + 1 < sizeof units / sizeof units[0] && bytes < units[i].unit)
        i++;
    add_scaled(out, bytes, units[i].unit, units[i].name);
}

static void add_two(struct ps_buffer *out, uint64_t seconds, uint64_t big, const char *big_name, uint64_t small,
                    const char *small_name)
{
    ps_buffer_add_u64(out, seconds / big);
    ps_buffer_add_text(out, big_name);
    if (seconds % big / small == 0)
        return;
    ps_buffer_add_byte(out, ' ');
    ps_buffer_add_u64(out, seconds % big / small);
    ps_buffer_add_text(out, small_name);
}

void ps_quantity_us(struct ps_buffer *out, uint64_t us)
{
    uint64_t seconds = us / 1000000;

    if (us < 1000)
        add_scaled(out, us, 1, "us");
    else if (seconds == 0)
        add_scaled(out, us, 1000, "ms");
    else if (seconds < 60)
        add_scaled(out, us, 1000000, "s");
    else if (seconds < 3600)
        add_two(out, seconds, 60, " min", 1, " s");
    else if (seconds < 86400)
        add_two(out, seconds, 3600, " h", 60, " min");
    else
        add_two(out, seconds, 86400, " d", 3600, " h");
}

void ps_quantity_count(struct ps_buffer *out, uint64_t count, const char *one, const char *many)
{
    ps_buffer_add_u64(out, count);
    ps_buffer_add_byte(out, ' ');
    ps_buffer_add_text(out, count == 1 ? one : many);
}
