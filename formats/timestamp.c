/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/timestamp.h"

#include <stdio.h>

struct civil {
    int64_t year;
    int month, day, hour, minute, second, us;
};

/* Days are counted from 0000-03-01, so that a leap day ends a year; 400 years have 146097 days. */
static struct civil civil_of(int64_t epoch_us)
{
    int64_t seconds = epoch_us / 1000000, us = epoch_us % 1000000;
    if (us < 0) {
        us += 1000000;
        seconds--;
    }
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    struct civil c = {
        .day = (int) (day_of_year - (153 * month_from_march + 2) / 5 + 1),
        .month = (int) (month_from_march < 10 ? month_from_march + 3 : month_from_march - 9),
        .hour = (int) (rest / 3600),
        .minute = (int) (rest / 60 % 60),
        .second = (int) (rest % 60),
        .us = (int) us,
    };
    c.year = year_of_era + era * 400 + (c.month <= 2);
    return c;
}

void ps_timestamp(int64_t epoch_us, char out[PS_TIMESTAMP_SIZE])
{
    struct civil c = civil_of(epoch_us);
    snprintf(out, PS_TIMESTAMP_SIZE, "%04lld-%02d-%02dT%02d:%02d:%02d.%06dZ", (long long) c.year, c.month, c.day,
             c.hour, c.minute, c.second, c.us);
}

void ps_timestamp_compact(int64_t epoch_us, char out[PS_TIMESTAMP_SIZE])
{
    struct civil c = civil_of(epoch_us);
    snprintf(out, PS_TIMESTAMP_SIZE, "%04lld%02d%02dt%02d%02d%02dz", (long long) c.year, c.month, c.day, c.hour,
             c.minute, c.second);
}

void ps_timestamp_date(int64_t epoch_us, char out[PS_TIMESTAMP_SIZE])
{
    struct civil c = civil_of(epoch_us);
    snprintf(out, PS_TIMESTAMP_SIZE, "%04lld-%02d-%02d", (long long) c.year, c.month, c.day);
}
