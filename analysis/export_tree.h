/* SPDX-License-Identifier: Apache-2.0
 *
 * The only code that writes the tree of export_procfs.c: each call makes something new below a directory, or nothing.
 */
#ifndef PS_EXPORT_TREE_H
#define PS_EXPORT_TREE_H

#include "formats/records.h"

/* Where an entry belongs, below its process or below proc: at most three directories and a name. */
struct ps_export_name {
    char path[288];
    bool link;
    bool goes_on; /* a later part of a file that is there */
};

/* False for what has no place: a row that this version does not know, or a name that is none in that directory. */
PS_MUST_CHECK bool ps_export_name_of(const struct ps_entry *entry, struct ps_export_name *out);

/* The directory, made 0700 where it is not there, opened; never a link. -1 with errno. */
int ps_export_directory(int below, const char *name);

enum ps_export_made { PS_EXPORT_MADE, PS_EXPORT_PASSED_OVER, PS_EXPORT_FAILED /* errno */ };
/* Makes the directories of the path alone. False with errno. */
PS_MUST_CHECK bool ps_export_parents(int below, const struct ps_export_name *name);
/* 0600. What is there already is never touched, but by its later parts. */
enum ps_export_made ps_export_file(int below, const struct ps_export_name *name, struct ps_span bytes);
/* The target as it was captured, wherever it leads. */
enum ps_export_made ps_export_link(int below, const struct ps_export_name *name, struct ps_span target);

#endif
