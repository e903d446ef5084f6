/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of everything procsnap reads. A row says which file it is, who reads it, from which profile on, how much
 * of it at most, and which parser understands it. The collector, the records, the vector test, the fuzz target,
 * `procsnap parse --list` and the table in the README all run off it.
 */
#ifndef PS_CATALOG_H
#define PS_CATALOG_H

#include "parsers/parser.h"

enum ps_source {
    PS_READ,     /* the bytes of a file */
    PS_READLINK, /* the target of a symbolic link */
};

enum ps_scope {
    PS_PER_HOST,    /* once: <procfs>/<path> */
    PS_PER_PROCESS, /* <procfs>/<pid>/<path> */
    PS_PER_NETNS,   /* <procfs>/<pid>/<path>, once for each network namespace */
    PS_PER_MNTNS,   /* <procfs>/<pid>/<path>, once for each (mount namespace, root directory) */
    PS_PER_CONTENT, /* not of /proc: the content of a file that a process runs, holds, maps or names; its drift list */
};

/* Each profile holds all rows of the ones before it. */
enum ps_profile { PS_CARD, PS_STANDARD, PS_DEEP };

/* Quiet files cannot block. Memory files take the target's mmap lock, which a hostile process can hold for ever. */
enum ps_reader { PS_QUIET, PS_MEMORY };

struct ps_row {
    const struct ps_parser *parser;
    const char *path; /* "stat", "fd/{}": {} is any entry of the directory */
    enum ps_source source;
    enum ps_scope scope;
    enum ps_profile profile;
    enum ps_reader reader;
    bool secret;      /* redacted between capture and storing unless the values are asked for */
    bool at_once;     /* printed whole by the first read (seq_file single_open): a short read is the end */
    const char *tells; /* a few words for `parse --list` and the README */
};

extern const struct ps_row ps_catalog[];
extern const size_t ps_catalog_count;

/* NULL when no row has that kind (or that path). */
const struct ps_row *ps_catalog_kind(struct ps_span kind);
const struct ps_row *ps_catalog_path(struct ps_span path, enum ps_scope scope);
/* True for "fd/{}" and its like: the row stands for every entry of a directory. */
bool ps_row_is_family(const struct ps_row *row);

#endif
