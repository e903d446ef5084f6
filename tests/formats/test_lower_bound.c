/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/lower_bound.h"

#include <criterion/criterion.h>

static int by_value(const void *left, const void *right)
{
    const int *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Each value in arrays of each length, with one, two and three of a kind, and values between them. */
Test(lower_bound, is_the_first_that_does_not_come_before)
{
    for (int count = 0; count <= 20; count++) {
        for (int of_a_kind = 1; of_a_kind <= 3; of_a_kind++) {
            int rows[20];
            for (int i = 0; i < count; i++)
                rows[i] = i / of_a_kind * 2;
            for (int wanted = -1; wanted <= 2 * count + 1; wanted++) {
                size_t first = 0;
                while (first < (size_t) count && rows[first] < wanted)
                    first++;
                cr_expect_eq(ps_lower_bound(&wanted, rows, (size_t) count, sizeof rows[0], by_value), first);
            }
        }
    }
}

Test(lower_bound, no_rows_have_no_address)
{
    int wanted = 1;
    cr_expect_eq(ps_lower_bound(&wanted, NULL, 0, sizeof wanted, by_value), 0);
}
