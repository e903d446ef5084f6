/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_MOUNTINFO_H
#define PS_PID_MOUNTINFO_H

#include "parsers/parser.h"

struct ps_pid_mountinfo {
    uint64_t present;
    uint64_t mount_id, parent_id; /* reused after unmount; the parent may be out of view */
    uint64_t major, minor;
    struct ps_span root;            /* in the file system; "net:[4026532182]" for a bind mount of a namespace */
    struct ps_span mount_point;     /* in the process's root; a later row with the same one hides it */
    struct ps_span options;         /* of this mount */
    struct ps_span optional_fields; /* "shared:7", "master:1", "propagate_from:2", "unbindable" */
    struct ps_span fs_type;
    struct ps_span source;        /* any text, may be empty */
    struct ps_span super_options; /* of the file system: the rest of the line */
};

extern const struct ps_parser ps_parser_pid_mountinfo;

#endif
