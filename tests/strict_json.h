/* SPDX-License-Identifier: Apache-2.0
 *
 * A judge of JSON that is stricter than any reader: one object a line, strict UTF-8, no control byte, no fraction or
 * exponent, no number beyond 2^53. It shares no code with the writer.
 */
#ifndef PS_TESTS_STRICT_JSON_H
#define PS_TESTS_STRICT_JSON_H

#include "parsers/cursor.h"

bool ps_strict_json_lines(struct ps_span lines);

#endif
