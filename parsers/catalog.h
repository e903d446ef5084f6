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
    PS_PER_THREAD,  /* <procfs>/<pid>/<path>, {} being each thread of a process that has more than one */
    PS_PER_FACT,    /* no file below /proc: what was asked or measured otherwise; stored as data/<path> */
    PS_PER_CONTENT, /* not of /proc: the content of a file that a process runs, holds, maps or names; its drift list */
};

/* Each profile holds all rows of the ones before it. */
enum ps_profile { PS_CARD, PS_STANDARD, PS_DEEP };

/* Quiet files cannot block. Memory files take the target's mmap lock, which a hostile process can hold for ever. The
 * prober asks whoever answers over a socket, for 2 seconds at most. */
enum ps_reader { PS_QUIET, PS_MEMORY, PS_PROBER };
enum { PS_READERS = 3 };

/* "quiet", "memory", "prober": static text. */
const char *ps_reader_name(enum ps_reader reader);
PS_MUST_CHECK bool ps_reader_named(struct ps_span name, enum ps_reader *out);

struct ps_row {
    const struct ps_parser *parser;
    const char *path; /* "stat", "fd/{}", "task/{}/stat": {} is any entry of the directory */
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
/* True for "fd/{}" and "task/{}/stat": the row stands for every entry of a directory. */
bool ps_row_is_family(const struct ps_row *row);
/* What stands before the {} of a family ("task/"), and behind it ("/stat"). */
struct ps_span ps_row_before(const struct ps_row *row);
struct ps_span ps_row_behind(const struct ps_row *row);
/* The entry in the whole name of a file of that family: "12" of "task/12/stat". False when the name is none of it. */
PS_MUST_CHECK bool ps_row_entry(const struct ps_row *row, struct ps_span name, struct ps_span *entry);

#endif
