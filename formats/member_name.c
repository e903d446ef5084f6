/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/member_name.h"

#include "formats/timestamp.h"

#include <string.h>

static const char upper_hex[] = "0123456789ABCDEF";

static bool is_plain(uint8_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("._+:,@-", c) != NULL;
}

static bool is_dots(struct ps_span component)
{
    return ps_span_is(component, ".") || ps_span_is(component, "..");
}

bool ps_member_escape(struct ps_span bytes, struct ps_buffer *out)
{
    bool dots = is_dots(bytes);
    size_t len = bytes.len;
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] == '\0' || bytes.data[i] == '/')
            return false;
        if (dots || !is_plain(bytes.data[i]))
            len += 2;
    }
    if (len == 0 || len > PS_COMPONENT_MAX || !ps_buffer_reserve(out, len))
        return false;

    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];
        if (!dots && is_plain(c)) {
            ps_buffer_add_byte(out, c);
            continue;
        }
        ps_buffer_add_byte(out, '=');
        ps_buffer_add_byte(out, (uint8_t) upper_hex[c >> 4]);
        ps_buffer_add_byte(out, (uint8_t) upper_hex[c & 15]);
    }
    return true;
}

/* 16 when it is no upper-case digit. */
static unsigned value_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - (unsigned) '0';
    return c >= 'A' && c <= 'F' ? c - (unsigned) 'A' + 10 : 16;
}

/* The byte behind "=HH" at the cursor; false, unmoved, when there is no escape. */
static bool take_escape(struct ps_cursor *c, uint8_t *out)
{
    struct ps_cursor ahead = *c;
    uint8_t high, low;
    if (!ps_take_byte(&ahead, '=') || !ps_take_any(&ahead, &high) || !ps_take_any(&ahead, &low))
        return false;
    if (value_of(high) > 15 || value_of(low) > 15)
        return false;
    *out = (uint8_t) (value_of(high) << 4 | value_of(low));
    *c = ahead;
    return true;
}

/* The next byte, plain or escaped; `dots` when its component is one of the two that are escaped without need. */
static const char *check_byte(struct ps_cursor *c, bool dots)
{
    uint8_t byte = 0;
    if (take_escape(c, &byte)) {
        if (byte == '\0' || byte == '/')
            return "escape of a byte that no file name holds";
        return is_plain(byte) && !dots ? "escape of a byte that needs none" : NULL;
    }
    if (ps_take_any(c, &byte) && is_plain(byte))
        return NULL;
    return byte == '=' ? "\"=\" without two upper-case hex digits" : "byte outside the alphabet";
}

static const char *check_component(struct ps_span component)
{
    if (component.len == 0)
        return "empty component";
    if (is_dots(component))
        return "component \".\" or \"..\"";

    bool dots = ps_span_is(component, "=2E") || ps_span_is(component, "=2E=2E");
    struct ps_cursor c = ps_cursor_over(component);
    const char *why = NULL;
    while (why == NULL && !ps_cursor_done(&c))
        why = check_byte(&c, dots);
    return why;
}

const char *ps_member_check(struct ps_span name)
{
    if (name.len == 0)
        return "empty name";
    if (name.len > PS_MEMBER_NAME_MAX)
        return "name too long";
    if (name.data[0] == '/')
        return "absolute name";

    struct ps_cursor c = ps_cursor_over(name);
    struct ps_span component;
    const char *why = NULL;
    while (why == NULL && ps_take_until(&c, '/', &component))
        why = check_component(component);
    return why != NULL ? why : check_component(ps_cursor_rest(&c));
}

/* As take_escape, in lower-case hex too: a case-insensitive file system does not tell it apart. A slash stays escaped,
 * it would look like one that separates. */
static bool take_any_escape(struct ps_cursor *c, uint8_t *out)
{
    struct ps_cursor ahead = *c;
    struct ps_span digits;
    uint64_t value;
    if (!ps_take_byte(&ahead, '=') || !ps_take_bytes(&ahead, 2, &digits))
        return false;
    struct ps_cursor hex = ps_cursor_over(digits);
    if (!ps_take_hex(&hex, &value) || !ps_cursor_done(&hex) || value == '/')
        return false;
    *out = (uint8_t) value;
    *c = ahead;
    return true;
}

