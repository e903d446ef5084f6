/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/head_log.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/formats/golden_key.h"

#define ID_A "procsnap-20261122t001500z-0123abcd"
#define ID_B "procsnap-20261122t003000z-89abcdef"
#define ROOT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ROOT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD_A "EVIDENCE v1 bundle=" ID_A " seq=0 root=" ROOT_A " pk=" GOLDEN_PUBLIC_LINE " prev=-"
#define HEAD_B "EVIDENCE v1 bundle=" ID_B " seq=1 root=" ROOT_B " pk=" GOLDEN_PUBLIC_LINE " prev=" ROOT_A

/* The text in pieces of `step` bytes. */
struct source {
    const char *text;
    size_t len, at, step;
};

static bool take(void *context, void *out, size_t room, size_t *got, struct ps_error *err)
{
    struct source *s = context;
    (void) err;
    *got = s->len - s->at;
    *got = *got < s->step ? *got : s->step;
    *got = *got < room ? *got : room;
    memcpy(out, s->text + s->at, *got);
    s->at += *got;
    return true;
}

static struct ps_head_log log_of(const char *text, size_t len, size_t step)
{
    struct source s = {.text = text, .len = len, .step = step};
    struct ps_head_log log = {0};
    struct ps_error err;
    cr_assert(ps_head_log_read(take, &s, &log, &err), "%s", err.text);
    return log;
}

static void expect(const char *text, size_t heads, uint64_t flawed)
{
    for (size_t step = 1; step < 600; step += 61) {
        struct ps_head_log log = log_of(text, strlen(text), step);
        cr_assert_eq(log.count, heads, "%zu heads in %s", log.count, text);
        cr_assert_eq(log.flawed, flawed, "%lu flawed in %s", (unsigned long) log.flawed, text);
        ps_head_log_done(&log);
    }
}

Test(head_log, finds_heads_in_what_logs_make_of_lines)
{
    expect("", 0, 0);
    expect(HEAD_A, 1, 0);
    expect(HEAD_A "\r\n" HEAD_B "\r\n", 2, 0);
    expect("2026-11-22T00:15:03.123Z stdout F " HEAD_A "\n", 1, 0);
    expect("{\"timestamp\":1763770503123,\"message\":\"" HEAD_A "\\n\",\"ingestionTime\":1}\n", 1, 0);
    expect("\"" HEAD_B "\",x\x1b[0m" HEAD_A "\x1b[0m\n\xff\xfe\n", 2, 0);
    expect(HEAD_A "\n" HEAD_B "\n" HEAD_A "\n", 2, 0);
    expect("EVIDENCE EVIDENCE v1 bundle EVIDENCE v1 " HEAD_A, 1, 0);
}

Test(head_log, tells_what_only_begins_like_a_head_line)
{
    expect(HEAD_B "0\n", 0, 1);
    expect("EVIDENCE v1 bundle=" HEAD_A, 1, 1);
    expect("EVIDENCE v1 bundle=" ID_A " seq=0 root=" ROOT_A "\n" HEAD_B, 1, 1);
    struct ps_head_log log = log_of("\n\nEVIDENCE v1 bundle=\n", 22, 7);
    cr_assert_eq(log.flawed_at, 3);
    ps_head_log_done(&log);
}

Test(head_log, a_head_across_any_border_is_found)
{
    enum { LEN = 200 << 10 };
    char *text = malloc(LEN);
    static const char head[] = HEAD_B;
    for (size_t at = (64 << 10) - 700; at < (64 << 10) + 100; at += 37) {
        memset(text, 'E', LEN);
        memcpy(text + at, head, sizeof head - 1);
        text[at + sizeof head - 1] = '\n';
        struct ps_head_log log = log_of(text, LEN, LEN);
        cr_assert_eq(log.count, 1, "%zu", at);
        ps_head_log_done(&log);
    }
    free(text);
}

Test(head_log, tells_what_contradicts_itself)
{
    static const char text[] = HEAD_A "\nEVIDENCE v1 bundle=" ID_A " seq=0 root=" ROOT_B " pk=" GOLDEN_PUBLIC_LINE
                                      " prev=-\n" HEAD_B "\n";
    struct ps_head_log log = log_of(text, sizeof text - 1, 1000);
    size_t count;
    const struct ps_head *a = ps_head_log_find(&log, ID_A, &count);
    cr_assert(a != NULL && count == 2);
    cr_assert(!ps_head_equal(&a[0], &a[1]));
    const struct ps_head *b = ps_head_log_find(&log, ID_B, &count);
    cr_assert(b != NULL && count == 1 && b->seq == 1 && b->has_prev);
    cr_assert(ps_head_log_find(&log, "procsnap-20261122t003000z-89abcdee", &count) == NULL && count == 0);
    cr_assert(ps_head_log_find(&log, "procsnap-20261122t003000z-89abcdff", &count) == NULL);
    ps_head_log_done(&log);
}
