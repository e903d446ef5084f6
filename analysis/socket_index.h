/* SPDX-License-Identifier: Apache-2.0
 *
 * The sockets of a snapshot, found by inode or by their ends. n log n to make, log n to ask, whatever the bundle says.
 */
#ifndef PS_SOCKET_INDEX_H
#define PS_SOCKET_INDEX_H

#include "analysis/snapshot.h"

/* Zero-initialised is empty and valid. */
struct ps_socket_index {
    const struct ps_socket_row **by_inode, **by_ends; /* owned; rows are borrowed */
    size_t count;
};

/* Marks the rows of sockets that stand in an earlier row already. False when memory is out. */
PS_MUST_CHECK bool ps_sockets_mark(struct ps_snapshot *s);
/* False when memory is out; ps_socket_index_done in any case. */
PS_MUST_CHECK bool ps_socket_index_make(const struct ps_snapshot *s, struct ps_socket_index *out);
/* NULL when there is none. */
const struct ps_socket_row *ps_socket_by_inode(const struct ps_socket_index *index, uint64_t inode);
/* The other end of a connection, when it is in the same snapshot: the same transport, the ends the other way round. */
const struct ps_socket_row *ps_socket_peer(const struct ps_socket_index *index, const struct ps_socket_row *row);
void ps_socket_index_done(struct ps_socket_index *index);

#endif
