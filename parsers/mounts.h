/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_MOUNTS_H
#define PS_MOUNTS_H

#include "parsers/parser.h"

struct ps_mounts {
    uint64_t present;
    struct ps_span source;      /* any text, may be empty */
    struct ps_span mount_point; /* in the reader's root; a later row with the same one hides it */
    struct ps_span fs_type;
    struct ps_span options;   /* of the mount and of the file system */
    struct ps_span dump_pass; /* "0 0" */
};

extern const struct ps_parser ps_parser_mounts;

#endif
