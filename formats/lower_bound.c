/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/lower_bound.h"

size_t ps_lower_bound(const void *wanted, const void *rows, size_t count, size_t size,
                      int (*order)(const void *, const void *))
{
    const char *first = rows;
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order(first + middle * size, wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
