/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/uptime, printed by fs/proc/uptime.c uptime_proc_show(); proc(5).
 *
 *   12345.67 54321.00
 *
 * Everybody may read it, but not in a procfs mounted with subset=pid (ENOENT). The kernel prints seconds with two
 * decimals; records hold no fractions, so the unit here is the hundredth: 12345.67 is uptime_cs 1234567. In a time
 * namespace uptime is shifted by the reader's own boottime offset.
 */
#include "parsers/uptime.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_uptime, name, type)

static const struct ps_field fields[] = {
    FIELD(uptime_cs, PS_U64),
    FIELD(idle_cs, PS_U64),
};

/* "12345.67": always two decimals. */
static bool take_hundredths(struct ps_cursor *line, size_t index, void *record)
{
    struct ps_cursor ahead = *line;
    struct ps_span decimals;
    uint64_t seconds = 0;
    uint64_t hundredths = 0;

    if (!ps_take_u64(&ahead, &seconds) || !ps_take_byte(&ahead, '.') || !ps_take_bytes(&ahead, 2, &decimals))
        return false;
    struct ps_cursor two = ps_cursor_over(decimals);
    if (!ps_take_u64(&two, &hundredths) || !ps_cursor_done(&two) || seconds > (UINT64_MAX - 99) / 100)
        return false;
    *(uint64_t *) ps_field_slot(&fields[index], record) = seconds * 100 + hundredths;
    ps_set_present(record, index);
    *line = ahead;
    return true;
}

static const char *read_times(struct ps_cursor *line, void *record)
{
    if (!take_hundredths(line, 0, record))
        return "no uptime in seconds with two decimals";
    if (!ps_take_byte(line, ' ') || !take_hundredths(line, 1, record))
        return "no idle time in seconds with two decimals";
    return ps_cursor_done(line) ? NULL : "unexpected bytes behind the idle time";
}

static enum ps_step uptime_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_only(in, record, issue, read_times);
}

const struct ps_parser ps_parser_uptime = {
    .kind = "uptime",
    .record_size = sizeof(struct ps_uptime),
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
    .single = true,
    .next = uptime_next,
};
