/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_LINK_H
#define PS_LINK_H

#include "parsers/parser.h"

/* The target of one of the links exe, cwd, root, fd/N and ns/NAME below /proc/PID. */
struct ps_link {
    uint64_t present;
    struct ps_span target;    /* as readlink gave it: nothing added, nothing trimmed */
    const char *class_name;   /* "class": what the text says it is, see link.c */
    uint64_t inode;           /* of a socket, pipe or namespace */
    struct ps_span anon_kind; /* "eventfd" */
    struct ps_span ns_type;   /* "net" */
};

extern const struct ps_parser ps_parser_pid_exe;
extern const struct ps_parser ps_parser_pid_cwd;
extern const struct ps_parser ps_parser_pid_root;
extern const struct ps_parser ps_parser_pid_fd;
extern const struct ps_parser ps_parser_pid_ns;

#endif
