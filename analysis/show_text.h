/* SPDX-License-Identifier: Apache-2.0
 *
 * What several views say alike: times, processes, the ends of a connection. Text of the evidence is escaped here.
 */
#ifndef PS_SHOW_TEXT_H
#define PS_SHOW_TEXT_H

#include "analysis/snapshot.h"
#include "formats/json.h"

/* Time since boot, to the hundredth that the kernel's clock ticks have: "3d 04:12:09.33". */
void ps_show_add_start(struct ps_buffer *out, uint64_t us);
/* How old it was at the snapshot: "1 h 23 min". */
void ps_show_add_age(const struct ps_snapshot *s, struct ps_buffer *out, uint64_t start_us);
/* The arguments; in their place, in brackets, what else is known of the program. */
void ps_show_add_command(struct ps_buffer *out, const struct ps_process_row *p, size_t columns);
/* "4711 nginx"; the name is `?` when the life is not in view. An empty entity_id finds the pid alone. */
void ps_show_add_process(const struct ps_snapshot *s, uint32_t pid, struct ps_span entity_id, struct ps_buffer *out);
/* As people write it: "127.0.0.1:80", "[::1]:80"; port 0 is `*`. */
void ps_show_add_endpoint(struct ps_buffer *out, struct ps_span address, uint64_t port);
/* The local end: an endpoint, the path of a unix socket, "all frames, every interface" of a packet socket. */
void ps_show_add_local(const struct ps_socket_row *r, struct ps_buffer *out);
/* The kernel says CLOSE of every UDP socket that is not connected, and nothing of a unix socket that listens; people
 * say UNCONN and LISTEN, as ss does. */
struct ps_span ps_show_socket_state(const struct ps_socket_row *r);
/* "101 nginx fd 6, 102 nginx fd 6", or why there is none. */
void ps_show_add_owners(const struct ps_snapshot *s, const struct ps_socket_row *row, struct ps_buffer *out);
/* The same row as an object; `peer`, or NULL, is its other end. */
void ps_show_socket_json(const struct ps_snapshot *s, const struct ps_socket_row *row, const struct ps_socket_row *peer,
                         struct ps_json *j);
/* The name of a file as people write it: "fd/{}" is fd/ and a star. */
void ps_show_add_file(struct ps_buffer *out, struct ps_span name);
/* "r", "w", "rw"; `-` for a descriptor that was opened for its path alone, `?` when not known. */
const char *ps_show_access(bool known, uint64_t flags);
/* Our own words from the column `indent` on, broken at blanks to fit, and a newline. */
void ps_show_add_prose(struct ps_buffer *out, const char *text, size_t indent, size_t columns);
/* "  <ended while read>", and what else a table says behind a process. */
void ps_show_add_marks(const struct ps_snapshot *s, const struct ps_process_row *p, struct ps_buffer *out);
/* The gap says that descriptors could not be read. */
bool ps_show_lacks_descriptors(const struct ps_gap_row *gap);
/* "Not all descriptors of 28 processes could be read: ...", when there are such. Needs the table of gaps. */
void ps_show_add_unread(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
/* By bytes: below 0, 0, above 0. */
int ps_show_order(struct ps_span a, struct ps_span b);

#endif
