/* SPDX-License-Identifier: Apache-2.0
 *
 * Is a text JSON as docs/BUNDLE.md section 1 allows it? Asked before any JSON library sees the text, since such
 * libraries disagree about exactly these cases: UTF-8 only, no NUL and no lone surrogate however it is written, no key
 * twice in an object, integers from -2^53 to 2^53 alone (no fraction, no exponent, no -0), nesting of at most 16,
 * nothing before or behind the one value but blanks.
 */
#ifndef PS_JSON_CHECK_H
#define PS_JSON_CHECK_H

#include "parsers/cursor.h"

enum { PS_JSON_DEPTH = 16, PS_JSON_LINE_MAX = 1 << 20, PS_JSON_DOCUMENT_MAX = 1 << 20 };

/* Memory that is used again from text to text. Zero-initialised is empty and valid. */
struct ps_json_check {
    struct ps_span *keys; /* of all objects that are open */
    size_t count, room;
    bool fractions; /* the text is somebody else's: numbers may have a fraction and an exponent */
};

struct ps_json_flaw {
    const char *why; /* static text, a clause */
    size_t at;       /* byte offset */
};

/* The one flaw that is ours and not the text's: compare the pointer. */
extern const char ps_no_memory[];

/* False with *flaw filled in; out of memory is a flaw as well (ps_no_memory). Time is n log n in the length of the
 * text, whatever the text. */
PS_MUST_CHECK bool ps_json_check(struct ps_json_check *check, struct ps_span text, struct ps_json_flaw *flaw);
void ps_json_check_done(struct ps_json_check *check);

#endif
