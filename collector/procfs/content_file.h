/* SPDX-License-Identifier: Apache-2.0
 *
 * The content of one file of a process: found as a place in the file system (O_PATH, which opens nothing), looked at,
 * and only when it is a regular file opened through our own /proc/self/fd and read, once to be hashed and once more to
 * be kept.
 */
#ifndef PS_CONTENT_FILE_H
#define PS_CONTENT_FILE_H

#include "collector/procfs/capture.h"

enum ps_keep { PS_KEEP_HASH, PS_KEEP_CONTENT, PS_KEEP_PROGRAM /* content when it is an ELF file */ };

struct ps_content_file {
    uint16_t row;
    uint32_t item;       /* 1 + index in the list of what is wanted; 0: not from there */
    const char *entry;   /* "3" of "fd/3"; "" */
    struct ps_span path; /* what the file is called; for root/{} its path in that root */
    int fd;              /* O_PATH; -1: `error` says why there is none */
    int error;
    struct statx x;
    enum ps_keep keep;
    uint64_t cap;        /* bytes to be read at most; 0: the general limit */
    bool drift;          /* its bytes count against those of changed files too */
};

/* Follows a link of the process (exe, fd/3) to its file, as whoever may; -1 with *error. */
int ps_content_open_link(struct ps_target *t, const char *path, int *error);
/* What the kernel knows of that place: asks no server. */
bool ps_content_look(struct ps_target *t, int fd, struct statx *out);
/* One capture, from its beginning to its end. A file that was read before is `shared`. */
void ps_content_send(struct ps_target *t, const struct ps_content_file *file);
/* The time for content is over, or the run is. */
bool ps_content_over(const struct ps_reader_state *r);

#endif
