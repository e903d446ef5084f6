/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_FDINFO_H
#define PS_PID_FDINFO_H

#include "parsers/parser.h"

struct ps_pid_fdinfo {
    uint64_t present;
    int64_t pos;
    uint64_t flags; /* open flags, O_CLOEXEC (02000000) merged in */
    int64_t mnt_id;
    uint64_t ino;
    struct ps_span lines; /* what the type of file adds: locks, inotify watches, epoll targets, ... */
};

extern const struct ps_parser ps_parser_pid_fdinfo;

#endif
