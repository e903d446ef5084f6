/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the view of one process (show_process*.c) share, and nobody else sees.
 */
#ifndef PS_SHOW_PROCESS_H
#define PS_SHOW_PROCESS_H

#include "analysis/load.h"
#include "analysis/socket_index.h"

/* What is asked for once for each life of the pid. */
struct ps_life_indexes {
    struct ps_life_index children;    /* by the row of the parent: rows of processes */
    struct ps_life_index executables; /* by exe_id: rows of contents */
    struct ps_life_index unread;      /* lives of which descriptors could not be read: rows of gaps */
    struct ps_life_index owners;      /* by life: rows of owners */
};

/* The records of one life, as they stand in the bundle, those of a kind together. */
struct ps_life {
    const struct ps_snapshot *s;
    const struct ps_process_row *row; /* or NULL: nothing but gaps or changes is known */
    const struct ps_kept_record *records;
    size_t count, columns;
    const struct ps_socket_index *sockets;
    const struct ps_life_indexes *indexes;
    struct ps_loader *l; /* reads fields; its pool lives as long as the view */
};

enum { PS_LIFE_INDENT = 13 };

/* "name         ", before the text of a line. */
void ps_life_label(struct ps_buffer *out, const char *text);
/* Identity, origin, ids, program, arguments, place: from the process record. */
void ps_life_add_identity(const struct ps_life *life, const cJSON *record, struct ps_buffer *out);
/* One line for each thread; nothing when the process had one, which is itself. */
void ps_life_add_threads(const struct ps_life *life, struct ps_buffer *out);
/* Descriptors and sockets, environment, changes, gaps: from the other records. */
void ps_life_add_holds(const struct ps_life *life, struct ps_buffer *out);
/* How many records of a kind there are. */
size_t ps_life_count(const struct ps_life *life, const char *kind);
/* Calls `each` with every record of a kind; lines that are no JSON are passed over. */
void ps_life_each(const struct ps_life *life, const char *kind,
                  void (*each)(const struct ps_life *life, const cJSON *record, struct ps_buffer *out),
                  struct ps_buffer *out);

#endif
