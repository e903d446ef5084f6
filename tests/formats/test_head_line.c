/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/head_line.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/formats/golden_key.h"

#define ID    "procsnap-20261122t001500z-0123abcd"
#define ROOT  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define FIRST "EVIDENCE v1 bundle=" ID " seq=0 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-\n"
#define LATER                                                                                                          \
    "EVIDENCE v1 bundle=" ID " seq=18446744073709551615 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=" ROOT "\n"

Test(head_line, there_and_back)
{
    static const char *const lines[] = {FIRST, LATER};
    for (size_t i = 0; i < 2; i++) {
        struct ps_head head;
        struct ps_buffer again = {0};
        cr_assert(ps_head_line_read(ps_span_text(lines[i]), &head));
        cr_assert_str_eq(head.bundle, ID);
        cr_assert_eq(head.seq, i == 0 ? 0 : UINT64_MAX);
        cr_assert_eq(head.root[31], 0x1f);
        cr_assert_eq(head.has_prev, i == 1);
        ps_head_line_write(&head, &again);
        cr_assert(ps_span_is(ps_buffer_span(&again), lines[i]));
        cr_assert(ps_head_line_read(ps_span_of(lines[i], strlen(lines[i]) - 1), &head), "without its newline");
        ps_buffer_done(&again);
    }
}

Test(head_line, cut_short_or_changed)
{
    struct ps_head head = {.seq = 77};
    char line[400];
    size_t len = strlen(FIRST) - 1;
    for (size_t cut = 0; cut < len; cut++)
        cr_assert(!ps_head_line_read(ps_span_of(FIRST, cut), &head), "%zu", cut);
    for (size_t at = 0; at < len; at++) {
        memcpy(line, FIRST, sizeof FIRST);
        line[at] = ' ' == line[at] ? '\t' : ' ';
        cr_assert(!ps_head_line_read(ps_span_text(line), &head), "%s", line);
    }
    cr_assert_eq(head.seq, 77, "untouched");
}

Test(head_line, other_spellings)
{
    static const char *const lines[] = {
        FIRST "\n",
        FIRST "x",
        " " FIRST,
        "EVIDENCE v2 bundle=" ID " seq=0 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-\n",
        "EVIDENCE v1 bundle=" ID "0 seq=0 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-\n",
        "EVIDENCE v1 bundle=procsnap-20260230t001500z-0123abcd seq=0 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-\n",
        "EVIDENCE v1 bundle=" ID " seq=00 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-\n",
        "EVIDENCE v1 bundle=" ID " seq=-1 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-\n",
        "EVIDENCE v1 bundle=" ID " seq=18446744073709551616 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-\n",
        "EVIDENCE v1 bundle=" ID " seq=0 root=" ROOT "00 pk=" GOLDEN_PUBLIC_LINE " prev=-\n",
        "EVIDENCE v1 bundle=" ID " seq=0 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=\n",
        "EVIDENCE v1 bundle=" ID " seq=0 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-" ROOT "\n",
        "EVIDENCE v1 bundle=" ID " seq=0 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=- x=1\n",
        "EVIDENCE v1 seq=0 bundle=" ID " root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-\n",
        "EVIDENCE v1 bundle=" ID " seq=0 root=" ROOT " pk=" GOLDEN_PUBLIC_LINE " prev=-\r\n",
    };
    struct ps_head head;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_assert(!ps_head_line_read(ps_span_text(lines[i]), &head), "%s", lines[i]);
}
