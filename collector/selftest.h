/* SPDX-License-Identifier: Apache-2.0
 *
 * Known answers: does this executable, on this CPU, hash, sign, compress and parse as it was built to? Runs before
 * every collection (about a millisecond) and as `procsnap selftest`. Opens and writes nothing.
 */
#ifndef PS_SELFTEST_H
#define PS_SELFTEST_H

#include "formats/error.h"

/* False with *err naming the first test that gave another answer: nothing that this executable says can be trusted; or
 * the one that memory did not suffice for, which says nothing about the executable. */
PS_MUST_CHECK bool ps_selftest(struct ps_error *err);

/* The same one by one, for people: NULL behind the last. */
const char *ps_selftest_name(size_t index);
enum ps_selftest_answer { PS_SELFTEST_RIGHT, PS_SELFTEST_WRONG, PS_SELFTEST_NO_MEMORY };
PS_MUST_CHECK enum ps_selftest_answer ps_selftest_run(size_t index);

#endif
