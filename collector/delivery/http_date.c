/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/http_date.h"

#include <string.h>

struct moment {
    uint64_t year, month, day, hour, minute, second;
};

static bool take_digits(struct ps_cursor *in, size_t count, uint64_t *out)
{
    struct ps_span digits;

    *out = 0;
    if (!ps_take_bytes(in, count, &digits))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t) (digits.data[i] - '0');
    }
    return true;
}

static bool take_clock(struct ps_cursor *in, struct moment *m)
{
    return take_digits(in, 2, &m->hour) && ps_take_byte(in, ':') && take_digits(in, 2, &m->minute) &&
           ps_take_byte(in, ':') && take_digits(in, 2, &m->second);
}

static bool is_leap(uint64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool epoch_of(const struct moment *m, int64_t *out)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

    if (m->year < 1970 || m->month < 1 || m->month > 12 || m->day < 1 || m->hour > 23 || m->minute > 59 ||
        m->second > 60)
        return false;
    uint64_t leap_day = is_leap(m->year);
    uint64_t length = (uint64_t) before[m->month] - before[m->month - 1] + (m->month == 2 ? leap_day : 0);
    if (m->day > length)
        return false;
    uint64_t past = m->year - 1;
    uint64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162 + before[m->month - 1] + m->day - 1 +
                    (m->month > 2 ? leap_day : 0);
    *out = (int64_t) (((days * 24 + m->hour) * 60 + m->minute) * 60 + m->second);
    return true;
}

bool ps_http_date(struct ps_span text, int64_t *epoch_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct ps_cursor in = ps_cursor_over(text);
    struct ps_span day, month;
    struct moment m = {0};

    if (!ps_take_until(&in, ',', &day) || day.len != 3 || !ps_take_byte(&in, ' ') || !take_digits(&in, 2, &m.day) ||
        !ps_take_byte(&in, ' ') || !ps_take_bytes(&in, 3, &month) || !ps_take_byte(&in, ' ') ||
        !take_digits(&in, 4, &m.year) || !ps_take_byte(&in, ' ') || !take_clock(&in, &m) ||
        !ps_take_text(&in, " GMT") || !ps_cursor_done(&in))
        return false;
    for (size_t i = 0; i < 12; i++)
        if (memcmp(month.data, months + 3 * i, 3) == 0)
            m.month = i + 1;
    return epoch_of(&m, epoch_s);
}

bool ps_utc_time(struct ps_span text, int64_t *epoch_s)
{
    struct ps_cursor in = ps_cursor_over(text);
    struct moment m = {0};
    uint64_t fraction;

    if (!take_digits(&in, 4, &m.year) || !ps_take_byte(&in, '-') || !take_digits(&in, 2, &m.month) ||
        !ps_take_byte(&in, '-') || !take_digits(&in, 2, &m.day) || !ps_take_byte(&in, 'T') || !take_clock(&in, &m))
        return false;
    if (ps_take_byte(&in, '.') && !ps_take_u64(&in, &fraction))
        return false;
    return ps_take_byte(&in, 'Z') && ps_cursor_done(&in) && epoch_of(&m, epoch_s);
}
