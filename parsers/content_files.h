/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_CONTENT_FILES_H
#define PS_CONTENT_FILES_H

#include "parsers/parser.h"

struct ps_content_files {
    uint64_t present;
    const char *type;                  /* "file", "dir", "symlink", "fifo", "socket", "char", "block" */
    uint64_t mode, uid, gid, size;
    uint64_t major, minor, inode, nlink;
    int64_t mtime_ns, ctime_ns;        /* since the epoch */
    struct ps_span path;               /* in the root that was walked; \ooo escapes */
    uint64_t walked, passed_over;      /* of the last line alone */
    int64_t since_ns;
};

extern const struct ps_parser ps_parser_content_files;

#endif
