/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "collector/own_secrets.h"

static const char key[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"; /* AWS's own example */

static struct ps_own_secrets with(const char *text)
{
    struct ps_own_secrets s = {0};
    cr_assert(ps_own_secrets_add(&s, ps_span_text(text)));
    return s;
}

Test(own_secrets, are_found_at_every_place)
{
    struct ps_own_secrets s = with(key);
    for (size_t at = 0; at <= 300 - (sizeof key - 1); at++) {
        uint8_t text[300], expected[300];
        memset(text, 'w', sizeof text);
        memcpy(expected, text, sizeof text);
        memcpy(text + at, key, sizeof key - 1);
        memset(expected + at, '*', sizeof key - 1);
        cr_expect(ps_own_secrets_in(&s, ps_span_of(text, sizeof text)));
        cr_expect(eq(sz, ps_own_secrets_mask(&s, text, sizeof text), sizeof key - 1));
        cr_expect(memcmp(text, expected, sizeof text) == 0, "at %zu", at);
        cr_expect(not(ps_own_secrets_in(&s, ps_span_of(text, sizeof text))));
    }
}

Test(own_secrets, one_behind_the_other_and_cut_off)
{
    struct ps_own_secrets s = with("sixteen bytes ..");
    char text[] = "sixteen bytes ..sixteen bytes ..sixteen bytes .";
    cr_expect(eq(sz, ps_own_secrets_mask(&s, (uint8_t *) text, sizeof text - 1), 32));
    cr_expect(eq(str, text, "********************************sixteen bytes ."));
}

Test(own_secrets, what_is_short_is_none_and_none_is_found_nowhere)
{
    struct ps_own_secrets none = {0}, s = with("fifteen bytes .");
    char text[] = "fifteen bytes . and more than that";
    cr_expect(ps_own_secrets_none(&s));
    cr_expect(ps_own_secrets_none(NULL));
    cr_expect(not(ps_own_secrets_in(&s, ps_span_text(text))));
    cr_expect(not(ps_own_secrets_in(&none, ps_span_text(text))));
    cr_expect(eq(sz, ps_own_secrets_mask(NULL, (uint8_t *) text, sizeof text - 1), 0));
    s = with(key);
    cr_expect(not(ps_own_secrets_in(&s, ps_span_of(NULL, 0))));
}

Test(own_secrets, a_part_of_a_long_one_is_found)
{
    char token[1501] = "";
    for (size_t i = 0; i < 150; i++)
        snprintf(token + 10 * i, 11, "%010zu", i * 7919 % 100003);
    struct ps_own_secrets s = with(token);
    char part[400];
    snprintf(part, sizeof part, "x%.300s", token + 600);
    size_t masked = ps_own_secrets_mask(&s, (uint8_t *) part, strlen(part));
    cr_expect(masked >= 300 - 2 * PS_OWN_SECRET_PIECE, "%zu", masked);
    cr_expect(eq(sz, ps_own_secrets_mask(&s, (uint8_t *) token, 1500), 1500));
}

Test(own_secrets, of_one_within_another_nothing_is_left)
{
    struct ps_own_secrets s = with("QFEMI/K7MDENG/bPx");
    cr_assert(ps_own_secrets_add(&s, ps_span_text("aVeryLongKey/QFEMI/K7MDENG/bPx/AndItsEnd")));
    char text[] = "[aVeryLongKey/QFEMI/K7MDENG/bPx/AndItsEnd]";
    ps_own_secrets_mask(&s, (uint8_t *) text, sizeof text - 1);
    cr_expect(eq(str, text, "[****************************************]"));
}

Test(own_secrets, more_than_there_is_room_for_are_refused)
{
    static const char long_one[PS_OWN_SECRET_PIECES * PS_OWN_SECRET_PIECE + 1] = {1};
    struct ps_own_secrets s = {0};
    cr_expect(not(ps_own_secrets_add(&s, ps_span_of(long_one, sizeof long_one))));
    cr_expect(ps_own_secrets_add(&s, ps_span_of(long_one, sizeof long_one - 1)));
    cr_expect(not(ps_own_secrets_add(&s, ps_span_text(key))));
}
