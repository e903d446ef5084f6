/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/head_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No head line is longer than OVERLAP: what begins before the last OVERLAP bytes of a window is there whole. */
enum { WINDOW = 64 << 10, OVERLAP = 512 };

static bool add(struct ps_head_log *log, const struct ps_head *head, struct ps_error *err)
{
    if (log->count > 0 && ps_head_equal(&log->heads[log->count - 1], head))
        return true;
    if (log->count == PS_HEADS_MAX)
        return ps_fail(err, 0, "more than %d head lines; give the lines of one series", PS_HEADS_MAX);
    if (log->count == log->room) {
        size_t room = log->room == 0 ? 64 : 2 * log->room;
        struct ps_head *heads = realloc(log->heads, room * sizeof *heads);
        if (heads == NULL)
            return ps_fail(err, ENOMEM, "no memory for the head lines");
        log->heads = heads;
        log->room = room;
    }
    log->heads[log->count++] = *head;
    return true;
}

/* What may stand behind a head line; a further digit or letter says that it is another line. */
static bool is_end(const struct ps_cursor *c)
{
    uint8_t byte = 0;
    if (!ps_peek_byte(c, &byte))
        return true;
    return !((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'));
}

/* Everything that begins within the first `from` bytes of the window. */
static bool search(struct ps_head_log *log, struct ps_span window, size_t from, uint64_t *line, struct ps_error *err)
{
    static const char start[] = PS_HEAD_LINE_START;
    for (size_t at = 0; at < from; at++) {
        if (window.data[at] == '\n')
            ++*line;
        if (window.data[at] != start[0] || !ps_span_starts(ps_span_of(window.data + at, window.len - at), start))
            continue;
        struct ps_cursor c = ps_cursor_over(ps_span_of(window.data + at, window.len - at));
        struct ps_head head;
        if (ps_head_line_take(&c, &head) && is_end(&c)) {
            log->lines++;
            if (!add(log, &head, err))
                return false;
        } else if (log->flawed++ == 0) {
            log->flawed_at = *line;
        }
    }
    return true;
}

static bool read_windows(ps_input *input, void *context, uint8_t *window, struct ps_head_log *log, struct ps_error *err)
{
    size_t len = 0, got = 1;
    uint64_t line = 1;
    while (got > 0) {
        if (!input(context, window + len, WINDOW - len, &got, err))
            return false;
        len += got;
        bool more = got > 0;
        size_t from = more ? (len > OVERLAP ? len - OVERLAP : 0) : len;
        if (!search(log, ps_span_of(window, len), from, &line, err))
            return false;
        memmove(window, window + from, len - from);
        len -= from;
    }
    return true;
}

static int by_bundle(const void *a, const void *b)
{
    const struct ps_head *one = a, *other = b;
    int by = strcmp(one->bundle, other->bundle);
    if (by == 0)
        by = memcmp(one->root, other->root, sizeof one->root);
    if (by == 0)
        by = memcmp(&one->pk, &other->pk, sizeof one->pk);
    if (by == 0)
        by = (one->seq > other->seq) - (one->seq < other->seq);
    if (by == 0)
        by = one->has_prev - other->has_prev;
    return by != 0 ? by : memcmp(one->prev, other->prev, sizeof one->prev);
}

bool ps_head_equal(const struct ps_head *a, const struct ps_head *b)
{
    return by_bundle(a, b) == 0;
}

static void sort(struct ps_head_log *log)
{
    size_t kept = 0;
    if (log->count > 1)
        qsort(log->heads, log->count, sizeof *log->heads, by_bundle);
    for (size_t i = 0; i < log->count; i++)
        if (i == 0 || !ps_head_equal(&log->heads[i], &log->heads[kept - 1]))
            log->heads[kept++] = log->heads[i];
    log->count = kept;
}

bool ps_head_log_read(ps_input *input, void *context, struct ps_head_log *out, struct ps_error *err)
{
    struct ps_head_log log = {0};
    uint8_t *window = malloc(WINDOW);
    bool ok = window != NULL ? read_windows(input, context, window, &log, err)
                             : ps_fail(err, ENOMEM, "no memory for the head lines");
    free(window);
    if (ok) {
        sort(&log);
        log.matched = calloc(log.count + 1, sizeof *log.matched);
        ok = log.matched != NULL || ps_fail(err, ENOMEM, "no memory for the head lines");
    }
    if (ok)
        *out = log;
    else
        ps_head_log_done(&log);
    return ok;
}

const struct ps_head *ps_head_log_find(const struct ps_head_log *log, const char *bundle, size_t *count)
{
    size_t low = 0, high = log->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(log->heads[middle].bundle, bundle) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (*count = 0; low + *count < log->count && strcmp(log->heads[low + *count].bundle, bundle) == 0;)
        ++*count;
    return *count > 0 ? &log->heads[low] : NULL;
}

void ps_head_log_done(struct ps_head_log *log)
{
    free(log->heads);
    free(log->matched);
    *log = (struct ps_head_log){0};
}
