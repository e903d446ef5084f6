/* SPDX-License-Identifier: Apache-2.0
 *
 * What `verify` says, as text or as JSON. Text only; the command prints it.
 */
#ifndef PS_VERIFY_TEXT_H
#define PS_VERIFY_TEXT_H

#include "formats/verify.h"

/* "OK  procsnap-...", without newline: also the first line of `show`. */
void ps_verify_first_line(const struct ps_verify_report *r, struct ps_buffer *out);
/* Everything. `name`: the bundle as the command line called it. */
void ps_verify_text(const struct ps_verify_report *r, const char *name, struct ps_buffer *out);
/* One line. */
void ps_verify_json(const struct ps_verify_report *r, struct ps_buffer *out);

#endif