/* The next byte of the alias key. */
static bool next_alias(struct ps_cursor *c, uint8_t *out)
{
    if (!take_any_escape(c, out) && !ps_take_any(c, out))
        return false;
    if (*out >= 'A' && *out <= 'Z')
        *out = (uint8_t) (*out - 'A' + 'a');
    return true;
}

void ps_member_alias(struct ps_span name, struct ps_buffer *out)
{
    struct ps_cursor c = ps_cursor_over(name);
    uint8_t byte;
    while (next_alias(&c, &byte))
        ps_buffer_add_byte(out, byte);
}

/* Where two names begin to differ, or the start of the escape that is different there: everything before has the same
 * alias. Neighbours in a manifest share most of their path. */
static size_t common_prefix(struct ps_span a, struct ps_span b)
{
    size_t len = a.len < b.len ? a.len : b.len, at = 0;
    while (at < len && a.data[at] == b.data[at])
        at++;
    for (size_t back = 1; back <= 2 && back <= at; back++)
        if (a.data[at - back] == '=')
            return at - back;
    return at;
}

/* What the order goes by: a name that ends comes first, then one that goes on with a slash, then other bytes. */
enum { ENDED = -2, SLASH = -1 };

static int next_rank(struct ps_cursor *c)
{
    uint8_t byte;
    if (!next_alias(c, &byte))
        return ENDED;
    return byte == '/' ? SLASH : byte;
}

/* The ranks at the first difference; ENDED twice when there is none. */
static void compare(struct ps_span a, struct ps_span b, int *rank_a, int *rank_b)
{
    size_t same = common_prefix(a, b);
    struct ps_cursor at_a = {.in = a, .at = same};
    struct ps_cursor at_b = {.in = b, .at = same};
    do {
        *rank_a = next_rank(&at_a);
        *rank_b = next_rank(&at_b);
    } while (*rank_a == *rank_b && *rank_a != ENDED);
}

int ps_member_alias_order(struct ps_span a, struct ps_span b)
{
    int rank_a, rank_b;
    compare(a, b, &rank_a, &rank_b);
    return (rank_a > rank_b) - (rank_a < rank_b);
}

bool ps_member_clash(struct ps_span a, struct ps_span b)
{
    int rank_a, rank_b;
    compare(a, b, &rank_a, &rank_b);
    return rank_a == ENDED && (rank_b == ENDED || rank_b == SLASH);
}

static bool take_number(struct ps_cursor *c, size_t digits, int64_t *out)
{
    struct ps_span text;
    uint64_t value;
    if (!ps_take_bytes(c, digits, &text))
        return false;
    struct ps_cursor number = ps_cursor_over(text);
    if (!ps_take_u64(&number, &value) || !ps_cursor_done(&number))
        return false;
    *out = (int64_t) value;
    return true;
}

/* Days since the epoch. Years begin in March, so that the leap day ends one. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    if (month <= 2) {
        year--;
        month += 12;
    }
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

bool ps_bundle_id_read(struct ps_span id, int64_t *epoch_s)
{
    struct ps_cursor c = ps_cursor_over(id);
    int64_t year, month, day, hour, minute, second;
    if (id.len != PS_BUNDLE_ID_LEN || !ps_take_text(&c, "procsnap-"))
        return false;

    struct ps_cursor time = c;
    if (!take_number(&c, 4, &year) || !take_number(&c, 2, &month) || !take_number(&c, 2, &day) ||
        !ps_take_byte(&c, 't') || !take_number(&c, 2, &hour) || !take_number(&c, 2, &minute) ||
        !take_number(&c, 2, &second) || !ps_take_text(&c, "z-") || year < 1970 || month < 1 || month > 12)
        return false;
    for (struct ps_cursor tail = c; !ps_cursor_done(&tail);) {
        uint8_t digit;
        if (!ps_take_any(&tail, &digit) || digit == '\0' || strchr("0123456789abcdef", digit) == NULL)
            return false;
    }

    /* February 30 and 24:61 do not come back as they were written. */
    int64_t seconds = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    char again[PS_TIMESTAMP_SIZE];
    ps_timestamp_compact(seconds * 1000000, again);
    if (!ps_span_starts(ps_cursor_rest(&time), again))
        return false;
    *epoch_s = seconds;
    return true;
}
