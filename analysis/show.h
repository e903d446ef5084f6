/* SPDX-License-Identifier: Apache-2.0
 *
 * The views of `procsnap show`: tables in, text out. They print nothing; every text of the evidence is escaped here.
 * `columns` is the width to fit into. The JSON forms are one object, or one object a line.
 */
#ifndef PS_SHOW_H
#define PS_SHOW_H

#include "analysis/snapshot.h"
#include "formats/json.h"

/* Of a bundle without its seal, a few lines that say what the views are made from; else nothing. */
void ps_show_note(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* One screen: where, when, with which rights, what is there, what is missing. */
void ps_show_summary(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
void ps_show_summary_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* Of the summary: the platform, the task, and how many processes each container has, in two or three lines; `label` is
 * the width of what stands before them. */
void ps_show_add_place(const struct ps_snapshot *s, size_t columns, int label, struct ps_buffer *out);
void ps_show_place_json(const struct ps_snapshot *s, struct ps_json *j);
/* Every process, by pid. */
void ps_show_processes(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
void ps_show_processes_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* The same, each below the life that started it. */
void ps_show_tree(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
void ps_show_tree_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* Everything of wants.pid, life by life; nothing at all when the bundle does not know that pid. */
void ps_show_process(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
void ps_show_process_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* Every socket, with its owners. */
void ps_show_sockets(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
void ps_show_sockets_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* Every path that is open, with the processes that hold it. */
void ps_show_files(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
void ps_show_files_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* What was not seen, of whom, why, and what would change it. */
void ps_show_gaps(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
void ps_show_gaps_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);

#endif
