/* SPDX-License-Identifier: Apache-2.0
 *
 * What record_diag.c, which keeps the kernel's answers, and record_diag_compare.c, which holds rows of /proc against
 * them, both need.
 */
#ifndef PS_RECORD_DIAG_H
#define PS_RECORD_DIAG_H

#include "formats/records_state.h"

/* Index of that table in records.diag; those before it are of inet sockets. */
enum { PS_DIAG_UNIX = 4 };

/* The table that "net_tcp", "sock_diag_tcp" and the like are of; PS_SOCKET_TABLES: none. */
size_t ps_diag_table_of(const char *kind);

/* Of what both sources tell of a socket. */
uint64_t ps_diag_inet_key(const uint8_t *local, uint64_t local_port, const uint8_t *remote, uint64_t remote_port,
                          uint64_t inode);
uint64_t ps_diag_unix_key(uint64_t inode, const char *type, uint64_t type_code);

/* Order of struct ps_diag_ref, for qsort. */
int ps_diag_by_key(const void *left, const void *right);
int ps_diag_by_place(const void *left, const void *right);

/* One more element of an array that grows: the array, or NULL when memory is out. */
void *ps_diag_one_more(void *list, size_t count, size_t *room, size_t size);

/* The next row. What is none was told of when the answer was indexed, or will be when the table comes out. */
bool ps_diag_next_row(const struct ps_row *row, struct ps_cursor *in, union ps_any_record *record);
/* A message again; *end: where the next one begins. */
bool ps_diag_read(const struct ps_diag_table *t, size_t at, union ps_any_record *record, size_t *end);

#endif
