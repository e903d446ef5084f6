/* SPDX-License-Identifier: Apache-2.0
 *
 * Contents of files, as parts of other views.
 */
#ifndef PS_SHOW_CONTENT_H
#define PS_SHOW_CONTENT_H

#include "analysis/snapshot.h"
#include "formats/json.h"

/* Its hash, and where its content lies or why it does not: up to two lines, indented. */
void ps_show_add_content(const struct ps_content_row *content, size_t indent, struct ps_buffer *out);
/* Two sections: what is kept, what changed. Nothing where there is none. */
void ps_show_contents(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* One object a line. */
void ps_show_contents_json(const struct ps_snapshot *s, struct ps_buffer *out);

#endif
